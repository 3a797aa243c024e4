"""What GDB 13.1 and 18.1 have said of programs is read as it was meant."""

from __future__ import annotations

import pytest

from gomap.language import told_by_gdb
from gomap.program.target import Symbol

_FILES = """Symbols from "/tmp/maps".
Native process:
\tUsing the running image of child Thread 0x6f6f10 (LWP 4138).
Local exec file:
\t`/tmp/it's maps', file type elf64-x86-64.
\tEntry point: 0x480c00
\t0x0000000000401000 - 0x000000000055fa35 is .text
\t0x0000000000577808 - 0x0000000000698f44 is .gopclntab
"""
_MAPPINGS = """process 4138
Mapped address spaces:

          Start Addr           End Addr       Size     Offset  Perms  objfile
            0x560000           0x6e4000   0x184000   0x160000  r--p   /tmp/it's maps
            0x400000           0x560000   0x160000        0x0  r-xp   /tmp/it's maps
            0x6f6000           0x72d000    0x37000        0x0  rw-p
      0x7ffff7fc1000     0x7ffff7fc3000     0x2000        0x0  r-xp   [vdso]
"""
_SYMBOLS = """
Object file /tmp/maps:  Objfile at 0x5581, 1 minimal symbols.

[ 0] T 0x401000 runtime.text section .text
[ 1] t 0x4a1000 go.uber.org/zap.New section .text  logger.go
[ 2] B 0x72a310 example.com/shop/cart.counts section .bss  main.go
[ 3] d 0x6e4010 main.names section .noptrdata  main.go
[ 4] d 0x6e4020 main..inittask section .noptrdata  main.go
"""
_PLACES = """Symbol "m" is multi-location:
  Range 0x401000-0x401020: a variable in $rax
  Range 0x401020-0x401100: a complex DWARF expression:
     0: DW_OP_fbreg -24
.
"""


def test_files_and_the_table_of_functions() -> None:
    assert told_by_gdb.opened_file(_FILES, "Local exec file") == "/tmp/it's maps"
    assert told_by_gdb.opened_file(_FILES, "Local core dump file") is None
    assert told_by_gdb.function_table(_FILES) == (0x577808, None)
    library = _FILES.replace("is .gopclntab", "is .data.rel.ro.gopclntab in /tmp/libgo.so")
    assert told_by_gdb.function_table(library) == (0x577808, "/tmp/libgo.so")
    assert told_by_gdb.function_table("") == (0, None)


def test_mapped_files() -> None:
    path = "/tmp/it's maps"
    assert [tuple(each) for each in told_by_gdb.files_in_mappings(_MAPPINGS)] == [
        (0x400000, 0x560000, 0, path),
        (0x560000, 0x6E4000, 0x160000, path),
    ]


def test_symbol_tables() -> None:
    told = [
        told_by_gdb.addresses_in(_SYMBOLS, rows)
        for rows in (told_by_gdb.VARIABLES, told_by_gdb.OF_RUNTIME, told_by_gdb.IN_GO_PACKAGES)
    ]
    assert told == [
        {"example.com/shop/cart.counts": 0x72A310, "main.names": 0x6E4010},
        {"runtime.text": 0x401000},
        {"go.uber.org/zap": 0x4A1000},
    ]
    assert told_by_gdb.list_symbols(None) == "maint print msymbols"
    assert told_by_gdb.list_symbols("/tmp/it's maps") == r"maint print msymbols -objfile /tmp/it\'s\ maps"


@pytest.mark.parametrize(
    ("said", "size", "symbol"),
    [
        ("main[fixtureReady] + 4 in section .text of /tmp/maps", None, Symbol("main.fixtureReady", 0x1000, 5)),
        ("main.counts in section .bss", 8, Symbol("main.counts", 0x1004, 8)),
        ("main.counts + 8 in section .bss", 8, None),
        ("No symbol matches $pc.", 8, None),
    ],
)
def test_a_symbol(said: str, size: int | None, symbol: Symbol | None) -> None:
    assert told_by_gdb.symbol_told(said, 0x1004, lambda name: size) == symbol


def test_places_of_a_variable() -> None:
    in_register, on_stack, nowhere = (told_by_gdb.place_at(_PLACES, pc) for pc in (0x40101F, 0x401020, 0x401100))
    assert [told_by_gdb.in_register(place) for place in (in_register, on_stack, nowhere)] == [True, False, False]
    offsets = [told_by_gdb.offset_on_stack(place) for place in (in_register, on_stack, nowhere)]
    assert offsets == [None, -24, None]
    first = told_by_gdb.place_at(_PLACES.replace("DW_OP_fbreg -24", "DW_OP_call_frame_cfa"), 0x401020)
    assert told_by_gdb.offset_on_stack(first) == 0


def test_threads() -> None:
    said = "2 27178965024512 4742935 0 7\nwarning: of something\n1 18446744073709551615 4744419 0 8\n"
    assert [tuple(each) for each in told_by_gdb.threads_told(said, {1: 4138, 2: 4139}, 8)] == [
        (4139, 27178965024512, 4742935, 0, {0: 7}),
        (4138, (1 << 64) - 1, 4744419, 0, {0: 8}),
    ]
    assert told_by_gdb.threads_told(said, {}, 4)[1].sp == (1 << 32) - 1
    assert "$_thread, $sp, $pc, $x30, $x0, " in told_by_gdb.show_registers("arm64")


@pytest.mark.parametrize(
    ("said", "piped"),
    [
        ("    1  info files\n    2  | gomap-walk m | less\n", True),
        ("    1  pipe gomap-walk m | less\n", True),
        ("    1  pipe gomap-walk m | less\n    2  pi print(1)\n", False),
        ("", False),
    ],
)
def test_what_was_typed_last(said: str, piped: bool) -> None:
    assert told_by_gdb.last_was_piped(said) is piped


def test_who_has_set_the_breakpoint() -> None:
    assert told_by_gdb.at_a_breakpoint("\tUsing the running image of child.\nIt stopped at breakpoint 1.\n")
    assert not told_by_gdb.at_a_breakpoint("It stopped at breakpoint -58.\n")


def test_bytes_in_c() -> None:
    assert [told_by_gdb.bytes_in_c(0x10, size) for size in (8, 3)] == [
        "*(unsigned long long *) 0x10",
        "*(unsigned char (*)[3]) 0x10",
    ]


@pytest.mark.parametrize(("passed", "said"), [("Yes", 1), ("No", 0)])
def test_preemption_is_discarded_once(passed: str, said: int) -> None:
    commands: list[str] = []
    notes: list[str] = []

    def execute(command: str) -> str:
        commands.append(command)
        return (
            "Signal        Stop\tPrint\tPass to program\tDescription\n"
            f"SIGURG        No\tNo\t{passed}\t\tUrgent I/O condition\n"
        )

    told_by_gdb.discard_preemption(execute, notes.append)
    assert commands == ["info signals SIGURG", *["handle SIGURG nopass nostop noprint"] * said]
    assert len(notes) == said
