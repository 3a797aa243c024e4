"""gomap in GDB: commands, pretty-printer, convenience functions, settings.

Loading registers these and nothing else; the floors below are imported by what needs them first.
"""

from __future__ import annotations

__all__ = ["load", "unload"]


def load() -> None:
    """Register everything with GDB."""
    from gomap.gdb import command, functions, parameters, printers

    command.register()
    parameters.register()
    functions.register()
    printers.register()


def unload() -> None:
    """Take back what would otherwise stay beside a second load: event handlers and printers.

    (A command, function or setting replaces its namesake.)
    """
    import sys

    from gomap.gdb import printers

    printers.unregister()
    target = sys.modules.get("gomap.gdb.target")
    if target is not None:
        target.unwatch()
    live = sys.modules.get("gomap.gdb.live")
    if live is not None:
        live.end_all()
