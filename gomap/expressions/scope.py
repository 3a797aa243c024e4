"""What a debugger adds to a program when an expression is evaluated: the selected frame, and a parser of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from gomap.expressions.go_values import GoValue
from gomap.program.program import Program

__all__ = ["Scope", "assigns"]

_CONSTANT = re.compile(r"""'[^']*'|"(?:[^"\\]|\\.)*\"""")
_ASSIGNMENT = re.compile(r"\+\+|--|<<=|>>=|(?<![=!<>])=(?!=)")


def assigns(text: str) -> bool:
    """Whether TEXT, as debuggers' languages write expressions, changes something as it is evaluated.

    >>> assigns("x = 1"), assigns("x++"), assigns("x <= 1"), assigns('m["="]')
    (True, True, False, False)
    """
    return bool(_ASSIGNMENT.search(_CONSTANT.sub("", text)))


class Scope(Protocol):
    """Where an expression is evaluated. Files alone have no locals, and nobody else to evaluate anything."""

    @property
    def program(self) -> Program:
        """The program."""
        ...

    def without(self, name: str) -> str:
        """Where NAME was looked for in vain, in words: ``the selected frame or its package``; and where it is."""
        ...

    def local(self, name: str) -> GoValue | None:
        """The local variable or argument of that name in the selected frame.

        Raises ExpressionError where there is one, and its value is lost.
        """
        ...

    def locals(self) -> Sequence[str]:
        """The names of the local variables and arguments of the selected frame."""
        ...

    def packages(self) -> Sequence[str]:
        """Packages whose variables may be named without them: the selected frame's, and main."""
        ...

    def evaluate(self, text: str) -> GoValue:
        """What the debugger itself makes of TEXT, which is no expression that is understood here.

        It can change nothing and calls nothing. Raises ExpressionError.
        """
        ...
