"""A map whose type package reflect made hashes its keys otherwise than one of the compiler's: neither is wrong."""

from __future__ import annotations

import pytest

from tests.fixtures.builds import build
from tests.sessions.debugger import Gdb
from tests.sessions.targets import READY, Debugger, debugger


@pytest.mark.parametrize(
    ("go", "by"),
    [
        ("1.19", "system_gdb"),
        ("1.21.13", "gdb18"),
        ("1.22.10", "gdb18"),
        ("1.23.9", "system_gdb"),
        ("1.24.11", "system_gdb"),
        ("1.25.5", "system_gdb"),
        ("1.26.6", "system_gdb"),
        ("1.27.3", "gdb18"),
    ],
)
def test_keys_are_where_reflect_or_the_compiler_puts_them(go: str, by: Debugger) -> None:
    with Gdb(debugger(by), build("reflected", go)) as gdb:
        gdb.run(f"tbreak {READY}")
        assert READY in gdb.run("run < /dev/null > /dev/null")
        for variable, elem in (("made", "int8"), ("compiled", "int16")):
            said = gdb.run(f"gomap-check main.{variable}")
            assert said.startswith(f"map[main.key]{elem} at "), said
            assert "no findings in 100 entries" in said, said
            assert said.endswith("100 hashes)"), said
        for variable in ("structs", "padded", "arrays", "nested", "boxed", "strings"):
            said = gdb.run(f"gomap-check main.{variable}")
            assert "no findings in 100 entries" in said, said
            assert said.endswith("100 hashes)"), said
