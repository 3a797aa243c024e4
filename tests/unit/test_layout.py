"""Where things lie in headers, buckets and groups, whatever names the types and their fields go by."""

from __future__ import annotations

import pytest

from gomap.maps.layout import ClassicLayout, SwissLayout, classic_layout, key_and_elem, swiss_layout
from gomap.maps.opening import open_map
from gomap.program.gotypes import Field, GoType, Kind, LayoutError
from tests.unit.image import Image, array_of, basic, pointer_to, struct_of
from tests.unit.mademaps import MadeMap
from tests.unit.realmaps import SWISS, TOOLCHAINS, RealMap, Toolchain, real_maps

BYTE = basic(Kind.UINT8)
WORD = basic(Kind.UINTPTR)
UINT32 = basic(Kind.UINT32)


def layout_of(real: RealMap, type: GoType) -> ClassicLayout | SwissLayout:
    image = real.target
    return classic_layout(type, image) if real.kind == "classic" else swiss_layout(type, image, real.table)


@pytest.mark.parametrize("toolchain", TOOLCHAINS, ids=str)
def test_the_layout_is_what_the_program_measured(toolchain: Toolchain) -> None:
    for real in real_maps(toolchain).values():
        for type in (real.type, real.described):
            layout = layout_of(real, type)
            places = layout.places
            measured = {name: real.places[name] for name in ("keys", "key_stride", "elems", "elem_stride", "size")}
            assert {name: getattr(places, name) for name in measured} == measured, real.name
            assert (places.marks, places.slots) == (0, 8)
            key, elem = key_and_elem(type)
            assert f"map[{key.name}]{elem.name}" == unnamed(real)
            assert (places.indirect_key, places.indirect_elem) == (key.size > 128, elem.size > 128)
            if isinstance(layout, ClassicLayout):
                assert layout.overflow == real.places["overflow"]


def unnamed(real: RealMap) -> str:
    """The map's type by its parts, as the program prints them; a named type and one by its whole path differ."""
    names = {
        "main.header": "map[string][]string",
        "example.org/maps/registry.Routes": "map[string]registry.Route",
    }
    return names.get(real.name, real.truth["type"])


@pytest.mark.parametrize(
    ("header", "key", "elem"),
    [
        ("hash<string,int>", "string", "int"),
        ("map<main.Pair[int,string],main.List[float64]>", "main.Pair[int,string]", "main.List[float64]"),
        ("map<chan<- int,<-chan string>", "chan<- int", "<-chan string"),
        (
            "hash<[3]func(int, string) (bool, error),map[string]int>",
            "[3]func(int, string) (bool, error)",
            "map[string]int",
        ),
        ('map<struct { main.X int "a,b]}\\"," },struct {}>', 'struct { main.X int "a,b]}\\"," }', "struct {}"),
        ("map<interface { F(int, int) },net/http.Header>", "interface { F(int, int) }", "net/http.Header"),
    ],
)
def test_large_keys_and_elements_by_the_header_s_name(header: str, key: str, elem: str) -> None:
    """Behind a pointer stands the type that the header names; a pointer that it names is the key or element itself."""
    large = {name: GoType(Kind.STRUCT, 200, name) for name in (key, elem)}
    indirect = map_of(header, pointer_to(large[key]), pointer_to(large[elem]))
    assert key_and_elem(indirect) == (large[key], large[elem])
    direct = map_of(header, large[key], large[elem])
    assert key_and_elem(direct) == (large[key], large[elem])
    pointers = map_of(f"hash<*{key},*{elem}>", pointer_to(large[key]), pointer_to(large[elem]))
    assert [type.name for type in key_and_elem(pointers)] == ["*" + key, "*" + elem]
    pointers_to_pointers = map_of(f"hash<*{key},*{elem}>", pointer_to(pointer_to(large[key])), large[elem])
    assert key_and_elem(pointers_to_pointers)[0].name == "*" + key


@pytest.mark.parametrize("header", ["runtime.hmap", "hash<string>", "hash<map[string,int]>", 'hash<"a,b>', ""])
def test_a_header_that_does_not_name_key_and_element(header: str) -> None:
    with pytest.raises(LayoutError, match="does not name a key and an element type"):
        key_and_elem(map_of(header, BYTE, BYTE))


