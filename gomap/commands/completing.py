"""How the line of a command that has been begun may go on, for whoever has a Tab key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gomap.commands.command import scope_within
from gomap.commands.options import UsageError, complete, parse, value_begun

if TYPE_CHECKING:
    from gomap.commands.command import Command
    from gomap.expressions.scope import Scope

__all__ = ["completions", "expression_begun", "goes_on_as_the_debuggers"]


def completions(command: Command, text: str, scope: Callable[[], Scope]) -> list[str]:
    """How TEXT, typed behind the name of COMMAND, may go on: each as a whole, with TEXT before it.

    SCOPE: where expressions are evaluated, unless -goroutine says where; called if there is one to go on with. Raises
    ProgramError as it does.
    """
    from gomap.expressions.completing import expressions, map_types
    from gomap.expressions.go_values import ExpressionError
    from gomap.program.gotypes import LayoutError
    from gomap.program.memory import ReadError

    value = value_begun(command.options, text)
    if value is not None and value[0].name == "type":
        begun, offers = value[1], map_types(scope().program, value[1])
    else:
        offers, expression = complete(command.options, text)
        begun = text.rpartition(" ")[2]
        if not offers and expression is not None and command.argument:
            options, _ = parse(command.options, text[: len(text) - len(expression)])
            try:
                begun, offers = expression, expressions(scope_within(scope, options), expression)
            except (UsageError, ExpressionError, LayoutError, ReadError):  # there is no such goroutine or frame
                return []
    return [text[: len(text) - len(begun)] + each for each in offers]


def expression_begun(command: Command, text: str) -> str | None:
    """The expression that TEXT, typed behind the name of COMMAND, ends in; None if it ends in an option."""
    value = value_begun(command.options, text)
    if (value is not None and value[0].name == "type") or not command.argument:
        return None
    offers, expression = complete(command.options, text)
    return None if offers else expression


def goes_on_as_the_debuggers(command: Command, text: str) -> bool:
    """Whether TEXT ends in a name that only the debugger can complete: ``$m``, or one in quotes."""
    from gomap.expressions.completing import name_begun

    expression = expression_begun(command, text) or ""
    return expression[: len(expression) - len(name_begun(expression))].endswith(("'", "$"))
