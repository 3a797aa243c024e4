"""Changes of the fixture poked's maps: what is typed for each, and what it must do by the program's own view."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tests.sessions.poked import Views

__all__ = ["Poke", "classic_pokes", "swiss_pokes"]

#: As the runtime has them.
_EMPTY_ONE, _DELETED = 1, 0xFE


class Poke(NamedTuple):
    """A change, and what it must do.

    Attributes:
        arguments: as typed.
        at: the address, as the program's own view has it.
        bytes: what will be there.
        map: whose lookups it changes.
        missed: how many keys they miss then.
        text: what the command must say of old and new.
    """

    arguments: str
    at: int
    bytes: bytes
    map: str
    missed: int
    text: str


def classic_pokes(views: Views) -> Iterator[Poke]:
    def empty(mark: int) -> bool:
        return mark < 5

    many, growing = views["many"], views["growing"]
    chained = next(name.removesuffix("+1") for name in many.parts if name.endswith("+1"))
    at, (slot, *_) = many.full(chained + "+1", empty)
    was = many.memory[at + slot]
    text = (
        rf"tophash of slot {slot} of overflow {chained} at {at:#x} \(1 byte at {at + slot:#x}\): {was:#x} \(full\) -> "
    )
    yield Poke(
        f"-bucket {chained}+1 -slot {slot} -value emptyOne main.many",
        *(at + slot, bytes([_EMPTY_ONE]), "many", 1, text + r"0x1 \(emptyOne\)$"),
    )
    other = 0x33 if was != 0x33 else 0x34
    yield Poke(
        f"-bucket {chained}+1 -slot {slot} -value {other} main.many",
        *(at + slot, bytes([other]), "many", 1, text + rf"{other:#x} \(full\)$"),
    )
    head, content = many.parts[chained + "+0"]
    behind = sum(len(many.full(name, empty)[1]) for name in many.parts if re.match(rf"{chained}\+[1-9]", name))
    yield Poke(
        f"-bucket {chained} -field overflow -value nil main.many",
        *(head + len(content) - 8, bytes(8), "many", behind),
        rf"overflow of bucket {chained} at {head:#x} \(8 bytes at \w+\): {at:#x} \(.*object.*\) -> 0x0 \(nil\)$",
    )
    old = next(name for name in growing.parts if name.startswith("old ") and growing.full(name, empty)[1])
    at, (slot, *_) = growing.full(old, empty)
    yield Poke(
        f"-old -bucket {old[4:]} -slot {slot} -value emptyOne main.growing",
        *(at + slot, bytes([_EMPTY_ONE]), "growing", 1, rf"of old \w+ {old[4:].partition('+')[0]} at .*\(emptyOne\)$"),
    )
    at, content = many.parts["header"]
    yield Poke(
        "-field count -value -1 main.many",
        *(at, bytes([0xFF] * 8), "many", 0, rf"^count \(8 bytes at {at:#x}\): {many.len} -> -1$"),
    )


def swiss_pokes(views: Views) -> Iterator[Poke]:
    def empty(mark: int) -> bool:
        return mark >= 0x80

    few, many = views["few"], views["many"]
    at, (slot, *_) = few.full("0", empty)
    was = few.memory[at + slot]
    text = rf"control byte of slot {slot} of group 0 at {at:#x} \(1 byte at {at + slot:#x}\): {was:#x} \(full\) -> "
    yield Poke(
        f"-bucket 0 -slot {slot} -value tombstone main.few",
        *(at + slot, bytes([_DELETED]), "few", 1, text + r"0xfe \(deleted\)$"),
    )
    group = next(name for name in many.parts if ":" in name and not name.startswith("0:") and many.full(name, empty)[1])
    at, (slot, *_) = many.full(group, empty)
    other = many.memory[at + slot] ^ 0x40
    yield Poke(
        f"-bucket {group} -slot {slot} -value {other} main.many",
        *(at + slot, bytes([other]), "many", 1, rf"of group {group.partition(':')[2]} at .* -> {other:#x} \(full\)$"),
    )
    entries = [many.word("directory", number) for number in range(len(many.parts["directory"][1]) // 8)]
    alone = next(number for number, table in enumerate(entries) if entries.count(table) == 1)
    instead = next(table for table in entries if table != entries[alone])
    yield Poke(
        f"-directory {alone} -value {instead:#x} main.many",
        many.parts["directory"][0] + 8 * alone,
        instead.to_bytes(8, "little"),
        "many",
        many.word(f"table {alone}", 0) & 0xFFFF,
        rf"^directory entry {alone} \(8 bytes at .*\): {entries[alone]:#x} \(.*\) -> {instead:#x} \(.*object.*\)$",
    )
    at, _ = many.parts[f"table {alone}"]
    yield Poke(
        f"-table {alone} -field growthLeft -value 3 main.many",
        *(
            at + 4,
            b"\3\0",
            "many",
            0,
            rf"^growthLeft of table {alone} at {at:#x} \(2 bytes at {at + 4:#x}\): \w+ -> 0x3$",
        ),
    )
    of_other = next(name for name in many.parts if name.startswith("table ") and many.parts[name][0] != at)
    yield Poke(
        f"-table {alone} -field groups.data -value {many.word(of_other, 2):#x} main.many",
        at + 16,
        many.word(of_other, 2).to_bytes(8, "little"),
        "many",
        many.word(f"table {alone}", 0) & 0xFFFF,
        r"^groups.data of table .* -> ",
    )
    at, _ = many.parts["header"]
    yield Poke(
        "-field used -value 12 main.many",
        *(at, (12).to_bytes(8, "little"), "many", 0, rf"^used \(8 bytes at {at:#x}\): {many.len:#x} -> 0xc$"),
    )