def test_a_container_that_nobody_knows() -> None:
    header = struct_of("hash<uint8,uint8>", ("entries", WORD, 0), ("mask", WORD, 8))
    with pytest.raises(LayoutError) as caught:
        open_map(Image({}), GoType(Kind.MAP, 8, "map[uint8]uint8", header=header), 0)
    assert str(caught.value) == (
        "hash<uint8,uint8> is the header of no map that gomap knows: "
        "expected a field buckets (Go up to 1.23) or dirPtr (Go 1.24 on); found entries, mask"
    )


def test_a_header_without_a_field_that_is_needed() -> None:
    made = MadeMap()
    fields = [field for field in made.hmap.fields if field.name not in ("B", "nevacuate")]
    header = GoType(Kind.STRUCT, made.hmap.size, made.hmap.name, fields=fields)
    with pytest.raises(LayoutError) as caught:
        open_map(Image({}), GoType(Kind.MAP, 8, "map[uint32]uint32", header=header), 0)
    assert str(caught.value) == (
        "hash<uint32,uint32> is laid out in a way that gomap does not know: expected fields B, nevacuate; "
        "found count, flags, noverflow, hash0, buckets, oldbuckets, extra"
    )


def test_a_descriptor_s_map_without_the_table_s_type() -> None:
    real = real_maps(SWISS[0])["main.small"]
    with pytest.raises(LayoutError, match=r"has no internal/runtime/maps\.table"):
        swiss_layout(real.described, real.target, None)


class TestDescriptorsThatLie:
    """A bucket whose parts do not fit in it would have gomap read beside it, or without end."""

    def test_slots_beyond_the_bucket(self) -> None:
        for size in (0, 1, 79, -1):
            self.refuses(bucket(size=size))
        self.accepts(bucket(size=80))

    def test_a_bucket_beyond_reason(self) -> None:
        self.refuses(bucket(size=1 << 40))

    def test_a_key_larger_than_its_slot(self) -> None:
        self.refuses(bucket(), key=GoType(Kind.STRUCT, 1 << 40, "main.Huge"))
        self.refuses(bucket(), elem=GoType(Kind.UINT8, 1, "uint8"))

    def test_parts_beyond_the_bucket(self) -> None:
        for part in ("topbits", "keys", "elems", "overflow"):
            self.refuses(bucket(**{part: 73}, size=80))

    def test_no_array_or_one_without_a_sensible_length(self) -> None:
        for length in (0, 65, 1 << 40):
            self.refuses(bucket(length=length))
        self.refuses(GoType(Kind.STRUCT, 80, "", fields=[Field("topbits", WORD, 0), *bucket().fields[1:]]))

    def accepts(self, bucket: GoType) -> None:
        classic_layout(described(bucket, UINT32, UINT32), Image({}))

    def refuses(
        self,
        bucket: GoType,
        key: GoType = UINT32,
        elem: GoType = UINT32,
    ) -> None:
        with pytest.raises(LayoutError):
            classic_layout(described(bucket, key, elem), Image({}))


def bucket(
    *, topbits: int = 0, keys: int = 8, elems: int = 40, overflow: int = 72, size: int = 80, length: int = 8
) -> GoType:
    """A bucket as a descriptor has it, of eight uint32 keys and elements unless told otherwise."""
    return struct_of(
        "",
        ("topbits", array_of(length, BYTE), topbits),
        ("keys", array_of(8, UINT32), keys),
        ("elems", array_of(8, UINT32), elems),
        ("overflow", WORD, overflow),
        size=size,
    )


def described(bucket: GoType, key: GoType, elem: GoType) -> GoType:
    return GoType(Kind.MAP, 8, "map[uint32]uint32", key=key, elem=elem, header=MadeMap().hmap, bucket=bucket)


def map_of(header: str, key: GoType, elem: GoType) -> GoType:
    """A map type as DWARF has it, with these types in its slots."""
    buckets = struct_of("bucket", ("keys", array_of(8, key), 8), ("values", array_of(8, elem), 8 + 8 * key.size))
    return GoType(Kind.MAP, 8, "map", header=struct_of(header, ("buckets", pointer_to(buckets), 0)))
