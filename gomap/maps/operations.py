"""Which operations on maps a goroutine is in the middle of, on which map, with which key.

Which operation the functions on its stack tell. Which map the arguments of these functions tell, where the debug
information still knows them; otherwise it is looked for among the words on their frames, and then it is only likely:
what an earlier call has left there is no different. Functions: runtime/map*.go up to Go 1.23; internal/runtime/maps and
runtime/map.go from Go 1.24 on; those of package reflect are the runtime's, under another name. The methods of sync.Map
(gomap.maps.sync_calls) are operations too: those on the plain maps in it, up to Go 1.23, are part of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from gomap.goruntime.frames import words_of
from gomap.goruntime.functions import functions_of
from gomap.goruntime.instances import variables_of
from gomap.goruntime.rtype import runtime_types
from gomap.goruntime.tracebacks import CallFrame, Traceback
from gomap.maps.callers import ITERATORS, headers_in_reach, map_by_type, passed_iterator, site_of, type_passed
from gomap.maps.model import GoMap
from gomap.maps.naming import package_paths, path_from
from gomap.maps.opening import open_map
from gomap.maps.operation_facts import (
    ArgumentLost,
    HeaderOfUnknownType,
    HeadersOnStack,
    IteratorOfCaller,
    KeyUnknown,
    MapEvidence,
    NilMap,
    NotDescribed,
    OnlyHeaderInReach,
    OnlyHeaderOnStack,
    OnlyMapOfType,
    Passed,
    TooLarge,
    TypeUnknown,
    Unopened,
)
from gomap.maps.recognised import Evidence
from gomap.maps.recognition import header_at, type_of_instance
from gomap.maps.sync_calls import SyncMapFound, method_kind, of_sync_map, part_of_sync_map, sync_map_of
from gomap.maps.trials.trial import trial_of
from gomap.program.frames import FrameVariable, Piece
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program
from gomap.program.target import pointer_at

__all__ = ["Key", "Operation", "kind_of", "of_map_code", "operations"]

_SWISS = r"internal/runtime/maps\."
_RUNTIME = r"(?:runtime|reflect|internal/reflectlite)\.(?:reflect_|reflectlite_|runtime_)?"
#: What a function does, by its name; tried in this order.
_OPERATIONS = tuple(
    (kind, re.compile(rf"{_RUNTIME}(?:{runtime})|{_SWISS}(?:{swiss})"))
    for kind, runtime, swiss in (
        ("access", r"mapaccess", r"runtime_mapaccess|\(\*(?:Map|table)\)\.[Gg]et"),
        ("assign", r"mapassign", r"runtime_mapassign|\(\*(?:Map|table)\)\.(?:Put|put|uncheckedPut)"),
        ("delete", r"mapdelete", r"runtime_mapdelete|\(\*(?:Map|table)\)\.(?:Delete|deleteSmall|tombstone)"),
        ("clear", r"mapclear", r"\(\*(?:Map|table)\)\.(?:Clear|clearSmall)"),
        ("iterate", r"mapiter(?:init|next)|mapIter(?:Start|Next)", r"\(\*Iter\)\."),
        ("clone", r"mapclone|moveToBmap", r"\(\*(?:Map|table)\)\.[Cc]lone|cloneGroup"),
        ("make", r"makemap", r"NewMap|NewEmptyMap"),
        (
            "grow",
            r"hashGrow|growWork|evacuate|advanceEvacuationMark",
            r"\(\*Map\)\.(?:growTo|installTableSplit)|\(\*table\)\.(?:rehash|grow|split|pruneTombstones)",
        ),
    )
)
#: Functions that are part of an operation, without telling which.
_PART = re.compile(rf"{_SWISS}|runtime\.(?:\(\*(?:hmap|bmap)\)\.|makeBucketArray|mapKeyError)")
#: Types of arguments that lead to a map: its header, an iterator, its type.
_HEADERS = ("runtime.hmap", "internal/runtime/maps.Map")
_TYPES = re.compile(r"(?:runtime\.maptype|internal/abi\.(?:Swiss|Old)?MapType)")
#: What functions call the key that they take.
_KEYS = ("key", "ky", "s")
#: Bytes of a key that are looked at.
_LARGEST_KEY = 1 << 16


class Key(NamedTuple):
    """The key of an operation.

    Attributes:
        content: its bytes; empty if they cannot be had.
        unknown: why they cannot; None if they can.
        address: where it is, of one that is passed by its address; else 0.
    """

    content: bytes
    unknown: KeyUnknown | None = None
    address: int = 0


class Operation(NamedTuple):
    """An operation on a map, under way.

    Attributes:
        kind: ``access``, ``assign``, ``delete``, ``clear``, ``iterate``, ``clone``, ``make``, ``grow``.
        grows: whether the map is made to grow by it, just now.
        function: which the program called for it.
        inner, outer: which of the calls on the stack it is, from the innermost on.
        map: on which map; None if that cannot be told.
        path: how the program gets to it: by a package variable (``main.srv.sessions``), or by one of the function that
            asked for the operation (``s.sessions``); empty if that is not known.
        by: what tells, or why nothing does.
        certain: whether that is beyond doubt.
        key: with which key; None of operations that take none.
    """

    kind: str
    grows: bool
    function: str
    inner: int
    outer: int
    map: GoMap | None
    path: str
    by: MapEvidence
    certain: bool
    key: Key | None

    @property
    def on_sync_map(self) -> bool:
        """Whether it is a method of sync.Map."""
        return of_sync_map(self.function)

    @property
    def caller(self) -> int:
        """The number of the call that asked for it."""
        return self.outer + 1


def operations(program: Program, trace: Traceback) -> Iterator[Operation]:
    """The operations that are under way on a stack, the innermost first. Raises LayoutError, ReadError."""
    run: list[CallFrame] = []
    for call in [*trace.calls, None]:
        if call is not None and of_map_code(call.call.name):
            run.append(call)
            continue
        while run and kind_of(run[-1].call.name) is None:  # a function of the runtime's that serves others too
            run.pop()
        if run:
            yield _operation(program, trace, run)
        run = []


def kind_of(function: str) -> str | None:
    """What the function of that name does to a map; None if it is none of those that the program calls."""
    return method_kind(function) or next((kind for kind, pattern in _OPERATIONS if pattern.match(function)), None)


def of_map_code(function: str) -> bool:
    """Whether the function of that name is one that operates on maps, or part of one."""
    return bool(kind_of(function) or _PART.match(function) or part_of_sync_map(function))


def _operation(program: Program, trace: Traceback, run: Sequence[CallFrame]) -> Operation:
    kinds = [kind_of(call.call.name) for call in run]
    kind, entry = kinds[-1] or "grow", run[-1]
    told = _Told(program, trace, run)
    panics = run[0].number > 0 and trace.calls[run[0].number - 1].call.name == "runtime.gopanic"
    if of_sync_map(entry.call.name):
        map, by, certain = told.sync_map()
    elif kind == "assign" and panics:  # their other errors end the program, or are of functions that they call
        map, by, certain = None, NilMap(), True
    else:
        map, by, certain = told.map()
    path = told.path(map.address) if map is not None else ""
    key = told.key(map) if kind in ("access", "assign", "delete") else None
    return Operation(kind, "grow" in kinds, entry.call.name, run[0].number, entry.number, map, path, by, certain, key)


class _Told:
    """What the frames of an operation tell."""

    def __init__(self, program: Program, trace: Traceback, run: Sequence[CallFrame]) -> None:
        self._program, self._run = program, run
        caller = run[-1].number + 1
        self._caller = trace.calls[caller] if caller < len(trace.calls) else None
        self._of_caller = _variables(program, trace, self._caller) if self._caller is not None else []
        #: Each argument, that of the function called first in front, and that function's name.
        self._arguments = [
            (variable, call.call.name) for call in reversed(run) for variable in _arguments(program, trace, call)
        ]

    def map(self) -> tuple[GoMap | None, MapEvidence, bool]:
        """The map, what tells, and whether it is beyond doubt."""
        types = [found for each, _ in self._arguments if (found := self._type(each)) is not None]
        for variable, function in self._arguments:
            header = self._header(variable)
            if header is None:
                continue
            address, type, argument = header
            by = Passed(argument, function)
            type = type or next(iter(types), None) or self._recognised(address, self._type_by_caller(address))
            trial = trial_of(self._program, address) if type is None else None
            type = trial.type if trial is not None else type
            if type is None:
                return None, HeaderOfUnknownType(by, address), True
            try:
                map = open_map(self._program, type, address)
                map.recognised_by = Evidence.HASHES if trial is not None else None
                return map, by, True
            except (LayoutError, ReadError) as error:
                return None, Unopened(by, type.name, address, error), True
        return self._by_caller() or self._likely(types)

    def sync_map(self) -> SyncMapFound:
        """The same of a sync.Map that a method was called on."""
        return sync_map_of(self._program, self._arguments, self._caller, self._of_caller, self._words())

    def path(self, address: int) -> str:
        """How the program gets to the map whose header is there."""
        by_caller = path_from(self._program, self._of_caller, address)
        package = package_paths(self._program).get(address)
        return package.path if package is not None else by_caller[0] if by_caller is not None else ""

    def _by_caller(self) -> tuple[GoMap | None, MapEvidence, bool] | None:
        """The map, as far as the caller of the operation tells."""
        if self._caller is None:
            return None
        name = self._caller.call.name
        if kind_of(self._run[-1].call.name) == "iterate":
            found = passed_iterator(self._program, self._caller)
            if found is None:
                return None
            return open_map(self._program, found.type, found.header), IteratorOfCaller(found.address, name), True
        site = site_of(self._program, self._caller)
        passed = None if site is None else type_passed(self._program, site)
        if passed is None:
            return None
        maps = map_by_type(self._program, self._caller, self._of_caller, passed)
        if not self._program.variable_names:  # no debug information
            in_reach = headers_in_reach(self._program, self._caller, passed)
            if len(in_reach) == 1:
                return open_map(self._program, passed, in_reach.pop()), OnlyHeaderInReach(name), False
        if len(maps) != 1:
            return None
        ((address, path),) = maps.items()
        return open_map(self._program, passed, address), OnlyMapOfType(name, path), False

    def _type_by_caller(self, address: int) -> GoType | None:
        """The type that the function which asked for the operation has for that map."""
        found = path_from(self._program, self._of_caller, address)
        return None if found is None else type_of_instance(self._program, found[1], address)

    def key(self, map: GoMap | None) -> Key:
        """The key that the function called first was given."""
        unknown: KeyUnknown = NotDescribed(self._run[-1].call.name)
        address = 0
        for variable, function in self._arguments:
            if variable.name not in _KEYS or not variable.argument:
                continue
            if not variable.pieces:
                unknown = ArgumentLost(variable.name, function, variable.lost.partition(";")[0])
                continue
            try:
                content = variable.read(self._program.memory)
                if variable.type.kind is not Kind.UNSAFE_POINTER or function.endswith("ptr"):
                    return Key(content)
                address = self._number(content)
                if map is not None and map.key.size <= _LARGEST_KEY:
                    return Key(self._program.memory.read(address, map.key.size), None, address)
                unknown = TypeUnknown() if map is None else TooLarge(map.key.size)
            except ReadError as error:
                unknown = error
        return Key(b"", unknown, address)

    def _header(self, variable: FrameVariable) -> tuple[int, GoType | None, str | int] | None:
        """The header that an argument leads to, the map's type if it tells, and which it is, as Passed has it."""
        if not variable.pieces or variable.type.kind is not Kind.POINTER:
            return None
        name = variable.type.elem.name
        try:
            address = self._number(variable.read(self._program.memory))
            if name in _HEADERS:
                return (address, None, variable.name) if address else None
            if name in ITERATORS:
                header, type = (
                    self._in_iterator(variable.type.elem, address, each) for each in (("h", "m"), ("t", "typ"))
                )
                known = runtime_types(self._program).named_at(type) if type else None
                return (header, known, address) if header else None
        except (ReadError, LayoutError):
            pass
        return None

    def _in_iterator(self, type: GoType, address: int, names: Sequence[str]) -> int:
        field = next(filter(None, map(type.find, names)), None)
        return pointer_at(self._program, address + field.offset) if field is not None else 0

    def _type(self, variable: FrameVariable) -> GoType | None:
        """The map type that an argument is."""
        if not variable.pieces or variable.type.kind is not Kind.POINTER or not _TYPES.match(variable.type.elem.name):
            return None
        try:
            type = runtime_types(self._program).named_at(self._number(variable.read(self._program.memory)))
        except (ReadError, LayoutError):
            return None
        return type if type.kind is Kind.MAP else None

    def _likely(self, types: Sequence[GoType]) -> tuple[GoMap | None, MapEvidence, bool]:
        """The one map whose header the words on the frames lead to."""
        words = list(dict.fromkeys(self._words()))
        named = {type.name: type for type in types or filter(None, map(self._map_type, words))}
        passed = next(iter(named.values())) if len(named) == 1 else None
        found: dict[int, GoType] = {}
        for word in words:
            type = self._recognised(word, passed)
            if type is not None and (not named or type.name in named):
                found[word] = type
        function = self._run[-1].call.name
        if len(found) == 1:
            ((address, type),) = found.items()
            return open_map(self._program, type, address), OnlyHeaderOnStack(function), False
        return None, HeadersOnStack(function, list(found)), False

    def _words(self) -> Iterable[int]:
        """The words on the operation's frames, and what its arguments take on its caller's."""
        return words_of(self._program, self._run[0].frame, self._run[-1].frame).values()

    def _map_type(self, address: int) -> GoType | None:
        types = runtime_types(self._program)
        try:
            if not types.in_module(address):
                return None
            type = types.named_at(address)
        except (ReadError, LayoutError):
            return None
        return type if type.kind is Kind.MAP else None

    def _recognised(self, address: int, passed: GoType | None) -> GoType | None:
        """The type of the map whose header is there: what is there tells, or it is the one that was PASSED."""
        try:
            found = header_at(self._program, address)
        except (ReadError, LayoutError):
            return None
        return found and (found.type or passed)

    def _number(self, content: bytes) -> int:
        return int.from_bytes(content, self._program.byte_order)


