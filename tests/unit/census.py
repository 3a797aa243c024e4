"""Cores of the fixture census, opened by files alone, and what it had said about its maps."""

from __future__ import annotations

import functools
import json
from typing import NamedTuple

from gomap.census.census import Census, take_census, with_retained
from gomap.elf.target import open_core
from gomap.program.program import Program
from tests.fixtures.builds import Experiment, build, kernel_core_of

__all__ = ["CONFIGURATIONS", "Configuration", "Taken", "taken"]


class Configuration(NamedTuple):
    """How the program is compiled: each has pointer maps, maps or mark bits of its own kind."""

    go: str
    experiment: Experiment | None = None
    goarch: str = "amd64"

    @property
    def typed_objects(self) -> bool:
        """Whether large objects say their type (Go 1.22 on)."""
        return tuple(map(int, self.go.split(".")[:2])) >= (1, 22)

    def __str__(self) -> str:
        return "-".join(filter(None, self))


CONFIGURATIONS = (
    *map(Configuration, ("1.19", "1.21.13", "1.22.10", "1.23.9", "1.24.11", "1.25.5", "1.27.3")),
    Configuration("1.24.11", "noswissmap"),
    Configuration("1.27.3", goarch="386"),
)


class Truth(NamedTuple):
    """A map, as the program says."""

    path: str
    address: int
    entries: int
    bytes: int


class Taken(NamedTuple):
    """A census, and the truth.

    Attributes:
        live, objects: bytes and number of objects that are alive by runtime.MemStats.
    """

    program: Program
    census: Census
    maps: list[Truth]
    live: int
    objects: int


@functools.cache
def taken(configuration: Configuration) -> Taken:
    binary = build("census", configuration.go, experiment=configuration.experiment, goarch=configuration.goarch)
    core = kernel_core_of(binary)
    *maps, last = (json.loads(line) for line in core.printed.read_text().splitlines())
    program = Program(open_core(binary, core.path))
    census = with_retained(take_census(program, lambda what: None), lambda what: None)
    return Taken(program, census, [Truth(**each) for each in maps], last["live"], last["objects"])
