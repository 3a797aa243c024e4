"""What Tab offers for an expression, told to GDB."""

from __future__ import annotations

import gdb

__all__ = ["completions", "map_types"]


def completions(text: str, word: str | None) -> list[str] | int:
    """What may stand where TEXT ends.

    Args:
        text: an expression that has been begun.
        word: what GDB takes for the word to complete, the end of TEXT; None while it still looks for that word.
    """
    from gomap.expressions.completing import expressions, name_begun
    from gomap.gdb.scope import GdbScope
    from gomap.gdb.target import current, forget_memory
    from gomap.program.program import ProgramError

    forget_memory()
    if text[: len(text) - len(name_begun(text))].endswith(("'", "$")):
        return gdb.COMPLETE_EXPRESSION
    if word is None:
        return []
    try:
        # GDB replaces WORD only, which begins behind the last character that it takes for punctuation.
        return [whole[len(text) - len(word) :] for whole in expressions(GdbScope(current()), text)]
    except ProgramError:
        return []


def map_types(begun: str, word: str | None) -> list[str]:
    """Map types that begin with BEGUN, of which WORD is the end that GDB replaces."""
    from gomap.expressions import completing
    from gomap.gdb.target import current
    from gomap.program.program import ProgramError

    if word is None:
        return []
    try:
        return [name[len(begun) - len(word) :] for name in completing.map_types(current().program, begun)]
    except ProgramError:
        return []
