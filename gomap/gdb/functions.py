"""Convenience functions: ``$gomap_len(m)``, ``$gomap_get(m, "k")``, ``$gomap_has(m, "k")``,
``$gomap_findings(m)``.

For print, breakpoint conditions and scripts. Maps and keys are values of GDB's, since GDB evaluates the arguments; a
map may also be given as a string, which is then read as gomap's commands read an expression:
``$gomap_len("net/http.DefaultServeMux.mux121.m")``.
"""

from __future__ import annotations

import abc
import inspect
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import gdb

if TYPE_CHECKING:
    from gomap.expressions.go_values import GoValue
    from gomap.expressions.written import Written
    from gomap.gdb.target import GdbTarget
    from gomap.maps.model import GoMap
    from gomap.program.gotypes import GoType

__all__ = ["FUNCTIONS", "register"]


class Function(gdb.Function, abc.ABC):
    """One convenience function; its errors are one line.

    Attributes:
        name: with its dollar sign.
        summary: what it gives, in a line.
        parameters: what it is called with.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    parameters: ClassVar[tuple[str, ...]] = ("MAP", "KEY")

    def __init__(self) -> None:
        self.__doc__ = inspect.cleandoc(self.__doc__ or "")  # before version 14 GDB shows it as it stands
        super().__init__(self.name.lstrip("$"))

    @abc.abstractmethod
    def answer(self, target: GdbTarget, map: GoMap, *keys: gdb.Value) -> object:
        """What the call comes to. Raises any of gomap's errors."""

    def invoke(self, *arguments: gdb.Value) -> object:
        from gomap.gdb.failing import failure
        from gomap.gdb.target import forget_memory, live

        forget_memory()
        if len(arguments) != len(self.parameters):
            raise gdb.GdbError(f"{self.name} is called with ({', '.join(self.parameters)})")
        try:
            target = live()
            return self.answer(target, _map(target, arguments[0]), *arguments[1:])
        except gdb.GdbError:
            raise
        except Exception as error:
            raise gdb.GdbError(failure(error)) from None

    def element(self, target: GdbTarget, map: GoMap, key: gdb.Value) -> GoValue | None:
        """What MAP has under KEY; None if it has no such key."""
        from gomap.expressions.map_keys import element

        return element(target.program, map, self.name, key_of_value(target, map.key, key))


class Len(Function):
    """$gomap_len (MAP): how many entries a Go map has, as its header says."""

    name = "$gomap_len"
    summary = "How many entries a map has."
    parameters = ("MAP",)

    def answer(self, target: GdbTarget, map: GoMap, *keys: gdb.Value) -> object:
        return map.count


class Get(Function):
    """$gomap_get (MAP, KEY): the element under a key of a Go map; an error if it has no such key.

    Of an interface it is what that holds, of a func its code. The key is compared with every entry's:
    nothing is hashed, so a misplaced entry is found too."""

    name = "$gomap_get"
    summary = "The element under a key."

    def answer(self, target: GdbTarget, map: GoMap, *keys: gdb.Value) -> object:
        from gomap.gdb.rendering import value_at
        from gomap.maps.wording import summary

        found = self.element(target, map, *keys)
        if found is None or found.address is None:
            has = f"which has {summary(map)}" if map.address else "which is nil"
            raise gdb.GdbError(f"{self.name}: no such key in the {map.type.name}, {has}")
        value = value_at(target, found.type, found.address)
        if value is None:
            raise gdb.GdbError(f"a {found.type.name} at {found.address:#x}: GDB has no such type, so no value of it")
        return value


class Has(Function):
    """$gomap_has (MAP, KEY): 1 if a Go map has an entry under the key, 0 if not."""

    name = "$gomap_has"
    summary = "Whether a map has a key."

    def answer(self, target: GdbTarget, map: GoMap, *keys: gdb.Value) -> object:
        return int(self.element(target, map, *keys) is not None)


class Findings(Function):
    """$gomap_findings (MAP): how many things gomap-check finds wrong with a Go map; 255 at most.

    So that a batch session can end with it as its status: quit $gomap_findings(m). What a write
    under way explains does not count."""

    name = "$gomap_findings"
    summary = "How many things are wrong with a map."
    parameters = ("MAP",)

    def answer(self, target: GdbTarget, map: GoMap, *keys: gdb.Value) -> object:
        from gomap.check.checking import check

        findings = check(target.program, map).findings
        return min(255, sum(not finding.transient for finding in findings))


_ALL = (Len, Get, Has, Findings)
#: What 'gomap' lists: each call with its summary.
FUNCTIONS = {f"{each.name}({', '.join(each.parameters)})": each.summary for each in _ALL}


def register() -> None:
    """Register the functions."""
    for each in _ALL:
        each()


def _map(target: GdbTarget, value: gdb.Value) -> GoMap:
    from gomap.expressions.map_finding import find_map, map_behind
    from gomap.gdb.scope import GdbScope
    from gomap.gdb.values import of_value

    scope, text = GdbScope(target), _text(value)
    if text is not None:
        return find_map(scope, text.decode("utf-8", "replace"))
    argument = of_value(target, target.types.of(value.type), "the argument", value)
    return map_behind(scope, argument, """give it in a string with its type: "(map[K]V)(0xc000012340)" """.rstrip())


def key_of_text(target: GdbTarget, of: GoType, text: str, data: bytes) -> Written:
    """A key of type OF that was given as a string.

    A string is one, unless keys are structs, arrays or complex numbers: GDB has no constants of these, so the string
    spells it as Go does.
    """
    from gomap.expressions.evaluating import evaluate
    from gomap.expressions.written import Constant, read
    from gomap.gdb.scope import GdbScope

    if of.kind.value in ("struct", "array", "complex64", "complex128"):
        return read(text, partial(evaluate, GdbScope(target)))
    return Constant(text, data)


def key_of_value(target: GdbTarget, of: GoType, value: gdb.Value) -> Written:
    """A key of type OF that was given as a value of GDB's: a constant, or a value of the program."""
    from gomap.expressions.written import Constant
    from gomap.gdb.values import address_of, of_value

    data = _text(value)
    if data is not None:
        return key_of_text(target, of, data.decode("utf-8", "replace"), data)
    type = value.type.strip_typedefs()
    if address_of(value) is None:
        if type.code == gdb.TYPE_CODE_BOOL:
            return Constant(str(value), bool(value))
        if type.code in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_CHAR):
            return Constant(str(value), int(value))
        if type.code == gdb.TYPE_CODE_FLT:
            return Constant(str(value), float(value))
    return of_value(target, target.types.of(value.type), "the key", value)


def _text(value: gdb.Value) -> bytes | None:
    """What a string constant of GDB's holds: an array of characters in most languages; None for any other value."""
    from gomap.gdb.values import address_of

    type = value.type.strip_typedefs()
    if type.code not in (gdb.TYPE_CODE_ARRAY, gdb.TYPE_CODE_STRING) or type.target().sizeof != 1:
        return None
    if address_of(value) is not None:  # an array in the program is none
        return None
    first, last = type.range()
    data = bytes(int(value[index]) & 0xFF for index in range(first, last + 1))
    return data[:-1] if data.endswith(b"\0") and type.code == gdb.TYPE_CODE_ARRAY else data
