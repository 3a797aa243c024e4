"""Convenience functions for print, breakpoint conditions and scripts, such as ``$gomap_len(m)``.

Maps and keys are values of GDB's, since GDB evaluates the arguments. A map may also be given as a string, which is read
as gomap's commands read an expression: ``$gomap_len("net/http.DefaultServeMux.mux121.m")``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import gdb

from gomap.commands.functions import FUNCTIONS, Function
from gomap.gdb.failing import failing_in_one_line

if TYPE_CHECKING:
    from gomap.gdb.scope import GdbScope
    from gomap.maps.model import GoMap

__all__ = ["register"]


class _Registered(gdb.Function):
    """One function in GDB; its errors are one line."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self.__doc__ = function.text
        super().__init__(function.name.lstrip("$"))

    def invoke(self, *arguments: gdb.Value) -> object:
        from gomap.expressions.given_keys import given_key
        from gomap.gdb.rendering import value_at
        from gomap.gdb.scope import live_scope
        from gomap.gdb.target import forget_memory
        from gomap.gdb.values import constant_or_value
        from gomap.language.told_by_gdb import discard_preemption

        function = self._function
        forget_memory()
        with failing_in_one_line():
            if len(arguments) != len(function.parameters):
                raise gdb.GdbError(f"{function.name} is called with ({', '.join(function.parameters)})")
            scope = live_scope()
            map = _map(scope, arguments[0])
            keys = (constant_or_value(scope.target, "the key", each) for each in arguments[1:])
            ask = function.answer
            if _others_run():
                discard_preemption(partial(gdb.execute, to_string=True), gdb.write)
                ask = function.while_running
            answer = ask(scope.program, map, *(given_key(scope, map.key, key) for key in keys))
            if isinstance(answer, int):
                return answer
            assert answer.address is not None  # an element of a map is in memory
            value = value_at(scope.target, answer.type, answer.address)
            if value is None:
                where = f"a {answer.type.name} at {answer.address:#x}"
                raise gdb.GdbError(f"{where}: GDB has no such type, so no value of it")
            return value


def register() -> None:
    """Register the functions."""
    for function in FUNCTIONS:
        _Registered(function)


def _others_run() -> bool:
    """Whether other threads may run meanwhile: all count as running until a breakpoint's condition has been asked."""
    thread = gdb.selected_thread()
    return thread is not None and thread.is_running()


def _map(scope: GdbScope, value: gdb.Value) -> GoMap:
    from gomap.expressions.map_finding import find_map, map_behind
    from gomap.gdb.values import of_value, text_of

    text = text_of(value)
    if text is not None:
        return find_map(scope, text.decode("utf-8", "replace"))
    argument = of_value(scope.target, "the argument", value)
    return map_behind(scope, argument, """give it in a string with its type: "(map[K]V)(0xc000012340)" """.rstrip())
