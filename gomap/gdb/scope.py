"""What GDB adds to a program for an expression: the selected frame's variables, its convenience variables and history,
and its own evaluation of what is none of Go's.

GDB's own parsers do not go far. Which of them reads an expression depends on the selected frame, and there are
versions of the one for Go that know no ``pkg.Var``; none knows ``net/http.DefaultServeMux``, or that a variable that
escaped to the heap is a local named ``&m`` in the debug information.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import gdb

from gomap.expressions.go_values import ExpressionError, GoValue, in_memory
from gomap.expressions.scope import assigns
from gomap.gdb.registers import LostError, copy_of
from gomap.gdb.target import GdbTarget, live
from gomap.gdb.values import of_value
from gomap.language.spelling import packages_in
from gomap.program.gotypes import LayoutError

__all__ = ["GdbScope", "live_scope", "symbols_in_scope"]


class GdbScope:
    """GDB's selected frame, as it is when it is asked about.

    Attributes:
        target: the program as GDB knows it.
        program: the same, with what is worked out about it.
    """

    def __init__(self, target: GdbTarget) -> None:
        self.target = target
        self.program = target.program

    def without(self, name: str) -> str:
        return "the selected frame or its package"

    def local(self, name: str) -> GoValue | None:
        for symbol, frame in symbols_in_scope():
            if symbol.name == name:
                return self._in_frame(symbol, frame)
            if symbol.name == "&" + name:  # escaped: what stands in the frame is its address
                return self._in_frame(symbol, frame).pointee().named(name)
        return None

    def locals(self) -> list[str]:
        return [symbol.name.removeprefix("&") for symbol, _ in symbols_in_scope()]

    def packages(self) -> list[str]:
        try:
            return packages_in(gdb.selected_frame().name() or "")
        except gdb.error:
            return packages_in("")

    def evaluate(self, text: str) -> GoValue:
        """What GDB makes of TEXT, in the current language or, failing that, in C. It can change nothing."""
        if assigns(text):
            raise ExpressionError(f"{text}: nothing is changed here; that is for 'set var' to do")
        with _changing_nothing():
            try:
                value = gdb.parse_and_eval(text)
            except gdb.MemoryError as error:
                raise ExpressionError(f"{text}: {error}") from None
            except gdb.error as error:
                value = _in_c(text)
                if value is None:
                    raise ExpressionError(f"{text}: {error}") from None
        if value.type.code == gdb.TYPE_CODE_VOID:
            raise ExpressionError(f"{text} has no value")
        try:
            return of_value(self.target, text, value)
        except LayoutError as error:
            raise ExpressionError(f"{text}: {error}") from None

    def _in_frame(self, symbol: gdb.Symbol, frame: gdb.Frame) -> GoValue:
        type = self.target.types.of(symbol.type)
        try:
            copy = copy_of(symbol.name, frame)
        except LostError:
            raise ExpressionError(
                f"{symbol.name} was in a register, which a call has overwritten since; "
                "try another frame, or build with -gcflags='-N -l'"
            ) from None
        if copy is not None:
            return in_memory(self.program, type, symbol.name, copy)
        return of_value(self.target, symbol.name, symbol.value(frame), type)


def live_scope(force: bool = False) -> GdbScope:
    """The selected frame of the current program, with a process or a core behind it. Raises ProgramError as live."""
    return GdbScope(live(force))


def symbols_in_scope() -> Iterator[tuple[gdb.Symbol, gdb.Frame]]:
    """Variables and arguments of the selected frame's function, innermost block first."""
    try:
        frame = gdb.selected_frame()
        block = frame.block()
    except (gdb.error, RuntimeError):  # no process, or code without debug information
        return
    while block is not None and not block.is_global and not block.is_static:
        for symbol in block:
            if symbol.is_variable or symbol.is_argument:
                yield symbol, frame
        if block.function is not None:
            return
        block = block.superblock


@contextmanager
def _changing_nothing() -> Iterator[None]:
    """GDB calls no function and, where it can forbid that too, writes to no memory of the program."""
    with gdb.with_parameter("may-call-functions", False), ExitStack() as forbidden:
        with suppress(gdb.error):  # some targets refuse to have the permission changed
            forbidden.enter_context(gdb.with_parameter("may-write-memory", False))
        yield


def _in_c(text: str) -> gdb.Value | None:
    language = gdb.parameter("language")
    gdb.execute("set language c", to_string=True)
    try:
        return gdb.parse_and_eval(text)
    except gdb.error:
        return None
    finally:
        gdb.execute(f"set language {language}", to_string=True)
