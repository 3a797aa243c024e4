"""Types read from the runtime's descriptors against what package reflect says of the same types."""

from __future__ import annotations

import random
import re
import time

import pytest

from gomap.goruntime.rtype import RuntimeTypes
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from tests.unit.dumped import Dump
from tests.unit.image import Image

#: Packages of the program whose path is more than their name.
_PATHS = {"list": "container/list", "big": "math/big", "abi": "internal/abi"}


@pytest.fixture
def types(dump: Dump) -> RuntimeTypes:
    return RuntimeTypes(dump.image)


def _whole_paths(text: str) -> str:
    """A type as reflect spells it, with paths for packages' names."""
    return re.sub(r"(?<![\w/])(list|big|abi)\.", lambda found: f"{_PATHS[found[1]]}.", text)


def test_every_type_is_what_reflect_says(dump: Dump, types: RuntimeTypes) -> None:
    assert len(dump.said["types"]) > 100
    for address, said in dump.said["types"].items():
        type = types.at(int(address))
        assert (type.kind.value, type.size, type.length) == (said["kind"], said["size"], said["length"]), said["text"]
        for part, leads_to in (("elem", said["elem"]), ("key", said["key"])):
            if leads_to:
                assert getattr(type, part) is types.at(leads_to), said["text"]
        if type.kind is Kind.STRUCT:
            found = [(field.name, field.offset, field.type, field.embedded) for field in type.fields]
            fields = said["fields"] or []
            assert found == [
                (each["name"], each["offset"], types.at(each["type"]), each["embedded"]) for each in fields
            ], said["text"]


def test_every_name_is_reflects_with_the_whole_path(dump: Dump, types: RuntimeTypes) -> None:
    names = {said["text"]: types.at(int(address)).name for address, said in dump.said["types"].items()}
    assert names == {text: _whole_paths(text) for text in names}
    assert {"main.Set[container/list.List]", "map[math/big.Word][]container/list.List"} <= set(names.values())


def test_types_that_reflect_made_have_names(dump: Dump, types: RuntimeTypes) -> None:
    pair = r'struct { Left [3]int16 "json:\"left \\\"or\\\" not\""; Right container/list.Element }'
    made = {types.at(int(address)).name for address, said in dump.said["types"].items() if said["made"]}
    assert made == {
        pair,
        f"*{pair}",
        f"[]{pair}",
        f"[7]{pair}",
        f"chan<- {pair}",
        f"chan (<-chan {pair})",
        f"func(int, ...{pair}) (string, error)",
        f"map[[11]int]{pair}",
    }


def test_a_map_has_header_and_bucket(dump: Dump, types: RuntimeTypes) -> None:
    maps = [types.at(int(address)) for address, said in dump.said["types"].items() if said["kind"] == "map"]
    assert len(maps) > 5
    for type in maps:
        assert type.header.name in ("runtime.hmap", "internal/runtime/maps.Map")
        key, elem = _stored(type.bucket)
        assert key.name == (f"*{type.key.name}" if type.key.size > 128 else type.key.name)
        assert elem.name == (f"*{type.elem.name}" if type.elem.size > 128 else type.elem.name)
    assert any(type.key.size > 128 for type in maps)


def _stored(bucket: GoType) -> tuple[GoType, GoType]:
    """What a slot of a bucket or group holds."""
    # Package reflect has capitals in the groups that it makes.
    slots = bucket.find("slots") or bucket.find("Slots")
    if slots is None:
        return bucket.field("keys").type.elem, bucket.field("values").type.elem
    key, elem = slots.type.elem.fields
    return key.type, elem.type


def test_a_chan_has_a_header(dump: Dump, types: RuntimeTypes) -> None:
    chans = [types.at(int(address)) for address, said in dump.said["types"].items() if said["kind"] == "chan"]
    assert chans
    assert {"qcount", "dataqsiz"} <= {field.name for type in chans for field in type.header.fields}


def test_any_other_word_is_no_type(dump: Dump, types: RuntimeTypes) -> None:
    """Words throughout the program: what is taken for a type must be one, and the rest is refused at once."""
    known = {int(address) for address in dump.said["types"]}
    named = {said["text"] for said in dump.said["types"].values()}
    words = _words(dump, 20_000) - known
    began = time.process_time()
    refused = 0
    for word in words:
        try:
            type = types.at(word)
        except (LayoutError, ReadError):
            refused += 1
        else:  # some type that reflect was not asked about, or the same type as another module's
            assert type.name.isprintable()
            assert type.name not in named
    assert refused > len(words) * 0.9
    assert time.process_time() - began < 200e-6 * len(words)


def _words(dump: Dump, count: int) -> set[int]:
    choice = random.Random(1)
    segments = dump.said["segments"]
    words = set()
    for _ in range(count):
        segment = choice.choice(segments)
        address = segment["address"] + choice.randrange(0, segment["length"] - 8, 4)
        words.add(address)
        words.add(int.from_bytes(dump.image.memory.read(address, dump.image.pointer_size), dump.image.byte_order))
    return words


def test_a_descriptor_with_any_word_broken_gives_an_error_or_a_type(dump: Dump) -> None:
    """Each word of each descriptor in turn becomes something else: never anything but LayoutError and ReadError."""
    image = dump.image
    choice = random.Random(2)
    broken = 0
    for address in dump.said["types"]:
        for _ in range(3):
            at = int(address) + choice.randrange(0, 96, 4)
            kept = image.memory.read(at, 4)
            image.write(
                at,
                choice.choice(
                    (b"\xff" * 4, b"\0" * 4, choice.randbytes(4), (int(address) & 0xFFFFFFFF).to_bytes(4, "little"))
                ),
            )
            try:
                _exhaust(RuntimeTypes(image).at(int(address)))
            except (LayoutError, ReadError):
                broken += 1
            finally:
                image.write(at, kept)
    assert broken > 20
    RuntimeTypes(image).at(int(next(iter(dump.said["types"]))))


def _exhaust(type: GoType) -> None:
    """Ask for all that a type leads to, two steps far."""
    for _ in range(2):
        if type.kind is Kind.MAP:
            _ = type.key, type.bucket, type.header
        if type.kind in (Kind.ARRAY, Kind.CHAN, Kind.MAP, Kind.POINTER, Kind.SLICE):
            type = type.elem


def test_without_debug_information_the_error_says_so() -> None:
    with pytest.raises(LayoutError, match=r"internal/abi\.Type"):
        RuntimeTypes(Image({0x1000: bytes(4096)})).at(0x1000)


def test_an_interface_says_whether_it_holds_the_value_itself(dump: Dump, types: RuntimeTypes) -> None:
    direct = {
        said["text"]: types.is_direct(int(address))
        for address, said in dump.said["types"].items()
        if said["text"]
        in ("int", "*int", "string", "main.Point", "chan int", "func()", "map[string]int", "unsafe.Pointer")
    }
    assert direct == {
        **dict.fromkeys(("int", "string", "main.Point"), False),
        **dict.fromkeys(("*int", "chan int", "func()", "map[string]int", "unsafe.Pointer"), True),
    }
