"""What is said of one thing that gomap can use; and how this machine would be given a program that it lacks."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Literal

__all__ = ["Answer", "State", "installing"]

#: ``note``: all is well, and could be better.
State = Literal["ok", "note", "missing"]

_MANAGERS = (
    ("apt-get", "apt-get install"),
    ("dnf", "dnf install"),
    ("apk", "apk add"),
    ("zypper", "zypper install"),
    ("pacman", "pacman -S"),
)


@dataclass(frozen=True)
class Answer:
    """One thing.

    Attributes:
        subject: which: ``GDB``.
        state: how it is.
        says: what was found.
        advice: what to do about it; empty if nothing need be done.
    """

    subject: str
    state: State
    says: str
    advice: str = ""


def installing(package: str) -> str:
    """How a package is installed here: ``apt-get install gdb``."""
    command = next((command for program, command in _MANAGERS if shutil.which(program)), "install")
    return f"{command} {package}"
