"""Bucket arrays of every size of bucket and every B are taken for what they are, and for nothing else.

How the allocator rounds up each Go version says itself (tests/fixtures/roundup); its size classes are those of its
source. The image holds those classes and nothing else: with each array comes the object that the runtime would make.
"""

from __future__ import annotations

import functools
import json
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence

import pytest

from gomap.check.pointers import Pointers
from gomap.goruntime.allocator import Allocator
from gomap.goruntime.answers import Answer, HeapObject, Span
from gomap.program.gotypes import Kind, LayoutError
from tests.fixtures import toolchains
from tests.fixtures.builds import build
from tests.unit.image import Image, array_of, basic

#: Go version, the file with its size classes, the variable that they are in, and whether there are malloc headers.
_VERSIONS = (
    ("1.19", "runtime", "runtime.class_to_size", False),
    ("1.21.13", "runtime", "runtime.class_to_size", False),
    ("1.22.10", "runtime", "runtime.class_to_size", True),
    ("1.23.9", "runtime", "runtime.class_to_size", True),
    ("1.25.5", "internal/runtime/gc", "internal/runtime/gc.SizeClassToSize", True),
)
_SMALLEST, _LARGEST = 16, 2200
_WORD = 8
_CLASSES_AT, _ARRAY, _HEADER = 0x50_0000, 0xC0_0010_0000, 0xC0_0000_0000


class OneObject:
    """A heap that holds one object, of ELEMSIZE bytes with the allocator's HEADER in it."""

    def __init__(self, allocator: Allocator | None, elemsize: int, header: int, pointers: bool) -> None:
        self.allocator = allocator
        self._span = Span(0, _ARRAY - header, elemsize, elemsize, 1, 1, not pointers, header)

    def at(self, address: int) -> Answer:
        return HeapObject(address, self._span, 0)


@pytest.mark.parametrize(("go", "home", "name", "headers"), _VERSIONS)
@pytest.mark.parametrize("pointers", [False, True], ids=["noscan", "pointers"])
def test_every_array_that_the_runtime_makes_is_sound(
    go: str, home: str, name: str, headers: bool, pointers: bool
) -> None:
    image = image_of(classes(go, home), name)
    allocator = Allocator.read(image, 512 if headers else None)
    rounded = roundupsize(go, pointers)
    for size, count in every_array():
        made = buckets_made(count, size, rounded)
        usable = rounded(made * size)
        header = 8 if headers and pointers and 512 < made * size <= 32760 else 0
        judge = pointers_of(image, OneObject(allocator, usable + header, header, pointers))
        assert judge.buckets_at(_ARRAY, count, size, pointers) == made, (size, count)
        assert judge.astray(_ARRAY, made * size, pointers) is None, (size, count)


@pytest.mark.parametrize(("go", "home", "name", "headers"), _VERSIONS)
def test_an_object_of_the_next_class_is_another_one(go: str, home: str, name: str, headers: bool) -> None:
    there = classes(go, home)
    image = image_of(there, name)
    allocator = Allocator.read(image, 512 if headers else None)
    rounded = roundupsize(go, pointers=False)
    for size, count in every_array():
        made = buckets_made(count, size, rounded)
        right = rounded(made * size)
        place = there.index(right) if right in there else None
        for wrong in (there[place - 1], there[place + 1]) if place and place + 1 < len(there) else (right + 8192,):
            judge = pointers_of(image, OneObject(allocator, wrong, 0, False))
            said = judge.astray(_ARRAY, made * size, False)
            assert said is not None, (size, count, wrong)
            assert said.startswith(f"wrong size class for {made * size} bytes: "), said


def test_without_the_size_classes_an_object_is_judged_by_whether_it_is_large_enough() -> None:
    image = Image({})
    for elemsize, said in ((6528, None), (49152, None), (6520, "wrong size class for 6528 bytes: ")):
        judge = pointers_of(image, OneObject(None, elemsize, 0, True))
        found = judge.astray(_ARRAY, 6528, False)
        assert (found and found[: len(said or "")]) == said
        assert judge.buckets_at(_ARRAY, 16, 408, False) == elemsize // 408 if elemsize >= 6528 else 16


def test_what_is_below_16_bytes_and_has_no_pointers_shares_objects_of_16() -> None:
    allocator = Allocator(classes("1.23.9", "runtime"), 512, False)
    tiny = OneObject(allocator, 16, 0, False)
    for size, pointers, offset, fits in (
        (12, False, 0, True),
        (12, False, 4, True),
        (12, False, 8, False),
        (16, False, 0, True),
        (16, False, 8, False),
        (17, False, 0, False),
        (208, False, 0, False),
        (8, True, 0, False),
        (16, True, 0, False),
        (None, True, 0, False),
    ):
        judge = pointers_of(Image({}), tiny)
        assert (judge.astray(_ARRAY + offset, size, pointers) is None) == fits, (size, pointers, offset)
    # With redzones nothing is as small.
    judge = pointers_of(Image({}), OneObject(Allocator(allocator.classes, 512, True), 16, 0, False))
    assert judge.astray(_ARRAY, 12, False) is not None


@pytest.mark.parametrize(
    "there", [[], [0], [8, 16], [0, 16, 8], [0, 8, 8]], ids=["none", "one", "from 8", "down", "twice"]
)
def test_size_classes_that_cannot_be_are_not_believed(there: Sequence[int]) -> None:
    with pytest.raises(LayoutError):
        Allocator.read(image_of(there, "runtime.class_to_size"), 512)


def every_array() -> Iterator[tuple[int, int]]:
    """Bytes of a bucket and number of buckets needed."""
    for size in range(_SMALLEST, _LARGEST + 1, _WORD):
        for b in range(17):
            yield size, 1 << b


def buckets_made(count: int, size: int, rounded: Callable[[int], int]) -> int:
    """How many buckets makeBucketArray in runtime/map.go makes."""
    if count < 16:
        return count
    made = count + count // 16
    up = rounded(made * size)
    return made if up == made * size else up // size


def pointers_of(image: Image, heap: OneObject) -> Pointers:
    return Pointers(heap, image.memory, _HEADER)  # type: ignore[arg-type]


def image_of(there: Sequence[int], name: str) -> Image:
    """An image that holds these size classes as that variable."""
    content = b"".join(size.to_bytes(2, "little") for size in there)
    return Image(
        {_CLASSES_AT: content + bytes(8)}, variables=[(name, _CLASSES_AT, array_of(len(there), basic(Kind.UINT16)))]
    )


def classes(go: str, home: str) -> list[int]:
    """The size classes as that version's source has them."""
    source = toolchains.go(go).parent.parent / "src" / home / "sizeclasses.go"
    found = re.search(r"^var \w+ = \[\w+\]uint16 ?\{(.*?)\}", source.read_text(), re.MULTILINE)
    assert found
    return [int(size) for size in found[1].split(",")]


@functools.lru_cache
def roundupsize(go: str, pointers: bool) -> Callable[[int], int]:
    """That version's runtime.roundupsize, as the runtime itself answers."""
    said = json.loads(subprocess.run([build("roundup", go)], capture_output=True, check=True).stdout)
    if pointers:
        table = [words * _WORD for words in said["Scan"]]
        step = _WORD
    else:
        table, step = said["Noscan"], 1

    def rounded(size: int) -> int:
        # Past the table there are whole pages.
        return table[size // step] if size // step < len(table) else -(-size // 8192) * 8192

    return rounded
