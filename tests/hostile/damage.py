"""What is done to an image: to one kind of place, in one way, as a seed has it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.hostile.image import Image, Place

__all__ = ["damage"]

_TOP = 1 << 64
_NUMBERS = (0, 1, 0x10, 0xFF, 1 << 20, 1 << 32, 1 << 40, 1 << 46, 1 << 47, (1 << 47) - 8, 1 << 63, _TOP - 8, _TOP - 1)
#: What a name or text is overwritten with.
_WICKED = (
    b"\x1b]0;gone\x07\x1b[31m",
    b"\0\0\0",
    b"\xff\xfe\xc0",
    b"\xc2\x9b31m",
    b"\r\x08\x08\x7f\x0b",
    b"'\"\\%s%n{}",
    b"\xe2\x80\xae\xe2\x80\xa8",
)
#: Names that stand in the program: as its descriptors, its symbol table and its debug information have them.
_NAMES = re.compile(
    rb"\*?main\.(?:id|node|level|words|anys|made|grids|hold)\b|(?<=[\x04\x05])(?:Label|Below|Held|Grid)"
)

Way = Callable[[Random, Image, Place], str]


def damage(random: Random, image: Image, other: Path) -> tuple[str, str]:
    """Damage IMAGE; what was done, in words, and the variable whose map it is about (any, if it is the runtime's).

    Args:
        other: a program of another build.
    """
    done, subject = [], ""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        if random.random() < 0.08:
            done.append(random.choice(_FILES)(random, image, other))
            continue
        what = random.choice(sorted({place.what for place in image.places}))
        place = random.choice([place for place in image.places if place.what == what])
        subject = subject or place.of
        way = random.choice(_WAYS)
        done.append(f"{way.__name__.strip('_')} {what} {place.of} at {place.address:#x}: {way(random, image, place)}")
    return "; ".join(done), subject


def _word(random: Random, image: Image, place: Place) -> str:
    """Put another number into a word: one of the small, the huge, the nearly right and the misleading."""
    words = image.words(place.address, place.size)
    at, before = random.choice(words) if words and random.random() < 0.8 else (_aligned(random, place), 0)
    somewhere = [random.choice(image.places).address for _ in range(2)]
    nearly = (
        before + 1,
        before - 1,
        before + 8,
        before - 8,
        before * 2,
        before << 16,
        before ^ 1 << random.randrange(64),
    )
    wild = (random.randrange(_TOP), random.randrange(1 << 16), 0xDEAD0000)
    after = random.choice((*_NUMBERS, *nearly, *wild, at, place.address, *somewhere))
    image.write(at, (after % _TOP).to_bytes(8, "little"))
    return f"{at:#x} = {after % _TOP:#x}"


def _byte(random: Random, image: Image, place: Place) -> str:
    at = place.address + random.randrange(place.size)
    after = random.choice((0, 1, 2, 4, 0x7F, 0x80, 0xFE, 0xFF, random.randrange(256)))
    image.write(at, bytes((after,)))
    return f"{at:#x} = {after:#x}"


def _bits(random: Random, image: Image, place: Place) -> str:
    for _ in range(random.randrange(1, 9)):
        at = place.address + random.randrange(place.size)
        before = image.read(at, 1)
        if before:
            image.write(at, bytes((before[0] ^ 1 << random.randrange(8),)))
    return "some flipped"


def _zeroes(random: Random, image: Image, place: Place) -> str:
    image.write(place.address, bytes(min(place.size, 4096)))
    return "all"


def _noise(random: Random, image: Image, place: Place) -> str:
    size = min(place.size, random.choice((8, 32, 256, 4096)))
    image.write(place.address, random.randbytes(size))
    return f"{size} bytes"


def _page(random: Random, image: Image, place: Place) -> str:
    start = place.address & ~0xFFF
    fill = random.choice((bytes(4096), b"\xff" * 4096, random.randbytes(4096), b"\x1b[2J" * 1024))
    image.write(start, fill)
    return f"{fill[:4]!r}... from {start:#x} on"


def _escapes(random: Random, image: Image, place: Place) -> str:
    wicked = random.choice(_WICKED)[: place.size]
    image.write(place.address + random.randrange(place.size - len(wicked) + 1), wicked)
    return repr(wicked)


def _another(random: Random, image: Image, place: Place) -> str:
    """Put another thing of the same kind there."""
    alike = random.choice([each for each in image.places if each.what == place.what])
    image.write(place.address, image.read(alike.address, min(place.size, alike.size)))
    return f"what is at {alike.address:#x}"


_WAYS: tuple[Way, ...] = (_word, _word, _word, _word, _byte, _bits, _zeroes, _noise, _page, _escapes, _another)


def _cut_core(random: Random, image: Image, other: Path) -> str:
    return _cut(random, image.core)


def _cut_program(random: Random, image: Image, other: Path) -> str:
    return _cut(random, image.program)


def _other_program(random: Random, image: Image, other: Path) -> str:
    image.program.write_bytes(other.read_bytes())
    return "a program of another build"


def _names_in_program(random: Random, image: Image, other: Path) -> str:
    data = bytearray(image.program.read_bytes())
    found = list(_NAMES.finditer(data))
    names = sorted({each[0] for each in found})
    name, wicked = random.choice(names), random.choice(_WICKED)
    wicked = wicked[: len(name)]
    for each in found:
        if each[0] == name and random.random() < 0.5:
            data[each.end() - len(wicked) : each.end()] = wicked
    image.program.write_bytes(data)
    return f"program: {name!r} ends in {wicked!r}"


def _noise_in_program(random: Random, image: Image, other: Path) -> str:
    size = image.program.stat().st_size
    with open(image.program, "r+b") as file:
        for _ in range(20):
            file.seek(random.randrange(0x1000, size - 16))
            file.write(random.randbytes(16))
    return "program: noise at twenty places"


_FILES = (_cut_core, _cut_program, _other_program, _names_in_program, _names_in_program, _noise_in_program)


def _cut(random: Random, path: Path) -> str:
    size = int(path.stat().st_size * random.choice((0.001, 0.1, 0.5, 0.9, 0.99, random.random())))
    with open(path, "r+b") as file:
        file.truncate(size)
    return f"{path.name} cut to {size} bytes"


def _aligned(random: Random, place: Place) -> int:
    return place.address + random.randrange(max(place.size // 8, 1)) * 8
