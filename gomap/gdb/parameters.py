"""Settings: ``set gomap ...`` and ``show gomap ...``."""

from __future__ import annotations

from typing import Any

import gdb

__all__ = ["register"]


class SetGomap(gdb.Command):
    """Change how gomap's commands work."""

    def __init__(self) -> None:
        super().__init__("set gomap", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)


class ShowGomap(gdb.Command):
    """Show how gomap's commands work."""

    def __init__(self) -> None:
        super().__init__("show gomap", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)

    def invoke(self, _argument: str, _from_tty: bool) -> None:
        for name in ("limit", "debug"):
            gdb.execute(f"show gomap {name}")


class Limit(gdb.Parameter):
    """How many buckets or groups gomap-walk shows when it is called without -limit; "unlimited" (or 0) for all."""

    set_doc = "Set how many buckets or groups gomap-walk shows."
    show_doc = "Show how many buckets or groups gomap-walk shows."

    def __init__(self) -> None:
        super().__init__("gomap limit", gdb.COMMAND_DATA, gdb.PARAM_UINTEGER)
        self.value = 32

    def get_set_string(self) -> str:
        return ""

    def get_show_string(self, value: str) -> str:
        return f"gomap-walk shows {value} buckets or groups when called without -limit."


class Debug(gdb.Parameter):
    """Whether a failure inside gomap itself shows where in its code it happened."""

    set_doc = "Set whether a defect in gomap shows a traceback."
    show_doc = "Show whether a defect in gomap shows a traceback."

    def __init__(self) -> None:
        super().__init__("gomap debug", gdb.COMMAND_MAINTENANCE, gdb.PARAM_BOOLEAN)
        self.value = False

    def get_set_string(self) -> str:
        return ""

    def get_show_string(self, value: str) -> str:
        return f"Tracebacks of defects in gomap are {value}."


def register() -> None:
    """Register the settings; those that an earlier load left keep their values."""
    limit, debug = _value("gomap limit", 32), _value("gomap debug", False)
    SetGomap()
    ShowGomap()
    Limit().value = limit
    Debug().value = debug


def _value(name: str, default: Any) -> Any:
    try:
        return gdb.parameter(name)
    except RuntimeError:
        return default
