"""Names and types that debug information spells in a way of its own, and values of types that only the runtime knows.

The addresses are those that the program printed of its maps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.fixtures.builds import build
from tests.sessions.pairs import PAIRS, Pair, header_of, truth
from tests.sessions.targets import Stopped, bring_up, debugger

STORE, KIT = "example.org/named/store.v2", "example.org/named/go-kit"


@pytest.fixture(scope="module", params=PAIRS)
def named(request: pytest.FixtureRequest) -> Iterator[Stopped]:
    """The fixture program named, stopped."""
    pair: Pair = request.param
    binary = build("named", pair.go, optimised=pair.optimised)
    with bring_up("live", debugger(pair.gdb), binary) as stopped:
        yield stopped


@pytest.fixture
def ready(named: Stopped) -> Stopped:
    """In the frame of main.fixtureReady."""
    named.gdb.run("frame 0")
    return named


def select(named: Stopped, function: str) -> None:
    """Select the frame of the function of package main whose name matches FUNCTION."""
    frames = named.gdb.run("backtrace")
    number = re.search(rf"^#(\d+) .*main\.{function}", frames, re.MULTILINE)
    assert number, frames
    named.gdb.run(f"frame {number[1]}")


class TestTypeParameters:
    """What is of a type parameter's type has ``.param0`` for a type, in each generic function another one."""

    @pytest.mark.parametrize(
        ("function", "expression", "name", "of"),
        [
            ("ofStrings", "m", "ofStrings", "map[string]float64"),
            ("ofNumbers", "m", "ofNumbers", "map[go.shape.int32]go.shape.int"),
            ("cache", "c.items", "c.items", None),
        ],
    )
    def test_each_is_what_it_stands_for(
        self, named: Stopped, function: str, expression: str, name: str, of: str | None
    ) -> None:
        select(named, rf"(?:\(\*)?{function}\[")
        address, type = header_of(named, expression)
        assert address == truth(named, name)["address"]
        assert of is None or type == of

    def test_print_says_so_too(self, named: Stopped) -> None:
        said = named.gdb.run("backtrace -frame-arguments all")
        assert re.search(r"main\.ofNumbers.* m=map\[go\.shape\.int32\]go\.shape\.int with \d+ entr", said), said
        assert ".param" not in said


class TestPackagePaths:
    """A dot in the last part of a path, and a dash."""

    def test_types_are_spelled_as_in_go(self, ready: Stopped) -> None:
        view = truth(ready, "store.Items")
        assert view["type"] == f"map[{STORE}.Kind]{STORE}.Item"
        assert header_of(ready, f"{STORE}.Items") == (view["address"], view["type"])
        assert header_of(ready, f"-type {view['type']} {view['address']:#x}") == (view["address"], view["type"])

    def test_what_an_interface_holds_is_of_the_same_type(self, ready: Stopped) -> None:
        first = f"'{STORE.replace('store.v2', 'store%2ev2')}.First'"
        assert ready.gdb.run(f"output $gomap_get('main.kinds', {first})") == '"a kind"'
        assert ready.gdb.run("output $gomap_get('main.kinds', 1)") == '"an int"'

    def test_one_that_ends_in_no_identifier(self, ready: Stopped) -> None:
        for expression in (f"{KIT}.Tools", f"'{KIT}.Tools'", f"*&{KIT}.Tools", f"({KIT}.Tools)"):
            assert header_of(ready, expression)[0] == truth(ready, "kit.Tools")["address"]
        assert ready.gdb.run(f'output $gomap_len("{KIT}.Tools")') == "2"

    def test_functions_too(self, ready: Stopped) -> None:
        assert f'"double": {STORE}.Double' in ready.gdb.run("gomap-walk main.funcs")

    @pytest.mark.parametrize("name", ["store.Items", "store.v2.Items", "named/store.Items"])
    def test_a_shorter_name_is_answered_with_the_whole(self, ready: Stopped, name: str) -> None:
        assert ready.gdb.run(f"gomap-walk {name}") == f"no variable {name}; did you mean {STORE}.Items?"

    @pytest.mark.parametrize(
        ("typed", "offer"),
        [
            ("example.org/named/st", f"{STORE}."),
            (STORE[:-1], f"{STORE}."),
            (f"{STORE}.It", f"{STORE}.Items"),
            (KIT[:-1], f"{KIT}."),
            (f"{KIT}.", f"{KIT}.Tools"),
        ],
    )
    def test_tab_completes(self, ready: Stopped, typed: str, offer: str) -> None:
        assert ready.gdb.run(f"complete gomap-walk {typed}").splitlines() == [f"gomap-walk {offer}"]


class TestInterfaces:
    def test_fields_of_what_one_holds(self, ready: Stopped) -> None:
        address = truth(ready, "boxed")["address"]
        for expression in ("boxed.inner.conns", "main.boxed.inner.conns", "(boxed).inner.conns"):
            assert header_of(ready, expression)[0] == address
        assert ready.gdb.run("complete gomap-walk boxed.inner.") == "gomap-walk boxed.inner.conns"
        said = ready.gdb.run("gomap-walk boxed.outer")
        assert said == "main.boxed is a main.wrapped, which has no field outer; it has inner"

    @pytest.mark.parametrize(
        ("key", "shown"),
        [
            ("int", "-7"),
            ("float", "2.5"),
            ("string", '"text"'),
            ("bool", "true"),
            ("item", '{Tag = "tag", Value = '),
            ("pointer", f"(map[{STORE}.Kind]{STORE}.Item *) 0x"),
            ("map", 'map[string]int with 1 entry = {["in"] = 1}'),
            ("func", "<example.org/named/store"),
        ],
    )
    def test_an_element_is_what_it_holds(self, ready: Stopped, key: str, shown: str) -> None:
        said = ready.gdb.run(f"output $gomap_get('main.dynamic', \"{key}\")").replace("%2e", ".")
        assert shown in said

    def test_what_is_held_can_be_gone_on_with(self, ready: Stopped) -> None:
        assert ready.gdb.run("output $gomap_get('main.dynamic', \"int\") + 10") == "3"
        assert ready.gdb.run("output $gomap_get('main.dynamic', \"item\").Tag") == '"tag"'
        assert ready.gdb.run("output $gomap_get('main.faults', \"boom\").s") == '"boom"'
        assert ready.gdb.run("output $gomap_len($gomap_get('main.dynamic', \"pointer\"))") == "2"


def test_a_func_is_its_code(ready: Stopped) -> None:
    assert f"<{STORE}.Double>" in ready.gdb.run("output $gomap_get('main.funcs', \"double\")").replace("%2e", ".")
    assert ready.gdb.run("output $gomap_get('main.funcs', \"nil\")").endswith(" 0x0")


class TestRegisters:
    """A function that called another one had variables in registers, which GDB shows as they are now."""

    @pytest.mark.parametrize("function", ["ofStrings", "ofNumbers"])
    def test_a_copy_on_the_stack_is_found(self, named: Stopped, function: str) -> None:
        select(named, function)
        assert header_of(named, "m")[0] == truth(named, function)["address"]

    def test_what_has_none_is_told(self, named: Stopped, request: pytest.FixtureRequest) -> None:
        select(named, "passed")
        if request.node.callspec.params["named"].optimised:
            assert named.gdb.run("gomap-header m") == (
                "m was in a register, which a call has overwritten since; "
                "try another frame, or build with -gcflags='-N -l'"
            )
        else:
            assert header_of(named, "m")[0] == truth(named, "passed")["address"]
