"""Sound maps of random types with random histories have no findings: live and in a core, on every version.

Each program has many maps (tests/sessions/randommaps.py), which its seed decides: it stands in the test's name. A
failure is looked into with that seed alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.fixtures.builds import Experiment, build
from tests.sessions.configurations import run_for_each
from tests.sessions.randommaps import program
from tests.sessions.targets import Debugger, Way, bring_up, debugger

#: Maps of one program.
_MAPS = 50
#: Programs of each compiler with --matrix: 3,000 maps in all.
_PROGRAMS = 5
_COMPILERS: tuple[tuple[str, Experiment | None, str], ...] = (
    ("1.19", None, "amd64"),
    ("1.21.13", None, "amd64"),
    ("1.22.10", None, "amd64"),
    ("1.23.9", None, "amd64"),
    ("1.24.11", None, "amd64"),
    ("1.24.11", "noswissmap", "amd64"),
    ("1.25.5", None, "amd64"),
    ("1.26.6", None, "amd64"),
    ("1.27.3", None, "amd64"),
    ("1.27.3", "mapsplitgroup", "amd64"),
    ("1.23.9", None, "386"),
    ("1.27.3", None, "386"),
)
#: Those that are looked at without --matrix, and the seed. (Both first ones have a map whose bucket array is larger by
#: more than a quarter than its buckets: few have.)
_SOME = {"1.19": 141, "1.23.9": 169, "1.24.11": 5, "1.26.6": 8, "1.27.3": 9}


class Subject(NamedTuple):
    """A program, and who looks at it live; the other one looks at its core."""

    go: str
    experiment: Experiment | None
    goarch: str
    seed: int

    def __str__(self) -> str:
        parts = (f"go{self.go}", self.experiment, None if self.goarch == "amd64" else self.goarch, f"seed{self.seed}")
        return "-".join(part for part in parts if part)

    @property
    def ways(self) -> tuple[tuple[Way, Debugger], ...]:
        if self.seed % 2:
            return ("live", "system_gdb"), ("kernel core", "gdb18")
        return ("live", "gdb18"), ("kernel core", "system_gdb")


def subjects(matrix: bool) -> Iterator[Subject]:
    for number, compiler in enumerate(_COMPILERS):
        if matrix:
            for seed in range(_PROGRAMS):
                yield Subject(*compiler, 1000 + _PROGRAMS * number + seed)
        elif compiler[0] in _SOME and compiler[1:] == (None, "amd64"):
            yield Subject(*compiler, _SOME[compiler[0]])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    run_for_each(metafunc, "subject", subjects(metafunc.config.getoption("--matrix")))


@pytest.fixture
def subject(request: pytest.FixtureRequest) -> Subject:
    chosen = request.param
    assert isinstance(chosen, Subject)
    return chosen


def test_random_maps_are_sound(subject: Subject) -> None:
    version = tuple(int(part) for part in subject.go.split(".")[:2])
    text = program(subject.seed, _MAPS, (version[0], version[1]))
    binary = build("random", subject.go, experiment=subject.experiment, goarch=subject.goarch, generated=text)
    alarms = []
    for way, by in subject.ways:
        with bring_up(way, debugger(by), binary) as stopped:
            assert len(stopped.printed) == _MAPS
            for name, entries in stopped.printed.items():
                checked = stopped.gdb.json(f"gomap-check -json main.{name}", 60)
                seen = checked["findings"], checked["without"], checked["entries"], checked["hashes"]
                if seen != ([], [], entries, entries):
                    texts = [f"{finding['rule']}: {finding['text']}" for finding in checked["findings"][:3]]
                    alarms.append(f"{way}, {by}: {name}: {entries} entries: {seen[1:]}: {texts}")
    shown = "\n".join(alarms)
    assert not alarms, f"seed {subject.seed}:\n{shown}"
