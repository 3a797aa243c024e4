"""What Tab offers for an expression, told to GDB."""

from __future__ import annotations

import gdb

__all__ = ["completions"]


def completions(text: str, word: str | None) -> list[str] | int:
    """What may stand where TEXT ends.

    Args:
        text: an expression that has been begun.
        word: what GDB takes for the word to complete, the end of TEXT; None while it still looks for that word.
    """
    from gomap.expressions.completing import name_begun, names
    from gomap.gdb.scope import GdbScope
    from gomap.gdb.target import current, forget_memory
    from gomap.program.program import ProgramError

    forget_memory()
    begun = name_begun(text)
    if text[: len(text) - len(begun)].endswith(("'", "$")):
        return gdb.COMPLETE_EXPRESSION
    if word is None:
        return []
    try:
        offers = names(GdbScope(current()), begun)
    except ProgramError:
        return []
    # GDB replaces WORD only, which begins behind the last dot or slash of the name.
    kept = len(begun) - len(word)
    return sorted({offer[kept:] for offer in offers}) if kept >= 0 else []
