"""Names in Go and in debug information: there the last part of a package's path has its dots escaped.

``gopkg.in/yaml.v3.Node`` is ``gopkg.in/yaml%2ev3.Node`` to the linker. gomap uses the former throughout; the latter
stands only in what GDB is asked, and in what it answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gomap.program.printable import printable

__all__ = [
    "as_in_dwarf",
    "as_linked",
    "as_written",
    "before_demangling",
    "in_package",
    "package_of",
    "package_of_function",
    "packages_in",
]

#: The package in a function's name.
_PACKAGE = re.compile(r"((?:[^/(\[]*/)*[^./(\[]+)\.")
#: What a name consists of, but for slashes.
_WORD = r"""[^\s\[\](){}*,;"<>/]"""
#: A dot that is neither in a folder's name nor the one before the name itself; nor in go.shape, which is the compiler's
#: own, and not escaped.
_IN_PACKAGE = re.compile(rf"(?<=[\w~+-])(?!(?<=\bgo)\.shape\.)\.(?={_WORD}+\.{_WORD}+(?!{_WORD}|/))")
_DEMANGLED = re.compile(r"(?P<package>(?:.*/)?[^./\[\]]+)\[(?P<name>[^\[\].]+)\]$")

#: What a person may type, and what DWARF says.
_SPELLINGS = (
    (re.compile(r"\b(interface|struct)\{"), r"\1 {"),
    (re.compile(r"(?<![\w./])any\b"), "interface {}"),
    (re.compile(r"(?<![\w./])byte\b"), "uint8"),
    (re.compile(r"(?<![\w./])rune\b"), "int32"),
)


def as_in_dwarf(name: str) -> str:
    """A type's name as the debug information has it.

    >>> as_in_dwarf("map[rune]any")
    'map[int32]interface {}'
    """
    for pattern, spelling in _SPELLINGS:
        name = pattern.sub(spelling, name)
    return name


def as_linked(name: str) -> str:
    """A name as Go spells it, as the linker has it: dots in the last part of a package's path are ``%2e``.

    >>> as_linked("map[gopkg.in/yaml.v3.Kind]*net/http.Header")
    'map[gopkg.in/yaml%2ev3.Kind]*net/http.Header'
    >>> as_linked("internal/sync.node[go.shape.string,go.shape.int]")
    'internal/sync.node[go.shape.string,go.shape.int]'
    """
    return _IN_PACKAGE.sub("%2e", name)


def as_written(name: str) -> str:
    """The inverse of as_linked; and a name that is not printable is made so."""
    return printable(name.replace("%2e", "."))


def before_demangling(name: str) -> str:
    """A name as linked, out of what GDB makes of it: its demangler puts brackets round that of a Go variable.

    >>> before_demangling("net/http[DefaultServeMux]"), before_demangling("main.f[int]")
    ('net/http.DefaultServeMux', 'main.f[int]')
    """
    found = _DEMANGLED.match(name)
    return f"{found['package']}.{found['name']}" if found else name


def package_of(name: str) -> str:
    """The package that a variable of that full name is in."""
    return name.rpartition(".")[0]


def in_package(names: Iterable[str], package: str) -> list[str]:
    """Of full names those in that package, without it."""
    return [name[len(package) + 1 :] for name in names if package_of(name) == package]


def packages_in(function: str) -> list[str]:
    """Packages whose variables may be named without them in FUNCTION, as linked: its own, and main.

    >>> packages_in("net/http.(*Server).Serve"), packages_in("")
    (['net/http', 'main'], ['main'])
    """
    return list(dict.fromkeys(package for package in (package_of_function(function), "main") if package))


def package_of_function(name: str) -> str:
    """The package that a function of that full name, as linked, is in; empty if it is in none.

    >>> package_of_function("gopkg.in/yaml%2ev3.(*Decoder).Decode")
    'gopkg.in/yaml.v3'
    """
    found = _PACKAGE.match(name)
    return as_written(found[1]) if found else ""
