"""Type names as Go's %#v prints them: with the package's name, not its path (``http.Header``).

GoType has whole paths, and DWARF more than that: it puts a package before each unexported field of a struct without
name. Only the path is known, so the package's name is taken for its last element, without a version.
"""

from __future__ import annotations

import re

__all__ = ["shown_name"]

#: What stands between brackets and blanks. A quoted struct tag is taken whole, and left alone.
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s\[\](){}*,;"<>]+')
#: An unexported field in a struct without name, as DWARF qualifies it; an embedded one has no type after it.
_QUALIFIED_FIELD = re.compile(r'(?<=[{;] )[^\s{};"]*\.(?=[\w·]+ [^\s};"])')
_MAJOR_VERSION = re.compile(r"/v[0-9]+$")
_SUFFIX_VERSION = re.compile(r"\.v[0-9]+$")


def shown_name(name: str) -> str:
    """NAME with packages' names for their paths; type arguments keep theirs, as in Go.

    >>> shown_name("map[net/http.Header]*main.Set[net/http.Header]")
    'map[http.Header]*main.Set[net/http.Header]'
    """
    if "struct {" in name:
        name = _QUALIFIED_FIELD.sub("", name)
    if "/" not in name:
        return name
    parts = []
    at = 0
    while at < len(name):
        word = _WORD.match(name, at)
        if word is None:
            parts.append(name[at])
            at += 1
            continue
        parts.append(_short(word[0]))
        at = word.end()
        if word[0] != "map" and "." in word[0] and name.startswith("[", at):
            end = _closing(name, at)
            parts.append(name[at:end])
            at = end
    return "".join(parts)


def _short(word: str) -> str:
    if "/" not in word or word.startswith('"'):
        return word
    dots = "..." if word.startswith("...") else ""
    path, _, type = word.removeprefix(dots).rpartition(".")
    package = _SUFFIX_VERSION.sub("", _MAJOR_VERSION.sub("", path).rpartition("/")[2])
    return f"{dots}{package}.{type}"


def _closing(name: str, opening: int) -> int:
    """Where the bracket ends that opens there."""
    depth = 0
    for at in range(opening, len(name)):
        depth += (name[at] == "[") - (name[at] == "]")
        if depth == 0:
            return at + 1
    return len(name)
