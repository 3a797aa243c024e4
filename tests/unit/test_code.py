"""What gomap reads of machine code, held against Go's own disassembler, the fixture's source and the runtime's.

``go tool objdump`` shows all functions of package main, and some of the runtime's; ``go tool nm`` has the addresses.
"""

from __future__ import annotations

import re
import subprocess
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomap.elf.target import open_program
from gomap.goruntime.code import Code, code_of
from gomap.goruntime.functions import functions_of
from gomap.goruntime.instructions import instructions_of
from gomap.maps.callers import type_passed
from gomap.program.program import Program
from tests.fixtures import toolchains
from tests.fixtures.builds import build

_MACHINES = ("amd64", "386", "arm64")
_SUBJECTS = [(go, machine) for go in ("1.19", "1.27.3") for machine in _MACHINES]
_SHOWN = r"^main\.|^runtime\.(map|newstack|chan|sched|find|gc|mallocgc|print|sel|panic|stack)"
#: Functions that are given a map's type, and those that have it from others.
_TAKES_TYPE = re.compile(r"runtime\.map(?:assign|access|delete|iterinit|IterStart|clear)")
_PASSES_ON = re.compile(r"runtime\.|internal/runtime/maps\.|reflect\.|internal/reflectlite\.")


class Shown(NamedTuple):
    """An instruction, as the disassembler shows it."""

    at: int
    length: int
    text: str


@cache
def _opened(go: str, machine: str) -> tuple[Path, Program]:
    binary = build("races", go, goarch=machine)
    return binary, Program(open_program(binary))


@cache
def _symbols(go: str, machine: str) -> dict[str, int]:
    """The addresses of all symbols."""
    said = subprocess.run([toolchains.go(go), "tool", "nm", _opened(go, machine)[0]], capture_output=True, text=True)
    lines = (line.split(maxsplit=2) for line in said.stdout.splitlines())
    return {name: int(at, 16) for at, _, name in (line for line in lines if len(line) == 3)}


