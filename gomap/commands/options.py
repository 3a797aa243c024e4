"""Options of commands, by GDB's own convention: ``-name value``, ``-flag``, unambiguous prefixes, ``--`` ends them.

They stand before a command's argument. Behind it they are taken as well where they can be nothing else: an argument is
an expression, and ``x -y`` is one.

A command declares its options; parsing, completion and the text of ``help`` all come from that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from gomap.expressions.brackets import outside

__all__ = [
    "Option",
    "UsageError",
    "complete",
    "describe",
    "limit",
    "number",
    "number_or_unlimited",
    "parse",
    "usage",
    "value_begun",
]

_NAME = re.compile(r"-([A-Za-z][\w-]*)(?=\s|$)")
#: An option as other programs take it.
_FOREIGN = re.compile(r"-(-[A-Za-z]\S*|[A-Za-z][\w-]*=\S*)")
_WORD = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|\S+)""")


class UsageError(Exception):
    """An option that is not there, or a value that it does not take: one line that names both."""


class Option(NamedTuple):
    """One option.

    Attributes:
        name: without its dash.
        value: what its value is, in words for a person: ``N|unlimited``; empty for a flag.
        help: what it does; may have several lines.
        convert: from the value's text; raises ValueError.
        default: what it is where it is not given; of a flag, False.
    """

    name: str
    value: str
    help: str
    convert: Callable[[str], Any] = str
    default: Any = None


def parse(options: Sequence[Option], text: str) -> tuple[dict[str, Any], str]:
    """Every option by name, as TEXT has them or by default, and the rest of TEXT.

    Raises UsageError.
    """
    given: dict[str, Any] = {option.name: option.default if option.value else False for option in options}
    before, rest, ended = _leading(options, text.strip())
    behind: dict[str, Any] = {}
    if not ended:
        rest, behind = _trailing(options, rest)
    return {**given, **before, **behind}, rest


def _leading(options: Sequence[Option], text: str) -> tuple[dict[str, Any], str, bool]:
    """The options that TEXT begins with, the rest of it, and whether ``--`` stood before that."""
    given: dict[str, Any] = {}
    rest = text
    while rest.startswith("-"):
        if rest == "--" or rest.startswith("-- "):
            return given, rest[2:].strip(), True
        found = _NAME.match(rest) or _FOREIGN.match(rest)
        if found is None:
            break
        option = _named(options, found[1])
        rest = rest[found.end() :]
        if not option.value:
            given[option.name] = True
        else:
            word = _WORD.match(rest)
            if word is None:
                raise UsageError(f"-{option.name} takes a value: {option.value}")
            try:
                given[option.name] = option.convert(_unquoted(word[1]))
            except ValueError:
                raise UsageError(f"-{option.name} takes {option.value}, not {word[1]}") from None
            rest = rest[word.end() :]
        rest = rest.lstrip()
    return given, rest, False


def _trailing(options: Sequence[Option], text: str) -> tuple[str, dict[str, Any]]:
    """TEXT without the options that it ends with, and these.

    The first of them is written out, or takes a value: ``x -l`` may be arithmetic, ``x -lim 3`` can be none.
    """
    for at in outside(text):
        found = _NAME.match(text, at) if at and text[at - 1].isspace() else None
        matching = [option for option in options if found and option.name.startswith(found[1])]
        if found is None or not any(option.value or option.name == found[1] for option in matching):
            continue
        try:
            given, rest, _ = _leading(options, text[at:])
        except UsageError:
            if any(option.name == found[1] for option in matching):
                raise
            continue
        if not rest:
            return text[:at].rstrip(), given
    return text, {}


def complete(options: Sequence[Option], text: str) -> tuple[list[str], str | None]:
    """What may stand where TEXT ends: names of options (with dashes) or words for an option's value, if it ends in one;
    and what stands behind the options, if it goes on to that, else None."""
    words = text.split(" ")
    last = words[-1]
    before = " ".join(words[:-1])
    try:
        _, rest = parse(options, before)
    except UsageError:
        return _values(options, before, last), None
    ended = re.search(r"(^|\s)--(\s|$)", before) is not None
    if last.startswith("-") and not ended:
        return [f"-{option.name}" for option in options if option.name.startswith(last[1:])], None
    return [], text[len(before) - len(rest) :] if rest or ended else last


def value_begun(options: Sequence[Option], text: str) -> tuple[Option, str] | None:
    """The option whose value TEXT ends in, and that value as far as it goes, quote included; None if in no value."""
    found = re.search(r"(?:^|\s)-([A-Za-z][\w-]*)\s+('[^']*|\"[^\"]*|[^\s'\"]*)$", text)
    try:
        option = _named(options, found[1]) if found else None
    except UsageError:
        return None
    return (option, found[2]) if found and option is not None and option.value else None


def _values(options: Sequence[Option], before: str, begun: str) -> list[str]:
    """The words, such as unlimited, that may be the value of the option in which BEFORE ends."""
    found = re.search(r"-([A-Za-z][\w-]*)\s*$", before)
    try:
        value = _named(options, found[1]).value if found else ""
    except UsageError:
        return []
    return [word for word in value.split("|") if word.islower() and word.startswith(begun)]


def usage(command: str, options: Sequence[Option], argument: str) -> str:
    """``gomap-walk [-limit N|unlimited] [-json] EXPR``."""
    parts = [f"[-{option.name}{' ' + option.value if option.value else ''}]" for option in options]
    return " ".join([command, *parts, argument]).rstrip()


def describe(options: Sequence[Option]) -> str:
    """The options as ``help`` shows them."""
    return "\n".join(
        f"  -{option.name}{' ' + option.value if option.value else ''}\n"
        + "\n".join(f"    {line.strip()}" for line in option.help.strip().splitlines())
        for option in options
    )


def number(text: str) -> int:
    """A count or an index, in any of Go's notations. Raises ValueError."""
    value = int(text, 0)
    if value < 0:
        raise ValueError(text)
    return value


def number_or_unlimited(text: str) -> int | None:
    """A count; None for ``unlimited``, by any prefix, and for 0, as in GDB's own settings. Raises ValueError."""
    return None if text and "unlimited".startswith(text.lower()) else number(text) or None


def limit(what: str, default: int, more: str = "") -> Option:
    """The option -limit of a command that shows DEFAULT of WHAT without it; MORE is there to say of it."""
    text = f"Show N {what}; {default} without it.{more and ' ' + more}"
    return Option("limit", "N|unlimited", text, number_or_unlimited, default=default)


def _named(options: Sequence[Option], name: str) -> Option:
    candidates = [option for option in options if option.name.startswith(name)]
    exact = [option for option in candidates if option.name == name]
    if len(exact or candidates) == 1:
        return (exact or candidates)[0]
    names = ", ".join(f"-{option.name}" for option in candidates or options)
    raise UsageError(f"-{name} is ambiguous: {names}" if candidates else f"no option -{name}; there are {names}")


def _unquoted(word: str) -> str:
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'" else word
