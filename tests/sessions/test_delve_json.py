"""What -json prints in Delve is one object on one line, as the schema has it, and the very one that GDB prints.

The objects for each map, in each state and with each fault, are compared in test_delve_agrees.py beside the text, and
those of values of every kind in test_delve_values.py. Here are the rest: many maps at once, no map, half a core.

Of the last main.header is left out: what a map of a named type is made of only its entries tell Delve.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.fixtures.builds import CoreDump, build, kernel_core_of
from tests.fixtures.toolchains import gdb18
from tests.sessions.corefile import CoreFile
from tests.sessions.debugger import Gdb
from tests.sessions.delve import SCRIPT, Delve

_SCHEMA = jsonschema.Draft202012Validator(
    json.loads((SCRIPT.parents[1] / "gomap" / "views" / "gomap.schema.json").read_text())
)

pytestmark = pytest.mark.xdist_group("dlv-commands")


@pytest.fixture(scope="module")
def binary() -> Path:
    return build("maps", "1.27.3")


@pytest.fixture(scope="module")
def gdb(binary: Path, core: CoreDump) -> Iterator[Gdb]:
    with Gdb(gdb18(), binary, core.path) as session:
        yield session


def document(said: str) -> Any:
    """The object that a command printed, once the schema has nothing against it."""
    assert "\n" not in said and said.isascii()
    read = json.loads(said)
    _SCHEMA.validate(read)
    return read


@pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])
def test_documents_are_as_the_schema_has_them(go: str) -> None:
    program = build("maps", go)
    with Delve("core", program, kernel_core_of(program, "abort").path) as delve:
        for name in ("nilMap", "small", "growing", "strs", "anys", "structs", "bigBoth", "floats64", "header"):
            for command in ("header", "walk", "check"):
                assert document(delve.run(f"gomap-{command} -json main.{name}"))["command"] == command
        for address in ("0", "main.small", "&main.small", "0x1000"):
            assert document(delve.run(f"gomap-whatis -json {address}"))["command"] == "whatis"


def test_all_maps_of_all_packages(gdb: Gdb, delve: Delve) -> None:
    theirs, ours = gdb.json("gomap-check -all -quick -json"), document(delve.run("gomap-check -all -quick -json"))
    assert ours == without_sync_maps(theirs)
    assert len(ours["maps"]) > 60


def without_sync_maps(answer: dict[str, Any]) -> dict[str, Any]:
    """What plain Delve has of an answer: it does not know sync.Map."""
    assert any(one["type"] == "sync.Map" for one in answer["maps"])
    return {**answer, "maps": [one for one in answer["maps"] if one["type"] != "sync.Map"]}


@pytest.mark.parametrize(
    "typed",
    [
        "main.keyName",
        "main.boxed",
        "5",
        "nonesuch",
        "",
        "-nonesuch m",
        "-type map[string]int 0x10",
        "*(*map[string]int)(0x10)",
        "-type nonesuch 0x10",
    ],
)
@pytest.mark.parametrize("command", ["gomap-header", "gomap-walk", "gomap-check"])
def test_what_is_no_map_is_said_in_words(delve: Delve, command: str, typed: str) -> None:
    """As in GDB: who parses what is printed sees at once that it is no object."""
    said = delve.run(f"{command} -json {typed}")
    assert said == delve.run(f"{command} {typed}")
    assert "\n" not in said and not said.startswith("{")


def test_options_come_in_any_order_and_may_be_cut_short(delve: Delve) -> None:
    whole = delve.run("gomap-walk -limit 1 -json main.grown")
    assert document(whole)["complete"] is False
    assert delve.run("gomap-walk -j -lim 1 -- main.grown") == whole


def test_maps_in_the_missing_half_of_a_core(binary: Path, core: CoreDump, gdb: Gdb, tmp_path: Path) -> None:
    """Of one whose header is gone it is said that it cannot be read; of one whose buckets are gone, which."""
    whole = without_sync_maps(gdb.json("gomap-check -all -quick -json"))
    headers = sorted(int(one["address"], 16) for one in whole["maps"])
    cut = tmp_path / "cut"
    CoreFile(core.path).cut_off(headers[len(headers) // 2], cut)
    with Gdb(gdb18(), binary, cut) as half, Delve("core", binary, cut) as delve:
        command = "gomap-check -all -quick"
        theirs, ours = half.json(f"{command} -json"), document(delve.run(f"{command} -json"))
        for answer in (theirs, ours):
            answer["unreadable"] = [one for one in answer["unreadable"] if one["variable"] != "main.header"]
        assert ours == without_sync_maps(theirs)
        assert len(ours["maps"]) > 20 and len(ours["unreadable"]) > 20
        assert sum(bool(one["findings"]) for one in ours["maps"]) > 20
        lines = iter(half.run(f"{command} -limit 3").splitlines())
        *said, total = delve.run(f"{command} -limit 3").splitlines()
        assert all(line in lines for line in said), "in this order; what is between is about sync.Maps"
        assert total.startswith(f"{len(ours['maps'])} maps checked, ")
