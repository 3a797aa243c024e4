"""What GDB's commands are told and say in words: symbols, files in memory, where a variable is, where threads stand.

For all these GDB's API has no call, or one that takes seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from gomap.language.spelling import as_written, before_demangling
from gomap.program.machine import GENERAL_REGISTERS
from gomap.program.mapped_files import MappedFile
from gomap.program.target import Symbol, Thread

__all__ = [
    "IN_GO_PACKAGES",
    "OF_RUNTIME",
    "VARIABLES",
    "addresses_in",
    "at_a_breakpoint",
    "bytes_in_c",
    "discard_preemption",
    "files_in_mappings",
    "function_table",
    "in_register",
    "last_was_piped",
    "list_symbols",
    "offset_on_stack",
    "opened_file",
    "place_at",
    "show_registers",
    "symbol_told",
    "threads_told",
]

#: Rows of a symbol table, as list_symbols has it told: package variables,
#: ``[ 17] B 0x5f2a10 main.counts section .bss  main.go``; what the compiler made has two dots in a row.
VARIABLES = re.compile(
    r"^ *\[ *\d+\] \w 0x([0-9a-f]+) ((?:[^\s/]+/)*[^\s./]+\.[^\W\d]\w*) +section \.(?:noptr)?(?:data|bss)\b",
    re.MULTILINE,
)
#: Functions of packages whose paths begin with ``go.``, by the package.
IN_GO_PACKAGES = re.compile(
    r"^ *\[ *\d+\] \w 0x([0-9a-f]+) (go\.(?:[^\s/]+/)*[^\s./]+)\.\w+ +section \.text\b", re.MULTILINE
)
#: Whatever is package runtime's.
OF_RUNTIME = re.compile(r"^ *\[ *\d+\] \w 0x([0-9a-f]+) (runtime\.\w+) +section ", re.MULTILINE)
#: ``main[counts] + 4 in section .bss of /tmp/prog``.
_INFO_SYMBOL = re.compile(r"(?P<name>.+?)(?: \+ (?P<offset>\d+))? in section (?P<section>\S+)")
#: ``0x00000000004a8828 - 0x00000000005452f0 is .gopclntab``, and of a library ``in PATH``.
_TABLE = re.compile(r"^\t(0x[0-9a-f]+) - 0x[0-9a-f]+ is \S*\.gopclntab(?: in (.+))?$", re.MULTILINE)
#: ``      0x7ffff7fbc000     0x7ffff7fbe000     0x2000     0x1000  rw-s   /tmp/file``
_MAPPING = re.compile(r"^ +0x([0-9a-f]+) +0x([0-9a-f]+) +0x[0-9a-f]+ +0x([0-9a-f]+) +[rwxsp-]{4} +(/.*)$", re.M)
#: ``Range 0x401000-0x401020: a variable in $rbx``.
_RANGE = re.compile(r"Range (0x[0-9a-f]+)-(0x[0-9a-f]+): ")
#: Go's frame base is the frame's address (CFA), so a variable at its very beginning may be said to stand there.
_ON_STACK = re.compile(
    r"a complex DWARF expression:\s+0: (?:DW_OP_fbreg (?P<offset>-?\d+)|DW_OP_call_frame_cfa)\s+\.?\s*$"
)
#: The register that holds the address to return to, where the machine has one.
_LINK = {"arm64": "$x30"}
#: What C calls as many bytes.
_IN_C = {1: "unsigned char", 2: "unsigned short", 4: "unsigned int", 8: "unsigned long long"}
_STANDS = re.compile(r"^\d+(?: \d+){3,}$", re.MULTILINE)


def list_symbols(path: str | None) -> str:
    """The command that lists the symbol table of the file at PATH; None: of all files."""
    listing = "maint print msymbols"
    return listing if path is None else f"{listing} -objfile " + re.sub(r"([\s'\"\\])", r"\\\1", path)


def addresses_in(listed: str, rows: re.Pattern[str]) -> dict[str, int]:
    """Addresses by name, of those ROWS of a symbol table."""
    return {as_written(name): int(address, 16) for address, name in rows.findall(listed)}


def symbol_told(said: str, address: int, size_of: Callable[[str], int | None]) -> Symbol | None:
    """The function or variable that covers ADDRESS, by what ``info symbol`` SAID of it.

    SIZE_OF: gives the size of a variable by its name, as the linker spells it. All others reach as far as ADDRESS.
    """
    found = _INFO_SYMBOL.match(said)
    if found is None:
        return None
    offset = int(found["offset"] or 0)
    name = before_demangling(found["name"])
    size = size_of(name)
    if size is None:
        size = offset + 1
    return Symbol(as_written(name), address - offset, size) if offset < size else None


def opened_file(said: str, what: str) -> str | None:
    """The path of a file as ``info files`` SAID it: WHAT is ``Local exec file``, say. None if there is none."""
    found = re.search(rf"^{what}:\s+`(.*)', file type ", said, re.MULTILINE)
    return found and found[1]


def function_table(said: str) -> tuple[int, str | None]:
    """Where the table of functions is as ``info files`` SAID it; of which file, if not the program's. 0: nowhere."""
    found = _TABLE.search(said)
    return (int(found[1], 16), found[2]) if found else (0, None)


