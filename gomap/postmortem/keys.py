"""What is wrong with the key of a map operation: what it leads to cannot be read, or its type cannot be hashed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Literal, NamedTuple

from gomap.goruntime.rtype import runtime_types
from gomap.goruntime.tracebacks import CallFrame
from gomap.hashing.parts import hashed_outside
from gomap.maps.model import GoMap, Note
from gomap.maps.operations import Key
from gomap.maps.syncmap import is_sync_map
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.mapped_files import FilePlace, file_at
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["KeyTrouble", "in_file", "key_at_fault", "passed_at_fault", "stored_at_fault"]

#: Parts of a key that are looked at; bytes of a string that it may have.
_MOST_PARTS, _LONGEST = 1 << 10, 1 << 40
#: Keys of a map that are looked at.
_MOST_STORED = 1 << 20


class KeyTrouble(NamedTuple):
    """Why an operation failed because of its key.

    Attributes:
        what: ``key``: the key itself cannot be read; ``string``: the bytes of a string in it; ``interface``: what an
            interface in it holds; ``type``: its dynamic type; ``unhashable``: that type has no hash.
        path: of the part of the key that it is: ``key``, ``key.host``, ``key[2]``.
        start, end: of the memory that this leads to; both 0 of what is unhashable.
        stored: where the map has the key, if it is not the one that was passed: 0 of that one.
        file: the byte of a mapped file that could not be had, if it was one.
    """

    what: Literal["key", "string", "interface", "type", "unhashable"]
    path: str
    start: int = 0
    end: int = 0
    stored: int = 0
    file: FilePlace | None = None


class _Region(NamedTuple):
    what: Literal["string", "interface", "type"]
    path: str
    start: int
    end: int


#: Interfaces in one another that are looked into; bytes of what one holds.
_DEEPEST, _LARGEST = 4, 1 << 16
#: What an interface holds is as long as any key may be; a type descriptor's fixed part is shorter than that.
_HELD, _DESCRIPTOR = 1 << 7, 1 << 6


def key_at_fault(program: Program, map: GoMap, key: Key, address: int) -> KeyTrouble | None:
    """The part of the KEY that leads to ADDRESS, which could not be had; None if none does."""
    if key.address and key.address <= address < key.address + max(map.key.size, 1):
        return KeyTrouble("key", "key", key.address, key.address + map.key.size)
    if len(key.content) != map.key.size:
        return None
    region = next(_regions_with(address, program, map.key, key.content), None)
    return KeyTrouble(*region) if region is not None else None


def passed_at_fault(program: Program, entry: CallFrame, map: GoMap, address: int) -> KeyTrouble | None:
    """The part of a key which leads to ADDRESS, where the debug information has lost the key.

    It goes by what stands where there is room for arguments: on the stack of who called ENTRY, the map function. What
    stands there may be left over.
    """
    word, arguments = program.pointer_size, entry.frame.arguments
    if arguments is None:
        return None
    try:
        room = program.memory.read(arguments, min(entry.frame.function.args, _MOST_PARTS) // word * word)
    except ReadError:
        return None
    words = [int.from_bytes(room[at : at + word], program.byte_order) for at in range(0, len(room), word)]
    if is_sync_map(map.type):  # behind the map, and maybe a dictionary, it stands itself
        for at in range(word, min(len(room), 4 * word) - word, word):
            for region in _regions_with(address, program, map.key, room[at : at + 2 * word]):
                if region.start:
                    return KeyTrouble(*region)
        return None
    # In front of the key are the type and the map.
    start, length = (*words[2:4], 0, 0)[:2]
    if map.key.kind is Kind.STRING and start <= address < start + min(length, _LONGEST):
        return KeyTrouble("string", "key", start, start + length)
    if start and start <= address < start + map.key.size:
        return KeyTrouble("key", "key", start, start + map.key.size)
    return None


def stored_at_fault(program: Program, map: GoMap, address: int) -> KeyTrouble | None:
    """The part of a key that the MAP has which leads to ADDRESS: an operation compares keys, and growth hashes all."""
    if not hashed_outside(map.key):
        return None
    for entry in islice(map.entries(), _MOST_STORED):
        if isinstance(entry, Note) or isinstance(entry.key, ReadError):
            continue
        buffer, offset, stored = entry.key
        region = next(_regions_with(address, program, map.key, buffer[offset : offset + map.key.size]), None)
        if region is not None:
            return KeyTrouble(*region, stored)
    return None


def in_file(program: Program, trouble: KeyTrouble, address: int) -> KeyTrouble:
    """TROUBLE with the byte of the mapped file that ADDRESS, which could not be had, is, if it is one."""
    return trouble._replace(file=file_at(program.mapped_files(), address))


def _regions_with(address: int, program: Program, type: GoType, content: bytes) -> Iterator[_Region]:
    """The memory that a key leads to in which ADDRESS is."""
    for region in islice(_regions(program, type, content, "key"), _MOST_PARTS):
        if region.start <= address < min(region.end, region.start + _LONGEST):
            yield region


def _regions(program: Program, type: GoType, content: bytes, path: str, depth: int = 0) -> Iterator[_Region]:
    """The memory that a key leads to, and is hashed by."""
    if depth > _DEEPEST:
        return
    word = program.pointer_size
    first, second = (int.from_bytes(content[at : at + word], program.byte_order) for at in (0, word))
    if type.kind is Kind.STRING:
        yield _Region("string", path, first, first + second)
    elif type.kind is Kind.INTERFACE and first:  # nil has nothing to be hashed by
        yield _Region("type", path, first, first + _DESCRIPTOR)
        held = _held(program, type, first)
        if held is None:
            yield _Region("interface", path, second, second + _HELD)
            return
        yield _Region("interface", path, second, second + max(held.size, 1))
        if hashed_outside(held):
            try:
                inner = program.memory.read(second, held.size)
            except ReadError:
                return
            yield from _regions(program, held, inner, f"{path}.({held.name})", depth + 1)
    elif type.kind is Kind.STRUCT:
        for field in type.fields:
            part = content[field.offset : field.offset + field.type.size]
            yield from _regions(program, field.type, part, f"{path}.{field.name}", depth)
    elif type.kind is Kind.ARRAY and hashed_outside(type):
        for number in range(type.length):
            part = content[number * type.elem.size : (number + 1) * type.elem.size]
            yield from _regions(program, type.elem, part, f"{path}[{number}]", depth)


def _held(program: Program, interface: GoType, word: int) -> GoType | None:
    """The type of what an interface holds, whose first word is WORD; None if it is not known, or is in that itself."""
    types = runtime_types(program)
    try:
        descriptor = word if interface.find("_type") is not None else types.in_itab(word)
        type = types.named_at(descriptor) if types.in_module(descriptor) else None
        return type if type is not None and not types.is_direct(descriptor) and type.size <= _LARGEST else None
    except (LayoutError, ReadError):
        return None
