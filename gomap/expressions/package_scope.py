"""Expressions over package variables alone: files have no selected frame, and nobody else to evaluate anything."""

from __future__ import annotations

from collections.abc import Sequence

from gomap.expressions.go_values import ExpressionError, GoValue
from gomap.program.program import Program

__all__ = ["PackageScope"]


class PackageScope:
    """The package variables of a program.

    Args:
        program: which.
    """

    def __init__(self, program: Program) -> None:
        self.program = program

    def without(self, name: str) -> str:
        return "package main (locals of a goroutine are named with -goroutine N)"

    def local(self, name: str) -> GoValue | None:
        return None

    def locals(self) -> Sequence[str]:
        return ()

    def packages(self) -> Sequence[str]:
        return ("main",)

    def evaluate(self, text: str) -> GoValue:
        raise ExpressionError(
            f"{text}: not understood; without a debugger EXPR is one of Go's: names, fields, indexes, *p, conversions"
        )
