"""What the caller of a map function tells of the map, where the function's own frames have lost it.

The caller's code says which arguments it passes (gomap.goruntime.code): to most map functions first of all the map's
type, and to those that go on with an iteration the iterator, which is on the caller's own stack. The iterator has the
map. A type leaves the maps of that type that the caller gets to: by its variables, or by package variables that its
code names; where nothing is known of its variables, by pointers in its frame, or in what these lead to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gomap.goruntime.answers import HeapObject, ModuleData
from gomap.goruntime.code import CallSite, code_of
from gomap.goruntime.frames import words_of
from gomap.goruntime.heap import heap_of
from gomap.goruntime.instances import has_shape
from gomap.goruntime.rtype import runtime_types
from gomap.goruntime.tracebacks import CallFrame
from gomap.maps.naming import PackagePath, maps_from, package_paths
from gomap.maps.recognition import header_at
from gomap.maps.trials.trial import trial_of
from gomap.program.frames import FrameVariable
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program
from gomap.program.target import pointer_at

__all__ = [
    "ITERATORS",
    "Iterating",
    "headers_in_reach",
    "is_of",
    "iterators_in",
    "map_by_type",
    "names_variable",
    "passed_iterator",
    "site_of",
    "type_passed",
    "words_behind",
]

#: The runtime's iterators, by the names of their types.
ITERATORS = ("runtime.hiter", "internal/runtime/maps.Iter", "runtime.linknameIter", "reflect.hiter")
#: Words of a frame that are looked at.
_MOST_WORDS = 1 << 13
#: Bytes from where a pointer leads that are looked at: nothing says where what it leads to ends.
_MOST_HELD = 128
#: Pointers in a frame that are followed.
_MOST_FOLLOWED = 256


class Iterating(NamedTuple):
    """An iterator on a stack.

    Attributes:
        address: where it is.
        header: of the map.
        type: the map's.
    """

    address: int
    header: int
    type: GoType


def site_of(program: Program, call: CallFrame) -> CallSite | None:
    """Where in its code a function that has called another one has done so; None if that cannot be told."""
    code = code_of(program, call.frame.function.entry)
    return None if code is None else next((site for site in code.calls if site.back == call.frame.pc), None)


def type_passed(program: Program, site: CallSite) -> GoType | None:
    """The map type that is passed; None if that is none, or cannot be told."""
    types = runtime_types(program)
    try:
        type = types.named_at(site.first) if site.first and types.in_module(site.first) else None
    except (ReadError, LayoutError):
        return None
    return type if type is not None and type.kind is Kind.MAP else None


def passed_iterator(program: Program, call: CallFrame) -> Iterating | None:
    """The iterator that a function passes on; or else the only one in its frame. None if nothing tells."""
    site = site_of(program, call)
    if site is not None and site.on_stack >= 0:
        return _iterator_at(program, call.frame.sp + site.on_stack)
    there = list(iterators_in(program, call))
    return there[0] if len(there) == 1 else None


def iterators_in(program: Program, call: CallFrame) -> Iterator[Iterating]:
    """The iterators in a frame; that of an iteration which has ended may be among them. Raises ReadError."""
    frame, word = call.frame, program.pointer_size
    for at in range(frame.sp, min(frame.base or frame.sp, frame.sp + _MOST_WORDS * word), word):
        found = _iterator_at(program, at)
        if found is not None:
            yield found


def map_by_type(
    program: Program, call: CallFrame, variables: Sequence[FrameVariable], passed: GoType
) -> dict[int, str]:
    """The maps of the type PASSED that a function gets to: by their headers, on which path."""
    found = {header: path for header, path, type in maps_from(program, variables) if header and is_of(type, passed)}
    for header, package in package_paths(program).items():
        if package.type.name == passed.name and names_variable(program, call, package):
            found.setdefault(header, package.path)
    return found


def is_of(type: GoType, passed: GoType) -> bool:
    """Whether what a function has as a TYPE may be of the one that is passed: generic code has shapes."""
    return type.name == passed.name or has_shape(passed, type)


def headers_in_reach(program: Program, call: CallFrame, passed: GoType) -> set[int]:
    """The headers that a function's frame, or what its words lead to, has pointers to, of maps that may be of the type
    PASSED. Raises ReadError."""
    in_frame = list(dict.fromkeys(words_of(program, call.frame, call.frame).values()))[:_MOST_FOLLOWED]
    behind = (word for each in in_frame for word in words_behind(program, each))
    return {word for word in dict.fromkeys([*in_frame, *behind]) if word and _may_be(program, word, passed)}


def words_behind(program: Program, address: int) -> Iterator[int]:
    """The words at ADDRESS, if it is one in the heap or among the package variables, to the object's end."""
    size = program.pointer_size
    if not address or address % size:
        return
    try:
        answer = heap_of(program).at(address)
        if not isinstance(answer, (HeapObject, ModuleData)):
            return
        room = answer.start + answer.size - address if isinstance(answer, HeapObject) else _MOST_HELD
        content = program.memory.read(address, program.memory.readable(address, min(room, _MOST_HELD)))
    except (ReadError, LayoutError):
        return
    for at in range(0, len(content) - size + 1, size):
        yield int.from_bytes(content[at : at + size], program.byte_order)


def _may_be(program: Program, address: int, type: GoType) -> bool:
    """Whether there is the header of a map of that TYPE, or of one of which nothing tells its type."""
    try:
        found = header_at(program, address)
    except (ReadError, LayoutError):
        return False
    if found is None or found.type is not None:
        return found is not None and found.type is not None and found.type.name == type.name
    trial = trial_of(program, address)
    return trial is None or not trial.types or type.name in {each.name for each in trial.types}


def names_variable(program: Program, call: CallFrame, package: PackagePath) -> bool:
    """Whether the code of a function on the stack names that package variable."""
    code = code_of(program, call.frame.function.entry)
    return code is not None and any(package.start <= address < package.end for address in code.names)


def _iterator_at(program: Program, address: int) -> Iterating | None:
    """The iterator that is there, of a type that is one and a header that can be read; None if there is none."""
    struct = next(filter(None, map(program.type_named, ITERATORS)), None)
    fields = (
        []
        if struct is None
        else [next(filter(None, map(struct.find, names)), None) for names in (("t", "typ"), ("h", "m"))]
    )
    if len(fields) != 2 or fields[0] is None or fields[1] is None:
        return None
    try:
        word = pointer_at(program, address + fields[0].offset)
        types = runtime_types(program)
        type = types.named_at(word) if word and types.in_module(word) else None
        header = pointer_at(program, address + fields[1].offset)
        if type is None or type.kind is not Kind.MAP or not header:
            return None
        program.memory.read(header, type.header.size)
    except (ReadError, LayoutError):
        return None
    return Iterating(address, header, type)