def files_in_mappings(said: str) -> list[MappedFile]:
    """The files in memory, as ``info proc mappings`` SAID it."""
    found = (each.groups() for each in _MAPPING.finditer(said))
    return sorted(MappedFile(int(start, 16), int(end, 16), int(offset, 16), path) for start, end, offset, path in found)


def place_at(said: str, pc: int) -> str:
    """Where ``info address`` SAID a variable is while its function is at PC; empty if always at the same place."""
    _, *ranges = _RANGE.split(said)
    for first, end, place in zip(ranges[::3], ranges[1::3], ranges[2::3], strict=True):
        if int(first, 16) <= pc < int(end, 16):
            return place
    return ""


def in_register(place: str) -> bool:
    """Whether a PLACE is a register."""
    return " in $" in place


def offset_on_stack(place: str) -> int | None:
    """How far from the frame's base a PLACE is; None if it is elsewhere."""
    found = _ON_STACK.match(place)
    return None if found is None else int(found["offset"] or 0)


def show_registers(architecture: str) -> str:
    """The command that shows where each thread stands, and its registers; the selected thread and frame stay."""
    general = GENERAL_REGISTERS.get(architecture, ())
    asked = ["$_thread", "$sp", "$pc", _LINK.get(architecture, "0"), *(f"${name}" for name in general)]
    shown = f'printf "{" ".join(["%lu"] * len(asked))}\\n", {", ".join(asked)}'
    return f"thread apply all -s -q frame apply 1 -s -q {shown}"


def threads_told(said: str, ids: Mapping[int, int], pointer_size: int) -> list[Thread]:
    """Where threads stand, as show_registers has SAID it; IDS: the system's numbers of threads, by GDB's."""
    threads = []
    for line in _STANDS.findall(said):
        # To GDB most registers of 386 are numbers with a sign, which %lu widens.
        number, sp, pc, lr, *values = (int(word) % (1 << 8 * pointer_size) for word in line.split())
        threads.append(Thread(ids.get(number, 0), sp, pc, lr, dict(enumerate(values))))
    return threads


def at_a_breakpoint(said: str) -> bool:
    """Whether ``info program`` SAID that a person's breakpoint was reached: gomap's have numbers below 0."""
    return re.search(r"at breakpoint \d", said) is not None


def last_was_piped(said: str) -> bool:
    """Whether the last command that ``show commands`` SAID to have been typed sends its output to a shell command."""
    return re.match(r"\s*\d+\s+(\||pipe?\b)", said.rstrip("\n").rpartition("\n")[2]) is not None


def bytes_in_c(address: int, size: int) -> str:
    """The SIZE bytes at ADDRESS as an expression in C."""
    type = f"{_IN_C[size]} *" if size in _IN_C else f"unsigned char (*)[{size}]"
    return f"*({type}) {address:#x}"


def discard_preemption(execute: Callable[[str], str], say: Callable[[str], None]) -> None:
    """Keep Go's signal for a goroutine to give way from the program, and say so; once.

    The runtime sends it to whoever has run for 10 ms, and a thread that is asked at a breakpoint for longer counts as
    running. As it goes on it would be in that signal's handler first, which returns to the breakpoint: for ever.

    Args:
        execute: carries a command out, and gives what it says.
        say: tells the person at the debugger.
    """
    if re.search(r"^SIGURG\s+\w+\s+\w+\s+Yes\b", execute("info signals SIGURG"), re.MULTILINE):
        execute("handle SIGURG nopass nostop noprint")
        say(
            "note: SIGURG, with which Go's runtime makes goroutines give way, does not reach the program from here on: "
            "it would come to a breakpoint at which gomap looks for long again and again ('handle SIGURG pass')\n"
        )
