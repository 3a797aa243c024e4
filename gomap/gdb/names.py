"""From a name as Go spells it to the variable: a local, an argument, a package variable.

GDB's own parsers do not go far here. Which of them reads an expression depends on the selected frame, and there are
versions of the one for Go that know no ``pkg.Var``; none knows ``net/http.DefaultServeMux``, or that a variable that
escaped to the heap is a local named ``&m`` in the debug information.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from itertools import islice

import gdb

from gomap.gdb.operands import ExpressionError, Operand, in_memory, of_value
from gomap.gdb.registers import LostError, copy_of
from gomap.gdb.target import GdbTarget
from gomap.gdb.variables import in_package
from gomap.language.spelling import as_written

__all__ = ["fields", "locals_in_scope", "packages_in_scope", "resolve"]

_PACKAGE = re.compile(r"((?:[^/(\[]*/)*[^./(\[]+)\.")


def resolve(target: GdbTarget, path: str) -> Operand:
    """The variable or field that a dotted PATH names: ``m``, ``server.conns``, ``main.counts``,
    ``net/http.DefaultServeMux.m``. Raises ExpressionError, which names what comes near."""
    folder, slash, last = path.rpartition("/")
    parts = last.split(".")
    found = None if slash else _local(target, parts[0])
    rest = parts[1:]
    if found is None:
        found, rest = _package_variable(target, folder + slash, parts)
    if found is None:
        raise ExpressionError(_unknown(target, path, folder + slash, parts))
    for name in rest:
        found = found.field(name)
    return found.named(path)


def fields(target: GdbTarget, path: str) -> list[str]:
    """The fields of the variable that PATH names, behind pointers and in interfaces too. Raises ExpressionError."""
    return [field.name for field in resolve(target, path).behind().type.fields if field.name != "_"]


def locals_in_scope() -> list[str]:
    """The local variables and arguments of the selected frame."""
    return [symbol.name.removeprefix("&") for symbol, _ in _symbols_in_scope()]


def _local(target: GdbTarget, name: str) -> Operand | None:
    """The local variable or argument of that name in the selected frame."""
    for symbol, frame in _symbols_in_scope():
        if symbol.name == name:
            return _in_frame(target, symbol, frame)
        if symbol.name == "&" + name:  # escaped: what stands in the frame is its address
            return _in_frame(target, symbol, frame).pointee().named(name)
    return None


def _in_frame(target: GdbTarget, symbol: gdb.Symbol, frame: gdb.Frame) -> Operand:
    type = target.types.of(symbol.type)
    try:
        copy = copy_of(symbol.name, frame)
    except LostError:
        raise ExpressionError(
            f"{symbol.name} was in a register, which a call has overwritten since; "
            "try another frame, or build with -gcflags='-N -l'"
        ) from None
    if copy is not None:
        return in_memory(target, type, symbol.name, copy)
    return of_value(target, type, symbol.name, symbol.value(frame))


def _symbols_in_scope() -> Iterator[tuple[gdb.Symbol, gdb.Frame]]:
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


def _package_variable(target: GdbTarget, folder: str, parts: list[str]) -> tuple[Operand | None, list[str]]:
    """The package variable that PARTS begin with, and the fields left over. The package may be left out."""
    for name, used in _candidates(folder, parts):
        found = target.variable(name)
        if found is not None:
            address, type = found
            return in_memory(target, type, name, address), parts[used:]
    return None, parts


def _candidates(folder: str, parts: list[str]) -> Iterator[tuple[str, int]]:
    for used in range(2, len(parts) + 1):
        yield f"{folder}{'.'.join(parts[:used])}", used
    if not folder:
        for package in packages_in_scope():
            yield f"{package}.{parts[0]}", 1


def packages_in_scope() -> list[str]:
    """The selected frame's package, and main."""
    try:
        function = gdb.selected_frame().name()
    except gdb.error:
        function = None
    found = _PACKAGE.match(function or "")
    return list(dict.fromkeys([as_written(found[1]), "main"] if found else ["main"]))


def _unknown(target: GdbTarget, path: str, folder: str, parts: list[str]) -> str:
    """What to say about a name that nothing has: with the package variables that come near."""
    packages = [folder + parts[0]] if folder or len(parts) > 1 else packages_in_scope()
    wanted = parts[1] if len(parts) > 1 else parts[0]
    near: list[str] = []
    for package in packages:
        variables = in_package(target.variable_names, package)
        near += [f"{package}.{name}" for name in difflib.get_close_matches(wanted, variables, n=3, cutoff=0.7)]
    if not near and len(parts) > 1:  # http.DefaultServeMux for net/http.DefaultServeMux, yaml.x for yaml.v3.x
        names = "|".join(re.escape(".".join(parts[1:used])) for used in range(2, len(parts) + 1))
        whole = re.compile(rf".*/{re.escape(folder + parts[0])}([/.]v\d+)*\.({names})$")
        near = list(islice(filter(whole.match, target.variable_names), 3))
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    where = "" if folder or len(parts) > 1 else " in the selected frame or its package"
    return f"no variable {path}{where}{hint}"
