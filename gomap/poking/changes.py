"""Writing a change to a process, and taking back the last one."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

from gomap.goruntime.answers import (
    Answer,
    FreeObject,
    FreePages,
    ManualSpan,
    ModuleData,
    NotInCore,
    NotMapped,
    SpanTail,
    Text,
    UnreadableFile,
)
from gomap.goruntime.heap import heap_of
from gomap.goruntime.wording import answer_text
from gomap.poking.places import Meaning, Place, PokeError
from gomap.program.gotypes import LayoutError
from gomap.program.program import Program, ProgramError

__all__ = ["ONLY_A_CORE", "Change", "Process", "apply", "forget", "last_change", "planned", "take_back"]

#: What to say where there is no process.
ONLY_A_CORE = "a core is not written to: only a process can be changed"

#: No map is there, or none any more: what is written there harms something else.
_NO_MAP_THERE = (FreeObject, FreePages, SpanTail, ManualSpan, Text, NotMapped, NotInCore, UnreadableFile)


class Process(Protocol):
    """A process that stands still and can be written to.

    Attributes:
        name: for a person: ``process 4711``. No other process has it while gomap runs.
    """

    @property
    def name(self) -> Hashable: ...

    def write(self, address: int, content: bytes) -> None:
        """Put the bytes there, all of them. Raises ProgramError where that cannot be done."""
        ...


@dataclass(frozen=True)
class Change:
    """A change of one number in a map.

    Attributes:
        place: where.
        before, after: the bytes.
        memory: what the address was to the runtime.
        old, new: what the values lead to, of a pointer; None otherwise.
    """

    place: Place
    before: bytes
    after: bytes
    memory: Answer | None
    old: Answer | None = None
    new: Answer | None = None


#: What was changed in each process, the last one last.
_made: dict[Hashable, list[Change]] = {}


def planned(program: Program, place: Place, value: int) -> Change:
    """The change of PLACE to VALUE, not made yet. Raises PokeError where it must not be made, ReadError."""
    after = place.encoded(value)
    before = program.memory.read(place.address, len(after))
    memory = _at(program, place.address)
    if isinstance(memory, _NO_MAP_THERE) or (isinstance(memory, ModuleData) and memory.section == "rodata"):
        what = answer_text(memory)
        raise PokeError(f"{place.name} at {place.address:#x} is in no memory of a map's, so it stays as it is: {what}")
    if place.meaning is not Meaning.POINTER:
        return Change(place, before, after, memory)
    old, new = (_at(program, place.decoded(content)) for content in (before, after))
    return Change(place, before, after, memory, old, new)


def apply(program: Program, process: Process, change: Change) -> None:
    """Make it, and remember it. Raises ProgramError, ReadError."""
    _write(program, process, change.place, change.after)
    _made.setdefault(process.name, []).append(change)


def last_change(process: Process) -> Change:
    """The last one that was made in PROCESS and not taken back. Raises PokeError if there is none."""
    made = _made.get(process.name)
    if made:
        return made[-1]
    others = [str(name) for name, changes in _made.items() if changes]
    where = f"; the changes that can be taken back are in {', '.join(others)}" if others else ""
    raise PokeError(f"nothing to take back: gomap has changed nothing in {process.name}{where}")


def forget(process: Process) -> None:
    """The last change is not to be taken back any more."""
    _made[process.name].pop()


def take_back(program: Program, process: Process, change: Change) -> None:
    """Undo CHANGE, the last one. Where it is no longer as it was left it is forgotten instead, with a PokeError."""
    place = change.place
    now = program.memory.read(place.address, len(change.after))
    memory = _at(program, place.address)
    if now != change.after:
        what = f"there is {place.decoded(now):#x} now, not the {place.decoded(change.after):#x} that was written"
    elif memory != change.memory and memory is not None:
        what = f"the memory serves something else by now: {answer_text(memory)}"
    else:
        _write(program, process, place, change.before)
        forget(process)
        return
    forget(process)
    raise PokeError(f"{place.name} at {place.address:#x} stays as it is: {what}; that change is forgotten")


def _write(program: Program, process: Process, place: Place, content: bytes) -> None:
    process.write(place.address, content)
    program.moved()
    if program.memory.read(place.address, len(content)) != content:
        raise ProgramError(f"{len(content)} bytes at {place.address:#x} have been written, but are not there")


def _at(program: Program, address: int) -> Answer | None:
    """What an address is to the runtime; None where its books cannot be read."""
    try:
        return heap_of(program).at(address)
    except LayoutError:
        return None
