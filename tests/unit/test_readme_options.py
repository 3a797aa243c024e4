"""The README's table of options says of each which commands have it, all of them and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gomap.commands import COMMANDS

_README = Path(__file__).parents[2] / "README.md"
_ROW = re.compile(r"^\| (`-[^|]*`) \| ([^|]+) \|", re.MULTILINE)


def _listed() -> dict[str, set[str]]:
    """The commands of each option, by the table."""
    listed: dict[str, set[str]] = {}
    for options, commands in _ROW.findall(_README.read_text()):
        if "in Delve" not in commands:  # plain Delve's own
            for option in re.findall(r"-(\w+)", options):
                listed.setdefault(option, set()).update(commands.split(", "))
    return listed


def _declared() -> dict[str, set[str]]:
    declared: dict[str, set[str]] = {}
    for name, command in COMMANDS.items():
        for option in command.options:
            declared.setdefault(option.name, set()).add(name.removeprefix("gomap-"))
    return declared


@pytest.mark.parametrize("option", sorted(_listed() | _declared()))
def test_the_table_of_options(option: str) -> None:
    assert _listed().get(option) == _declared().get(option)
