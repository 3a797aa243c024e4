"""What a session can be about: a Go toolchain, a build, a debugger, and a way to the program's memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import get_args

import pytest

from tests.fixtures.builds import Experiment
from tests.fixtures.toolchains import GO_VERSIONS
from tests.sessions.targets import Debugger, Way

__all__ = ["Configuration", "every", "run_for_each", "some"]

#: Go version, GOEXPERIMENT, GOARCH (an amd64 processor runs programs for 386 too).
_COMPILERS: tuple[tuple[str, Experiment | None, str], ...] = (
    *((version, None, "amd64") for version in GO_VERSIONS),
    ("1.24.11", "noswissmap", "amd64"),
    ("1.27.3", "mapsplitgroup", "amd64"),
    ("1.23.9", None, "386"),
    ("1.27.3", None, "386"),
)
_DEBUGGERS: tuple[Debugger, ...] = get_args(Debugger)
_WAYS: tuple[Way, ...] = get_args(Way)


@dataclass(frozen=True)
class Configuration:
    """One session's subject."""

    go: str
    experiment: Experiment | None
    goarch: str
    optimised: bool
    debugger: Debugger
    way: Way

    def __str__(self) -> str:
        build = "optimised" if self.optimised else "N"
        parts = [f"go{self.go}", self.experiment, self.goarch, build, self.debugger, self.way.replace(" ", "_")]
        return "-".join(part for part in parts if part)


def every() -> Iterator[Configuration]:
    """The full product."""
    for compiler, optimised, debugger, way in itertools.product(_COMPILERS, (True, False), _DEBUGGERS, _WAYS):
        yield Configuration(*compiler, optimised, debugger, way)


def some() -> Iterator[Configuration]:
    """Two for each compiler: optimised and not, by different debuggers in different ways.

    Over all compilers each pair of debugger and way comes up, with optimised code and without.
    """
    pairs = list(itertools.product(_DEBUGGERS, _WAYS))
    for i, compiler in enumerate(_COMPILERS):
        yield Configuration(*compiler, True, *pairs[i % len(pairs)])
        # Half the pairs further is the other debugger, one more the next way.
        yield Configuration(*compiler, False, *pairs[(i + len(_WAYS) + 1) % len(pairs)])


def run_for_each(
    metafunc: pytest.Metafunc, name: str, subjects: Iterable[object], *, group: str = "", indirect: bool = True
) -> None:
    """Run a test that asks for NAME once for each subject.

    Tests of one subject go to one worker, which has to bring the program up only once.

    Args:
        group: what such tests of several files have in common; NAME if not given.
        indirect: the subject is the parameter of the fixture NAME; otherwise it is what the test gets.
    """
    marks = {one: pytest.mark.xdist_group(f"{group or name}-{one}") for one in subjects}
    params = [pytest.param(one, id=str(one), marks=mark) for one, mark in marks.items()]
    metafunc.parametrize(name, params, scope="module", indirect=indirect)
