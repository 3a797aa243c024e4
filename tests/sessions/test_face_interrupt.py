"""Ctrl-C while a program runs: what GDB's Python is told meanwhile must not swallow it."""

from __future__ import annotations

import random
import time

import pexpect
import pytest

from tests.fixtures.builds import build
from tests.sessions.debugger import GOMAP, Gdb
from tests.sessions.pairs import PAIRS, Pair
from tests.sessions.targets import debugger

#: In the place of GDB's registries: each notes what is connected to it.
_RECORD = (
    "python exec('''import types\\n"
    "connected = []\\n"
    "def registry(name):\\n"
    "    real = getattr(gdb.events, name)\\n"
    "    return types.SimpleNamespace(\\n"
    "        connect=lambda handler: (connected.append(name), real.connect(handler)),\\n"
    "        disconnect=lambda handler: real.disconnect(handler))\\n"
    "gdb.events = types.SimpleNamespace(\\n"
    "    **{name: registry(name) for name in dir(gdb.events) if not name.startswith('_')})\\n''')"
)


@pytest.mark.parametrize("pair", PAIRS)
def test_nothing_is_told_of_a_program_that_stops_or_goes_on(pair: Pair) -> None:
    with Gdb(debugger(pair.gdb), build("busy", pair.go), load=False) as gdb:
        assert gdb.run(_RECORD) == ""
        gdb.run(f"source {GOMAP}")
        gdb.run("break main.main")
        gdb.run("run < /dev/null > /dev/null")
        gdb.run("gomap-check -all")
        connected = set(gdb.run("python print(*connected)").split())
        assert "new_objfile" in connected
        assert not connected & {"stop", "cont", "exited", "before_prompt", "memory_changed", "inferior_call"}


def test_every_ctrl_c_stops_the_program() -> None:
    """Pressed as the program goes on, a thousandth of a second sooner or later: of three hundred, one would be lost."""
    chance = random.Random(24)
    with Gdb(debugger("gdb18"), build("busy", "1.23.9")) as gdb:
        gdb.run("tbreak main.main")
        gdb.run("run < /dev/null > /dev/null")
        gdb.run("gomap-check -all")
        for press in range(400):
            gdb.press("continue\n")
            gdb.read_until("Continuing.")
            time.sleep(chance.random() / 500)
            gdb.press("\x03")
            try:
                said = gdb.read_until("(gdb) ", 20)
            except pexpect.TIMEOUT:
                pytest.fail(f"the Ctrl-C after {press} others was lost")
            assert "SIGINT" in said