@cache
def _disassembled(go: str, machine: str) -> dict[int, list[Shown]]:
    """The instructions of the functions, by where these begin."""
    command = [toolchains.go(go), "tool", "objdump", "-s", _SHOWN, _opened(go, machine)[0]]
    said = subprocess.run(command, capture_output=True, text=True).stdout
    found: dict[int, list[Shown]] = {}
    for text in said.split("\nTEXT ")[1:]:
        lines = (re.match(r"\s+\S+:\d+\s+0x([0-9a-f]+)\s+([0-9a-f]+)\s+(.*?)\s*$", line) for line in text.splitlines())
        shown = [Shown(int(line[1], 16), len(line[2]) // 2, line[3]) for line in lines if line is not None]
        found[shown[0].at] = shown
    return found


def _codes(go: str, machine: str) -> list[tuple[Code, list[Shown]]]:
    program = _opened(go, machine)[1]
    found = [(code_of(program, entry), shown) for entry, shown in _disassembled(go, machine).items()]
    return [(code, shown) for code, shown in found if code is not None]


def _number(text: str) -> int:
    return int(text, 0)


def _named(machine: str, shown: list[Shown], symbols: dict[str, int]) -> set[int]:
    """The addresses that LEA takes and MOV reads words from, or what arm64 has for that."""
    found = set()
    if machine == "arm64":
        for (at, _, adrp), (_, _, user) in pairwise(shown):
            page = re.fullmatch(r"ADRP (-?\d+)\(PC\), (R\d+)", adrp)
            if page is None:
                continue
            place = re.match(rf"(?:ADD \$(\d+), {page[2]}, R|F?MOV\w+ (?:(\d+))?\({page[2]}\), R)", user)
            if place is not None:
                found.add((at & ~0xFFF) + int(page[1]) + int(place[1] or place[2] or 0))
        return found
    word = "L" if machine == "386" else "Q"
    for at, length, text in shown:
        symbol = re.fullmatch(rf"(?:LEA|MOV){word} (\S+?)([+-]\d+)?\(SB\), \w+", text)
        address = re.fullmatch(rf"(?:LEA|MOV){word} (-?0x[0-9a-f]+)(\(IP\))?, \w+", text)
        if symbol is not None and symbol[1] in symbols:
            found.add(symbols[symbol[1]] + int(symbol[2] or 0))
        elif address is not None and (machine == "386") == (address[2] is None):
            found.add(_number(address[1]) + (0 if machine == "386" else at + length))
    return found


@pytest.mark.parametrize(("go", "machine"), _SUBJECTS)
def test_calls_are_those_that_the_disassembler_shows(go: str, machine: str) -> None:
    symbols, codes = _symbols(go, machine), _codes(go, machine)
    assert len(codes) > 100
    for code, shown in codes:
        calls = ((each, re.fullmatch(r"CALL (\S.*)\(SB\)", each.text)) for each in shown)
        wanted = [(each.at, each.at + each.length, symbols[call[1]]) for each, call in calls if call is not None]
        assert [(site.at, site.back, site.function.entry) for site in code.calls] == wanted, code.function.name


@pytest.mark.parametrize(("go", "machine"), _SUBJECTS)
def test_all_addresses_are_found_that_the_disassembler_shows(go: str, machine: str) -> None:
    """On amd64 and 386 others may be: those that something looks like within other instructions."""
    symbols, sizes = _symbols(go, machine), [0, 0]
    for code, shown in _codes(go, machine):
        named = _named(machine, shown, symbols)
        assert named <= code.names, code.function.name
        assert machine != "arm64" or named == code.names, code.function.name
        sizes = [sizes[0] + len(named), sizes[1] + len(code.names)]
    assert sizes[0] > 700
    assert sizes[1] <= sizes[0] * 1.02


@pytest.mark.parametrize(("go", "machine"), _SUBJECTS)
def test_the_types_that_map_functions_are_given(go: str, machine: str) -> None:
    """As the fixture's source has them; and each call in the library has one."""
    program, found, calls = _opened(go, machine)[1], dict[str, set[str]](), 0
    for function in functions_of(program).all():
        code = None if _PASSES_ON.match(function.name) else code_of(program, function.entry)
        for site in code.calls if code is not None else ():
            if _TAKES_TYPE.match(site.function.name):
                type = type_passed(program, site)
                assert type is not None, (function.name, hex(site.at))
                found.setdefault(function.name, set()).add(type.name)
                calls += 1
    assert calls > 90
    wanted = {f"main.(*server).{method}": {"map[string]*main.session"} for method in ("put", "get", "drop", "waits")}
    wanted |= {f"main.{name}Global": {"map[string]int"} for name in ("put", "get", "drop", "waits", "locked")}
    wanted |= {f"main.(*row).{method}": {"map[string]int"} for method in ("put", "get")}
    wanted |= {"main.elsewhere": {"map[string]int"}, "main.(*server).locked": {"map[string]int"}}
    assert {name: found.get(name) for name in wanted} == wanted


@pytest.mark.parametrize(("go", "machine"), _SUBJECTS)
def test_the_place_of_an_iterator(go: str, machine: str) -> None:
    """Where the disassembler shows that the address of it goes to where the first argument is."""
    program, told = _opened(go, machine)[1], 0
    goes = {
        "amd64": r"LEAQ (0x[0-9a-f]+)\(SP\), AX",
        "386": r"LEAL (0x[0-9a-f]+)\(SP\), \w+",
        "arm64": r"ADD \$(\d+), RSP, R0",
    }[machine]
    for code, shown in _codes(go, machine):
        for site in code.calls if code.function.name.startswith("main.") else ():
            if site.function.name in ("runtime.mapiternext", "runtime.mapIterNext"):
                before = [re.fullmatch(goes, each.text) for each in shown if each.at < site.at]
                *_, last = (each for each in before if each is not None)
                assert site.on_stack == _number(last[1])
                told += 1
    assert told >= 3
    assert program.architecture == machine


@pytest.mark.parametrize(("go", "machine"), _SUBJECTS)
def test_the_messages_that_the_runtime_throws(go: str, machine: str) -> None:
    """Each is a constant of its sources, pointer and length; where one is put together first, none is told."""
    program, told, untold = _opened(go, machine)[1], 0, set()
    sources = (toolchains.go(go).resolve().parents[1] / "src/runtime").glob("*.go")
    texts = re.findall(r'"((?:[^"\\\n]|\\.)*)"', "\n".join(source.read_text() for source in sources))
    constants = {text.encode("ascii", "backslashreplace").decode("unicode_escape") for text in texts}
    for function in functions_of(program).all():
        code = code_of(program, function.entry) if function.name.startswith("runtime.") else None
        for site in code.calls if code is not None else ():
            if site.function.name != "runtime.throw" or function.name == "runtime.throw":
                continue
            if not site.first or site.second <= 0:
                untold.add(function.name.removeprefix("runtime."))
                continue
            assert program.memory.read(site.first, site.second).decode() in constants, hex(site.at)
            told += 1
    assert told > 400
    made = "panicwrap SetFinalizer panicCheck1 panicCheck2 preprintpanics.func1 stopTheWorldWithSema"
    assert untold == set(made.split())


@pytest.mark.parametrize(
    ("words", "constant"),
    [
        ([0xD2800C81], 100),  # MOVZ $100, R1
        ([0xD2A00021], 1 << 16),  # MOVZ $1<<16, R1
        ([0xB27F03E1], 2),  # ORR $2, ZR, R1
        ([0xB27D07E1], 0b11000),  # ORR $24, ZR, R1
        ([0x321F03E1], 2),  # ORR $2, ZR, R1, of 32 bits
        ([0xB200E7E1], 0x3333333333333333),  # ORR $0x3333333333333333, ZR, R1
        ([0xD2800C81, 0xF2A00021], -1),  # MOVZ $100, R1; MOVK $1<<16, R1
        ([0xD2800C81, 0xF94007E1], -1),  # ... MOVD 8(RSP), R1
        ([0xD2800C81, 0xA94107E0], -1),  # ... LDP 16(RSP), (R0, R1)
        ([0xD2800C81, 0xF90007E1], 100),  # ... MOVD R1, 8(RSP)
        ([0xD2800C81, 0xA90107E1], 100),  # ... STP (R1, R1), 16(RSP)
        ([0xD2800C81, 0xB4000041], 100),  # ... CBZ R1, 2(PC)
        ([0xD2800C81, 0x97FFFFFF], 100),  # ... CALL -1(PC): of what changes no argument
        ([0xD2800C81, 0x14000002], -1),  # ... JMP 2(PC)
        ([0xD2800C81, 0xD63F0040], -1),  # ... CALL (R2)
        ([0xD2800C81, 0xB8E40061], -1),  # ... LDADDALW R4, (R3), R1
        ([0xD2800C82, 0xAA0203E1], 100),  # MOVZ $100, R2; MOVD R2, R1
        ([0xAA0203E1], -1),
        ([], -1),
    ],
)
def test_constants_of_arm64(words: list[int], constant: int) -> None:
    code = b"".join(word.to_bytes(4, "little") for word in words)
    arm64 = instructions_of("arm64")
    assert arm64 is not None
    assert arm64.second_argument(code, 0, len(code)) == constant


#: The beginnings of instructions that are looked for.
_PIECES = [
    *("e8", "488d05", "488b0d", "488d4424", "488d8424", "bb", "8d05", "8b0d", "8d4c24", "890c24", "c70424", "c7442404"),
    *("894c2404", "803d", "660fef05", "0fb605", "00000094", "e1031f32", "e17f00b2", "00000090", "000000f0", "e0ffffb0"),
    *("00000091", "e0030091", "010080d2", "00004039", "00f47ff9", "e00740a9"),
]
_CODE = st.lists(st.sampled_from([bytes.fromhex(each) for each in _PIECES]) | st.binary(max_size=4), max_size=60).map(
    b"".join
)


@given(st.sampled_from(_MACHINES), _CODE, st.data())
def test_whatever_bytes_are_taken_for_code(machine: str, code: bytes, data: st.DataObject) -> None:
    instructions = instructions_of(machine)
    assert instructions is not None
    entry, word = 0x40_0000, 4 if machine == "386" else 8
    ends = [0]
    for at, end, _ in instructions.calls(entry, code):
        assert ends[-1] - 4 <= at < end <= len(code)
        ends.append(end)
        since = data.draw(st.sampled_from([each for each in ends if each <= at]))
        first, on_stack = instructions.first_argument(entry, code, since, at)
        assert first == 0 or on_stack == -1
        assert 0 <= first < 1 << 64
        assert instructions.second_argument(code, since, at) >= -1
    found = [instructions.operands(entry, code, size) for size in (1, word, 16)]
    assert all(0 <= address < 1 << 64 for each in (*found, instructions.names(entry, code)) for address in each)


def test_code_of_other_machines_is_not_read() -> None:
    assert instructions_of("riscv64") is None
