"""What is worked out about one stopped program, each thing kept for as long as it stays true.

A Target answers questions; a Program is a Target that also remembers what was concluded from the answers. Whoever
works something out declares beside it how long it lasts::

    @while_files_stay
    def runtime_types(program: Program) -> RuntimeTypes: ...

    @until_it_moves
    def heap(program: Program) -> Heap: ...

Both are called like plain functions. The second time the answer comes from the program's own store, which goes with the
program: nothing outlives it in a cache of a module.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

from gomap.program.frames import Captured, FrameVariable, Standing
from gomap.program.gotypes import GoType
from gomap.program.mapped_files import MappedFile
from gomap.program.signals import Signal
from gomap.program.target import Symbol, Target, Thread

__all__ = ["Program", "ProgramError", "until_it_moves", "while_files_stay"]

P = ParamSpec("P")
T = TypeVar("T")


class ProgramError(Exception):
    """What was given is no Go program that gomap can look into; says what to do."""


class Program:
    """One program: a process that stands still, or a core.

    Args:
        target: what a debugger, or files alone, know of it.

    Attributes:
        target: the same.
        memory, pointer_size, byte_order, architecture: the target's.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.memory = target.memory
        self.pointer_size = target.pointer_size
        self.byte_order: Literal["little", "big"] = target.byte_order
        self.architecture = target.architecture
        self._while_files_stay: dict[Hashable, Any] = {}
        self._until_it_moves: dict[Hashable, Any] = {}

    def type_named(self, name: str) -> GoType | None:
        return self.target.type_named(name)

    def variable(self, name: str) -> tuple[int, GoType] | None:
        return self.target.variable(name)

    def constant(self, name: str) -> int | None:
        return self.target.constant(name)

    def symbol_at(self, address: int) -> Symbol | None:
        return self.target.symbol_at(address)

    @property
    def variable_names(self) -> Sequence[str]:
        return self.target.variable_names

    @property
    def other_build(self) -> str | None:
        return self.target.other_build

    @property
    def signal(self) -> Signal | None:
        return self.target.signal

    def variables(self) -> Iterator[tuple[str, int, GoType]]:
        return self.target.variables()

    def threads(self) -> Sequence[Thread]:
        return self.target.threads()

    def mapped_files(self) -> Sequence[MappedFile]:
        return self.target.mapped_files()

    def frame_variables(self, standing: Standing) -> Sequence[FrameVariable]:
        return self.target.frame_variables(standing)

    def captured(self, entry: int) -> Sequence[Captured]:
        return self.target.captured(entry)

    def moved(self) -> None:
        """It ran, or somebody wrote to it: forget its memory, and all that was concluded from that."""
        self.memory.clear()
        self._until_it_moves.clear()


def while_files_stay(work: Callable[Concatenate[Program, P], T]) -> Callable[Concatenate[Program, P], T]:
    """Remember what WORK returns for as long as the program's files are the same ones. Errors are not remembered."""
    return _remembering(work, lambda program: program._while_files_stay)


def until_it_moves(work: Callable[Concatenate[Program, P], T]) -> Callable[Concatenate[Program, P], T]:
    """Remember what WORK returns until the program runs, or is written to. Errors are not remembered."""
    return _remembering(work, lambda program: program._until_it_moves)


def _remembering(
    work: Callable[Concatenate[Program, P], T], store_of: Callable[[Program], dict[Hashable, Any]]
) -> Callable[Concatenate[Program, P], T]:
    @functools.wraps(work)
    def asked(program: Program, /, *args: P.args, **kwargs: P.kwargs) -> T:
        store = store_of(program)
        question = (work, args, *kwargs.items())
        if question not in store:
            store[question] = work(program, *args, **kwargs)
        answer: T = store[question]
        return answer

    return asked
