"""Types out of a program's file are those that the runtime's own descriptors are of, kind and fields alike."""

from __future__ import annotations

import re

import pytest

from gomap.elf.target import open_core, open_program
from gomap.goruntime.rtype import RuntimeTypes
from gomap.program.gotypes import GoType, Kind
from gomap.program.program import Program
from tests.fixtures.builds import build, kernel_core_of
from tests.unit.readelf import constants_in, types_in
from tests.unit.realmaps import TOOLCHAINS, Toolchain

#: What the compiler has of its own, and the runtime under another name or another's.
_COMPILERS_OWN = re.compile(r"noalg\.|go\.shape\.")
#: A type that is declared in a function has a number, which the descriptor leaves out.
_NUMBER = re.compile(r"·\d+")
#: An unexported field of a struct without name has its package before it in DWARF; an embedded one has no type behind.
_FIELDS_PACKAGE = re.compile(r'(?<=[{;] )[\w./]+\.(?=\w+ [^};"])')


@pytest.mark.parametrize("toolchain", TOOLCHAINS, ids=str)
def test_every_type_with_a_descriptor_is_what_that_says(toolchain: Toolchain) -> None:
    program = build("maps", toolchain.go, experiment=toolchain.experiment, goarch=toolchain.goarch)
    target = open_core(program, kernel_core_of(program, "abort").path)
    module = target.variable("runtime.firstmoduledata")
    assert module is not None
    address, layout = module
    first = int.from_bytes(target.memory.read(address + layout.field("types").offset, target.pointer_size), "little")
    described = RuntimeTypes(Program(target))
    seen = 0
    for name, descriptor in types_in(program):
        # (Go 1.19 gives uintptr's as an address.)
        if not 0 < descriptor < first or _COMPILERS_OWN.search(name):
            continue
        type, runtime = target.type_named(name), described.at(first + descriptor)
        assert type is not None, name
        assert as_compared(type) == as_compared(runtime), name
        seen += 1
    assert seen > 800


@pytest.mark.parametrize("toolchain", TOOLCHAINS, ids=str)
def test_constants(toolchain: Toolchain) -> None:
    program = build("maps", toolchain.go, experiment=toolchain.experiment, goarch=toolchain.goarch)
    target = open_program(program)
    constants = {name: value for name, value in constants_in(program).items() if name.startswith("runtime.load")}
    assert {"runtime.loadFactorNum", "runtime.loadFactorDen"} <= constants.keys()
    for name, value in constants.items():
        assert target.constant(name) == value
    assert target.constant("runtime.mheap_") is target.constant("runtime.load") is None


def as_compared(type: GoType) -> dict[str, object]:
    """All that both say of a type."""
    compared: dict[str, object] = {"type": brief(type), "length": type.length}
    if type.kind is Kind.STRUCT:
        compared["fields"] = [(each.name, each.offset, each.embedded, brief(each.type)) for each in type.fields]
    if type.kind in (Kind.ARRAY, Kind.CHAN, Kind.MAP, Kind.POINTER, Kind.SLICE):
        compared["elem"] = brief(type.elem)
    if type.kind is Kind.MAP:
        compared["key"] = brief(type.key)
    return compared


def brief(type: GoType) -> tuple[str, str, int]:
    return _FIELDS_PACKAGE.sub("", _NUMBER.sub("", type.name)), type.kind.value, type.size