def _arguments(program: Program, trace: Traceback, call: CallFrame) -> Iterator[FrameVariable]:
    """The arguments of a call, as far as they are known."""
    arguments = [each for each in _variables(program, trace, call) if each.argument]
    return _spilled(program, call, arguments) if _grows_stack(program, trace, call) else iter(arguments)


def _variables(program: Program, trace: Traceback, call: CallFrame) -> Sequence[FrameVariable]:
    standing = trace.standing(call)
    try:
        return () if standing is None else variables_of(program, standing)
    except LayoutError:  # damaged debug information: nothing tells
        return ()


def _grows_stack(program: Program, trace: Traceback, call: CallFrame) -> bool:
    """Whether it has just been called, and has called runtime.morestack, for its stack is to grow, or it to give way.

    No other call is made by a function that has no frame yet. By then it has put the registers that its arguments came
    in where its caller left room for them; on 386 its caller has put them there.
    """
    frame = call.frame
    first = call is trace.calls[0] and not call.call.inlined and not frame.exact
    return first and functions_of(program).depth(frame.pc) == 0


def _spilled(program: Program, call: CallFrame, arguments: Sequence[FrameVariable]) -> Iterator[FrameVariable]:
    """The ARGUMENTS where that room has them: one after the other, aligned (Go's internal ABI)."""
    at = call.frame.arguments or 0
    # They are told in the order of their declaration; what a function returns is among them.
    for variable in arguments:
        size = variable.type.size
        align = min(size & -size, program.pointer_size) or 1
        at += -at % align
        if variable.name.startswith("~"):
            continue
        yield variable._replace(pieces=(Piece(None, at),), lost="")
        at += size
