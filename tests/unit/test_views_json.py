"""Maps as JSON: the same as what real programs say of theirs, and always as the schema has it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import gomap.views
from gomap.goruntime.rtype import RuntimeTypes
from gomap.language import Limits, Literals
from gomap.maps.classic import ClassicMap
from gomap.maps.model import LIVE, GoMap, Selection
from gomap.maps.opening import open_map
from gomap.maps.swiss import SwissMap
from gomap.views.entries import entries_object
from gomap.views.jsonview import header_object, walk_object
from tests.unit.agreement import CONTROL, TOPHASH, moved_buckets
from tests.unit.image import Image
from tests.unit.mademaps import HEADER, MadeMap
from tests.unit.realmaps import CLASSIC, SWISS, TOOLCHAINS, RealMap, Toolchain, real_map, real_maps

SCHEMA = jsonschema.Draft202012Validator(
    json.loads((Path(gomap.views.__file__).parent / "gomap.schema.json").read_text())
)
EVERYTHING = Selection(old=True, unused=True)
#: Maps whose keys and elements hold all that there is to show, and are the same in Go and in JSON.
INTEGERS = (
    *("nilMap", "empty", "roomy", "eight", "emptied", "growing", "growingSameSize", "uneven", "tombstones", "shared"),
    *("bools", "ints8", "ints16", "ints32", "ints64", "uints8", "uints16", "uints32", "uints64", "flags"),
)


def printed(shown: dict[str, Any]) -> dict[str, Any]:
    """The object as whoever parses the output gets it, once the schema has nothing against it."""
    read: dict[str, Any] = json.loads(json.dumps(shown, allow_nan=False))
    some = {"buckets": read["buckets"][:10] + read["buckets"][-10:]} if "buckets" in read else {}
    SCHEMA.validate({**read, **some})
    return read


def walk(map: GoMap, target: Image, selection: Selection = LIVE, limit: int | None = None) -> dict[str, Any]:
    literals = Literals(target, RuntimeTypes(target), Limits(None, None))
    return printed(walk_object(map, literals, selection, limit))


def expected(real: RealMap) -> list[dict[str, Any]]:
    """All buckets, as the program says they are."""
    names = TOPHASH if real.kind == "classic" else CONTROL
    moved = set(moved_buckets(real.truth["buckets"]))
    shown = []
    for bucket in real.truth["buckets"]:
        live = {slot["slot"]: slot for slot in bucket["live"]}
        one: dict[str, Any] = {"role": bucket["role"], "index": bucket["index"], "address": hex(bucket["address"])}
        if real.kind == "classic":
            one |= {"overflow": hex(bucket["overflow"]), "evacuated": bucket["address"] in moved}
        else:
            one |= {"table": bucket["table"] if bucket["table"] >= 0 else None}
        one["slots"] = [
            {"slot": slot, "mark": mark, "state": names.get(mark, "full")}
            | ({part: value(live[slot][part]) for part in ("key", "elem")} if slot in live else {})
            for slot, mark in enumerate(bucket["marks"])
        ]
        shown.append(one)
    return shown


def value(literal: str) -> dict[str, Any]:
    return {"text": literal, "value": json.loads(literal)}


@pytest.mark.parametrize("toolchain", TOOLCHAINS, ids=str)
def test_a_walk(toolchain: Toolchain) -> None:
    for name in INTEGERS:
        real = real_map(toolchain, name)
        target = real.target()
        shown = walk(open_map(target, real.type, real.address), target, EVERYTHING)
        assert shown.pop("summary").startswith("nil map" if name == "nilMap" else f"{real.truth['len']} entr")
        assert shown == {
            "command": "walk",
            "type": real.truth["type"],
            "address": hex(real.address),
            "kind": real.kind,
            "count": real.truth["len"],
            "tables": [
                {
                    "first": table["first"],
                    "last": table["last"],
                    "address": hex(table["address"]),
                    "used": table["used"],
                    "capacity": table["capacity"],
                    "growthLeft": table["growth_left"],
                    "localDepth": table["local_depth"],
                    "index": table["index"],
                    "groups": hex(table["groups"]),
                    "lengthMask": table["length_mask"],
                }
                for table in real.truth["tables"]
            ],
            "buckets": expected(real),
            "complete": True,
            "notes": [],
        }, name


@pytest.mark.parametrize("toolchain", TOOLCHAINS, ids=str)
def test_entries_alone(toolchain: Toolchain) -> None:
    """Those of the buckets of a walk, each with its place."""
    for name in INTEGERS:
        real = real_map(toolchain, name)
        target = real.target()
        map = open_map(target, real.type, real.address)
        literals = Literals(target, RuntimeTypes(target), Limits(None, None))
        shown = printed(entries_object(map, literals, LIVE, None))
        wanted = [
            {part: bucket[part] for part in ("role", "index", "address")}
            | ({"table": bucket["table"]} if "table" in bucket else {})
            | {part: slot[part] for part in ("slot", "key", "elem")}
            for bucket in walk(map, target)["buckets"]
            for slot in bucket["slots"]
            if "key" in slot
        ]
        links = [entry.pop("link", None) for entry in shown["entries"]]
        assert [bool(link) for link in links] == ["overflow" in entry["role"] for entry in wanted], name
        assert shown["entries"] == wanted, name
        assert len(wanted) == real.truth["len"] and shown["complete"]
        cut = printed(entries_object(map, literals, LIVE, 1))
        assert len(cut["entries"]) == min(1, len(wanted))
        assert cut["complete"] == (len(wanted) <= 1)


def test_links_are_counted_along_their_chain() -> None:
    real = real_map(CLASSIC[1], "chained")
    target = real.target()
    literals = Literals(target, RuntimeTypes(target), Limits(None, None))
    shown = entries_object(open_map(target, real.type, real.address), literals, LIVE, None)
    links = {(entry["link"], entry["address"]) for entry in shown["entries"] if entry["index"] == 0}
    chain = [bucket for bucket in real.truth["buckets"] if bucket["role"] in ("bucket", "overflow")][:5]
    assert links == {(link, hex(bucket["address"])) for link, bucket in enumerate(chain) if bucket["live"]}
    assert len(links) > 1


@pytest.mark.parametrize("toolchain", TOOLCHAINS, ids=str)
def test_every_kind_of_value_fits_the_schema(toolchain: Toolchain) -> None:
    for name in ("strs", "floats32", "complexes", "structs", "chans", "anys", "errs", "unsafes", "funcs", "bigBoth"):
        real = real_map(toolchain, name)
        target = real.target()
        assert walk(open_map(target, real.type, real.address), target)["complete"]


@pytest.mark.parametrize("toolchain", TOOLCHAINS, ids=str)
def test_every_header(toolchain: Toolchain) -> None:
    for real in real_maps(toolchain).values():
        shown = printed(header_object(open_map(real.target(), real.type, real.address)))
        values = [field["value"] for field in shown["fields"]]
        numbers = [int(one, 16) if isinstance(one, str) else one % (1 << 64) for one in values]
        assert numbers == [field["value"] for field in real.truth["header"] or ()], real.name


def test_a_header() -> None:
    made = MadeMap()
    made.put_hmap(count=7, flags=0x11, B=255, hash0=0xCAFE, buckets=0xC000_0000_0000)
    shown = printed(header_object(ClassicMap(made.image(), made.classic, HEADER)))
    fields = shown.pop("fields")
    assert shown == {
        "command": "header",
        "type": "map[uint32]uint32",
        "address": "0x10000",
        "kind": "classic",
        "count": 7,
        "summary": "7 entries, B = 255",
        "derived": {},
        "notes": [
            {
                "address": "0x10009",
                "text": "B is 255: 2^255 buckets of 80 bytes fit in no address space; the header is corrupt",
            }
        ],
    }
    assert fields[0] == {"name": "count", "offset": 0, "type": "int", "value": 7, "meaning": ""}
    assert fields[1] == {
        "name": "flags",
        "offset": 8,
        "type": "uint8",
        "value": "0x11",
        "meaning": "iterator, unknown 0x10",
    }
    assert [field["value"] for field in fields[2:]] == [255, 0, "0xcafe", "0xc00000000000", "0x0", 0, "0x0"]


def test_a_limit_is_said() -> None:
    real = real_map(SWISS[0], "uneven")
    target = real.target()
    map = open_map(target, real.type, real.address)
    groups = len(real.truth["buckets"])
    first = real.truth["tables"][0]["length_mask"] + 1
    for limit, tables in ((0, 0), (1, 1), (first, 1), (first + 1, 2), (groups, len(real.truth["tables"]))):
        shown = walk(map, target, limit=limit)
        assert shown["complete"] == (limit >= groups)
        assert (len(shown["buckets"]), len(shown["tables"])) == (limit, tables)
    real = real_map(CLASSIC[1], "chained")
    target = real.target()
    shown = walk(open_map(target, real.type, real.address), target, limit=1)
    assert [bucket["role"] for bucket in shown["buckets"]] == ["bucket", *["overflow"] * 4]


def test_what_cannot_be_read() -> None:
    made = MadeMap()
    made.put_map(used=1, dirPtr=0x90000, dirLen=2, globalDepth=1)
    made.put_directory(0x90000, [0x1, 0x30000])
    made.put_table(0x30000, 0xDEAD0000, 0, used=1, capacity=8)
    image = made.image()
    shown = walk(SwissMap(image, made.swiss, HEADER), image)
    assert shown["buckets"] == []
    assert [table["first"] for table in shown["tables"]] == [1]
    assert shown["notes"] == [
        {"address": "0x90000", "text": "directory entry 0 -> 0x1: no table there: cannot read memory at 0x1"},
        {"address": "0xdead0000", "text": "group 0: cannot read memory at 0xdead0000"},
    ]


def test_a_large_key_that_is_gone() -> None:
    real = real_map(SWISS[3], "bigKeys")
    group = next(group for group in real.truth["buckets"] if group["live"])
    slot = group["live"][0]["slot"]
    target = real.target()
    target.write(group["address"] + real.places["keys"] + slot * real.places["key_stride"], target.word(0xBAD0))
    shown = walk(open_map(target, real.type, real.address), target)
    keys = [slot["key"] for group in shown["buckets"] for slot in group["slots"] if "key" in slot]
    assert len(keys) == real.truth["len"]
    assert [key for key in keys if "unreadable" in key] == [
        {"text": "<unreadable 0xbad0>", "value": None, "unreadable": "0xbad0"}
    ]
