"""A program's package variables, remembered as they were found, for debuggers that take long to find them."""

from __future__ import annotations

import abc
from collections.abc import Iterator

from gomap.program.gotypes import GoType

__all__ = ["FoundVariables"]


class FoundVariables(abc.ABC):
    """What was found of one program's package variables, as long as its files stay the same; how, subclasses know."""

    def __init__(self) -> None:
        #: All of them, by name and in order, once somebody asked for all.
        self._all: dict[str, tuple[int, GoType]] | None = None
        #: Those that were asked for and are there.
        self._named: dict[str, tuple[int, GoType]] = {}

    def named(self, name: str) -> tuple[int, GoType] | None:
        """Address and type of the one of that full name."""
        found = self._named.get(name) or self.found(name)
        if found is not None:
            self._named[name] = found
        return found

    def all(self) -> Iterator[tuple[str, int, GoType]]:
        """Name, address and type of all, package by package, in alphabetical order; each as soon as it is found."""
        if self._all is None:
            self._all = self.at_once()
        if self._all is not None:
            yield from ((name, *found) for name, found in self._all.items())
            return
        listed: dict[str, tuple[int, GoType]] = {}
        for name, address, type in self.one_by_one():
            listed[name] = address, type
            yield name, address, type
        self._all = listed

    @abc.abstractmethod
    def found(self, name: str) -> tuple[int, GoType] | None:
        """What named gives, looked for."""

    @abc.abstractmethod
    def at_once(self) -> dict[str, tuple[int, GoType]] | None:
        """Address and type of all by name, in the order of all, out of files; None if these do not tell."""

    @abc.abstractmethod
    def one_by_one(self) -> Iterator[tuple[str, int, GoType]]:
        """What all gives, looked for in the debugger."""
