"""What an address holds, told without anybody naming a type: compared with what the program printed of its maps."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.sessions.pairs import header_of, truth
from tests.sessions.targets import Stopped

#: The type behind a name that the program has for it.
_BEHIND = {"main.Header": "map[string][]string"}


def _maps(stopped: Stopped) -> list[dict[str, Any]]:
    """The program's maps that have a header on the heap and something in it."""
    return [view for view in stopped.printed["maps"] if view["address"] and view["len"] and view["name"] != "onStack"]


def _field(view: dict[str, Any], *names: str) -> int:
    return next(int(field["value"]) for field in view["header"] if field["name"] in names)


def test_every_header_is_told_from_other_objects(stopped: Stopped) -> None:
    typed = set()
    for view in _maps(stopped):
        said = stopped.gdb.json(f"gomap-whatis -json {view['address']:#x}")
        assert said["is"] == "HeapObject", view["name"]
        holds = said["holds"]
        assert holds["text"].startswith("header of a map"), (view["name"], holds)
        assert holds["by"].startswith("by its invariants")
        if holds["type"] is not None:
            assert holds["type"] == _BEHIND.get(view["type"], view["type"])
            typed.add(holds["type"])
    # The allocator notes types of objects since Go 1.22: of groups and buckets past 512 bytes that hold pointers.
    minor = int(re.findall(r"\d+", stopped.printed["go"])[1])
    assert bool(typed) == (minor >= 22), typed
    if typed and stopped.printed["goarch"] == "amd64":
        assert {"map[string]int", "map[string]string", "map[interface {}]interface {}"} <= typed


def test_a_header_with_a_type_needs_none(stopped: Stopped) -> None:
    """Of headers whose buckets or groups do not say it every fifth has to do: there all types are tried."""
    for number, view in enumerate(_maps(stopped)):
        if number % 5 and "type word" not in stopped.gdb.run(f"gomap-whatis {view['address']:#x}"):
            continue
        answer = stopped.gdb.run(f"gomap-header -json {view['address']:#x}")
        if answer.startswith("{"):
            found = json.loads(answer)
            assert int(found["address"], 16) == view["address"]
            assert found["type"] in _names(view)
            assert re.match(r"by its invariants and the (type word of its |hashes of its keys$)", found["typeBy"])
            continue
        header = f"{view['address']:#x} is an int, not a map; what is there is the header of a map, by its invariants"
        assert answer.startswith(header) and answer.endswith(" give -type 'map[K]V'")
        if answer.removeprefix(header) != ", of an unknown type: give -type 'map[K]V'":
            perhaps = re.search(r"; its type is not certain: .*\bperhaps (.*?), by ", answer)
            assert perhaps, answer
            assert any(name in re.split(r", | or ", perhaps[1]) for name in _names(view)) or " others" in answer


def _names(view: Any) -> set[str]:
    """What the type of a map can be called by what does not know its name."""
    return {view["type"], _BEHIND.get(view["type"], view["type"])}


def test_parts_of_maps_are_no_headers(stopped: Stopped) -> None:
    """Directories, tables, groups and buckets; keys and elements: of none it is said that it is a header."""
    for view in _maps(stopped)[::3]:
        addresses = [_field(view, "buckets", "dirPtr")]
        addresses += [table["address"] for table in view["tables"] or ()]
        addresses += [bucket["address"] for bucket in view["buckets"][:3]]
        addresses += [
            slot[part]
            for bucket in view["buckets"][:2]
            for slot in bucket["live"][:2]
            for part in ("key_address", "elem_address")
        ]
        for address in addresses:
            said = stopped.gdb.run(f"gomap-whatis {address:#x}")
            assert "header of" not in said, (view["name"], said)


def test_other_objects_of_that_size_are_no_headers(stopped: Stopped) -> None:
    """A span of headers, slot by slot: no free one is called a header, and each that the program knows is."""
    known = {view["address"] for view in _maps(stopped)}
    gdb = stopped.gdb
    first = gdb.run(f"gomap-whatis {min(known):#x}")
    span, size = re.search(r"span (0x[0-9a-f]+)", first), re.search(r"\((\d+)-byte class", first)
    assert span and size
    found = set()
    for number in range(8192 // int(size[1])):
        address = int(span[1], 16) + number * int(size[1])
        said = gdb.run(f"gomap-whatis {address:#x}")
        assert said.startswith(f"{address:#x}: ")
        if "header of a map" in said:
            assert "allocated object" in said
            found.add(address)
    assert {address for address in known if int(span[1], 16) <= address < int(span[1], 16) + 8192} <= found


def test_a_type_descriptor_is_named(stopped: Stopped) -> None:
    """The type word of an interface, as the program's memory has it."""
    word = re.search(r"0x[0-9a-f]+", stopped.gdb.run("output/x 'main.anyMap'._type"))
    assert word
    said = stopped.gdb.run(f"gomap-whatis {word[0]}")
    assert said.endswith(": type descriptor of map[int]string, by its fields"), said
    assert "type descriptor" not in stopped.gdb.run(f"gomap-whatis {word[0]} + 8")


def test_the_address_of_a_variable_leads_to_its_map(stopped: Stopped) -> None:
    view = truth(stopped, "main.small")
    variable = re.search(r"0x[0-9a-f]+", stopped.gdb.run("output/x &'main.small'"))
    assert variable
    for expression in ("&main.small", variable[0]):
        assert header_of(stopped, f"-type 'map[string]int' {expression}") == (view["address"], "map[string]int")
    assert header_of(stopped, variable[0]) == (view["address"], "map[string]int")


def test_the_address_of_the_address_of_a_header_is_told(stopped: Stopped) -> None:
    second = re.search(r"0x[0-9a-f]+", stopped.gdb.run("gomap-whatis &main.boxes[1].Members"))
    assert second
    assert stopped.gdb.run(f"gomap-walk -type 'map[string]int' {second[0]}") == (
        f"{second[0]}: at {second[0]} is no map's header, but the address of one: "
        f"{truth(stopped, 'main.small')['address']:#x}; give that"
    )
