"""Settings: ``set gomap ...`` and ``show gomap ...``."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import gdb

__all__ = ["register"]


class SetGomap(gdb.Command):
    """Change how gomap's commands work."""


class ShowGomap(gdb.Command):
    """Show how gomap's commands work."""

    def invoke(self, _argument: str, _from_tty: bool) -> None:
        for name in ("limit", "debug", "donor"):
            gdb.execute(f"show gomap {name}")


class Setting(gdb.Parameter):
    """A setting; SHOWN is what ``show`` says, with the value in braces."""

    shown: str

    def get_set_string(self) -> str:
        return ""

    def get_show_string(self, value: str) -> str:
        return self.shown.format(value)


class Limit(Setting):
    """How many buckets or groups gomap-walk shows when it is called without -limit; "unlimited" (or 0) for all."""

    set_doc = "Set how many buckets or groups gomap-walk shows."
    show_doc = "Show how many buckets or groups gomap-walk shows."
    shown = "gomap-walk shows {} buckets or groups when called without -limit."


class Donor(Setting):
    """A Go program that has debug information, built by the same Go as one that has none: it tells how the runtime is
    laid out.  Without one gomap goes by what it brings of released versions of Go."""

    set_doc = "Set the program that tells how the runtime of one without debug information is laid out."
    show_doc = "Show the program that tells how the runtime of one without debug information is laid out."
    shown = "The runtime of a program without debug information is laid out as {}."

    def get_show_string(self, value: str) -> str:
        return super().get_show_string(f"in {value}" if value else "gomap knows of released versions of Go")


class Debug(Setting):
    """Whether a failure inside gomap itself shows where in its code it happened."""

    set_doc = "Set whether a defect in gomap shows a traceback."
    show_doc = "Show whether a defect in gomap shows a traceback."
    shown = "Tracebacks of defects in gomap are {}."


def register() -> None:
    """Register the settings; those that an earlier load left keep their values."""
    values: dict[str, Any] = {"gomap limit": 32, "gomap debug": False, "gomap donor": None}
    for name in values:
        with suppress(RuntimeError):  # no earlier load
            values[name] = gdb.parameter(name)
    SetGomap("set gomap", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, prefix=True)
    ShowGomap("show gomap", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, prefix=True)
    Limit("gomap limit", gdb.COMMAND_DATA, gdb.PARAM_UINTEGER).value = values["gomap limit"]
    Donor("gomap donor", gdb.COMMAND_FILES, gdb.PARAM_OPTIONAL_FILENAME).value = values["gomap donor"]
    Debug("gomap debug", gdb.COMMAND_MAINTENANCE, gdb.PARAM_BOOLEAN).value = values["gomap debug"]
