"""What a debugger offers to those who watch a program run, and what it drives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

from gomap.expressions.scope import Scope
from gomap.program.program import ProgramError

__all__ = [
    "A_CORE",
    "MOST_WATCHED",
    "Live",
    "NoWatchpointError",
    "Sighting",
    "Suspicion",
    "Trap",
    "Watcher",
    "demand_room",
]

#: Places in memory that a processor can watch at once; arm64 may have more, gomap does not ask for them.
MOST_WATCHED = 4
#: What to say where there is one.
A_CORE = "a core does not run: this needs a live process"
#: How many bytes at one place.
_WIDEST = 8


class NoWatchpointError(ProgramError):
    """There is no hardware watchpoint to be had, or none left; the text says which."""


class Trap(NamedTuple):
    """Where the program is to be stopped.

    Attributes:
        address: of the bytes that are watched for writes, or of the instruction.
        size: how many bytes; 0: as that instruction is about to be executed.
    """

    address: int
    size: int = 0

    @property
    def pieces(self) -> list[Trap]:
        """As few aligned pieces as cover the bytes, each as much as a processor watches at one place: 1, 2, 4, 8."""
        found, at, end = [], self.address, self.address + self.size
        while at < end:
            width = _WIDEST
            while width > end - at or at % width:
                width //= 2
            found.append(Trap(at, width))
            at += width
        return found


def demand_room(trap: Trap, taken: int) -> None:
    """Raises NoWatchpointError if a TRAP on bytes needs more hardware watchpoints than are left of those TAKEN."""
    more = len(trap.pieces)
    if more and taken + more > MOST_WATCHED:
        raise NoWatchpointError(
            f"{taken} of {MOST_WATCHED} hardware watchpoints are in use, and this takes {more} more; "
            "end another gomap-guard or gomap-watch with -off, or delete one of your own"
        )


class Sighting(Protocol):
    """What a watcher has seen."""

    @property
    def stops(self) -> bool:
        """Whether the program is to stay stopped."""
        ...


class Suspicion(NamedTuple):
    """That there is something to stop for, as it seems while other threads run."""

    stops: bool = True


T = TypeVar("T", bound=Sighting)
T_co = TypeVar("T_co", bound=Sighting, covariant=True)


class Watcher(Protocol[T_co]):
    """Who is asked at traps whether the program goes on."""

    @property
    def name(self) -> str:
        """The command and what it is about, for a person: ``gomap-guard main.m``. There is one watcher of a name."""
        ...

    def traps(self) -> Sequence[Trap]:
        """What must be set now. With none left it is over."""
        ...

    def struck(self, trap: Trap, lwp: int, still: bool) -> T_co | Suspicion | None:
        """One of its traps was struck by that thread of the system's: what it makes of that; None: nothing.

        What was read of the program before is forgotten. A write is told of once it has been made, and one that leaves
        the bytes as they were may be told of too. Raises gomap's errors, which stop the program.

        STILL: all threads stand still. Otherwise the others run on while it looks, collect garbage, say, and nothing
        that would stop the program can be relied on: it gives a Suspicion then, stays as it was, and is asked again.
        """
        ...


class Live(Protocol):
    """What a debugger offers whose program runs."""

    def demand(self) -> None:
        """Raises ProgramError unless there is a process now."""
        ...

    def keep(
        self, watcher: Watcher[T], make: Callable[[Scope], Watcher[T]], told: Callable[[T], Iterable[str]]
    ) -> Iterable[str]:
        """Set the watcher's traps and let it answer at them; what is to be said of that.

        In GDB this returns at once, and the watcher stands by until it is dropped, or has no traps left; as the program
        runs again, MAKE makes a new one where expressions mean what they did. Delve calls nobody back: the program is
        resumed here, until the watcher stops it or anything else does, and then the watcher has ended.

        TOLD: from what the watcher has seen to lines. Raises ProgramError where its traps cannot be set, which is
        NoWatchpointError where those on bytes cannot.
        """
        ...

    def drop(self, command: str) -> Sequence[str]:
        """End all watchers of a command (``gomap-guard``); their names."""
        ...
