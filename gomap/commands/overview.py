"""The command that lists the others."""

from __future__ import annotations

from collections.abc import Iterable

from gomap.commands.command import COMMANDS, Door, Options, command


@command("gomap", argument="")
def overview(door: Door, _options: Options, _rest: str) -> Iterable[str]:
    """Show what gomap can do: see inside Go maps.

    Lists the commands, and what else gomap adds here."""
    from gomap import __version__

    yield f"gomap {__version__} shows what is inside Go maps, live and in core dumps. Its commands:"
    width = max(map(len, COMMANDS)) + 1
    for name, each in COMMANDS.items():
        yield f"  {name:{width}} {each.summary}"
    yield from door.besides()
