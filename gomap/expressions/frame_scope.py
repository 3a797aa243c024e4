"""A frame of a goroutine's as the place where expressions are evaluated: any goroutine's, in a core too.

Its stack is followed by the runtime's tables (gomap.goruntime.tracebacks), and the debug information says where the
variables of a function are at the instruction that it stands at. They are on the stack, or in registers; those are
known of the innermost frame of a goroutine that is on a thread only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from gomap.expressions.go_values import ExpressionError, GoValue, in_memory, temporary
from gomap.expressions.scope import Scope
from gomap.goruntime.instances import variables_of
from gomap.goruntime.own_calls import library_folder, of_library, own_call
from gomap.goruntime.tracebacks import CallFrame, Traceback, traceback_of_id
from gomap.goruntime.wording import broken_text
from gomap.language.spelling import packages_in
from gomap.program.frames import FrameVariable
from gomap.program.program import Program

__all__ = ["FrameScope"]

#: The debugger's own variables and history, which are no frame's.
_OF_DEBUGGER = re.compile(r"\$\w*")


class FrameScope:
    """A frame of a goroutine's.

    Args:
        scope: the door's own, for what is no frame's.
        goroutine: by its number.
        frame: as ``gomap-goroutines -stack`` numbers them; None: the innermost one of the program's own functions.

    Attributes:
        program: the program.

    Raises ExpressionError where there is no such goroutine, or it has no such frame, and LayoutError, ReadError.
    """

    def __init__(self, scope: Scope, goroutine: int, frame: int | None = None) -> None:
        self._door = scope
        self.program: Program = scope.program
        self._trace = _traceback(self.program, goroutine)
        self._call = _call(self._trace, frame)

    def without(self, name: str) -> str:
        having = [call for call in self._trace.calls if name in _names(self._variables_of(call))]
        # The runtime's own functions and the library's have names of all kinds; meant is hardly one of theirs.
        root = library_folder([self._trace])
        has = next((call for call in having if not of_library(call.call, root)), next(iter(having), None))
        where = f"frame {self._call.number} of goroutine {self._trace.goroutine.id}, {self._call.call.name}"
        elsewhere = f"; frame {has.number}, {has.call.name}, has it" if has is not None else ""
        return f"{where} (which has {', '.join(self.locals()) or 'no variables'}), or its package{elsewhere}"

    def local(self, name: str) -> GoValue | None:
        for variable in self._variables:
            if variable.name == name:
                return self._value(variable)
            if variable.name == "&" + name:  # escaped: what stands in the frame is its address
                return self._value(variable).pointee().named(name)
        return None

    def locals(self) -> Sequence[str]:
        return _names(self._variables)

    def packages(self) -> Sequence[str]:
        return packages_in(self._call.call.name)

    def evaluate(self, text: str) -> GoValue:
        if _OF_DEBUGGER.fullmatch(text.strip()):
            return self._door.evaluate(text)
        raise ExpressionError(
            f"{text}: not understood; with -goroutine EXPR is one of Go's: names, fields, indexes, *p, conversions"
        )

    @cached_property
    def _variables(self) -> Sequence[FrameVariable]:
        return self._variables_of(self._call)

    def _variables_of(self, call: CallFrame) -> Sequence[FrameVariable]:
        standing = self._trace.standing(call)
        return () if standing is None else variables_of(self.program, standing)

    def _value(self, variable: FrameVariable) -> GoValue:
        if not variable.pieces:
            raise ExpressionError(f"{variable.name.removeprefix('&')} of {self._call.call.name} {variable.lost}")
        address = variable.address
        if address is not None:
            return in_memory(self.program, variable.type, variable.name, address)
        return temporary(self.program, variable.type, variable.name, variable.read(self.program.memory))


def _names(variables: Sequence[FrameVariable]) -> list[str]:
    """As they are declared; results that have no name are left out."""
    return list(dict.fromkeys(each.name.removeprefix("&") for each in variables if each.name[:1] != "~"))


def _traceback(program: Program, goroutine: int) -> Traceback:
    found = traceback_of_id(program, goroutine)
    if found is None:
        raise ExpressionError(f"no goroutine {goroutine}; gomap-goroutines lists those that there are")
    return found


def _call(trace: Traceback, frame: int | None) -> CallFrame:
    id = trace.goroutine.id
    if not trace.calls:
        why = broken_text(trace.broken) if trace.broken else "nothing is known of it"
        raise ExpressionError(f"goroutine {id} has no stack that can be followed: {why}")
    if frame is None:
        return own_call(trace, library_folder([trace])) or trace.calls[0]
    if frame >= len(trace.calls):
        left_out = f", and {trace.left_out} in the middle that are left out" if trace.left_out else ""
        raise ExpressionError(f"goroutine {id} has no frame {frame}: it has {len(trace.calls)}, from 0 on{left_out}")
    return trace.calls[frame]
