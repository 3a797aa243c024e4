"""The command that says what changed in a map, and how two differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gomap.commands.command import FORCE, FRAME, GOROUTINE, JSON, Door, Options, command, json_line, scope_of
from gomap.commands.options import Option, UsageError, limit

if TYPE_CHECKING:
    from gomap.maps.model import GoMap
    from gomap.maps.snapshots import Snapshot


@command(
    "gomap-diff",
    options=(
        Option("save", "NAME|FILE", "Keep a snapshot of EXPR under that name; in a file, if it has a slash in it."),
        Option("since", "NAME|FILE", "Show what has changed since that snapshot; EXPR may be left out then."),
        limit("lines of each kind", 20),
        JSON,
        GOROUTINE,
        FRAME,
        FORCE,
    ),
    argument="[EXPR [EXPR]]",
)
def diff(door: Door, options: Options, line: str) -> Iterable[str]:
    """Say what changed in a map since a snapshot, or whether two variables have one map, and how they differ.

    gomap-diff -save before m keeps what the map m is like; gomap-diff -since before then shows header
    fields, entries added, removed and changed, old buckets evacuated, states changed, memory moved.
    gomap-diff a b compares two maps: one map (an assignment shares it), shared parts, or what is in
    one only. Keys and elements are compared as they are shown, in full."""
    from gomap.expressions.map_types import maps_in
    from gomap.maps.differences import differences
    from gomap.views.differences import differences_object, since_lines, two_lines

    save, since, limit = options["save"], options["since"], options["limit"]
    if save is not None and since is not None:
        raise UsageError("-save and -since are two things to do: give one of them")
    first = _kept(door, since) if since is not None else None
    if not line and first is None:
        raise UsageError("needs two maps, or -save NAME EXPR, or -since NAME. See 'help gomap-diff'")
    scope = scope_of(door, options)
    maps = maps_in(scope, line or (first.expression if first is not None else ""))
    wanted = 1 if save is not None or first is not None else 2
    if len(maps) != wanted:
        raise UsageError(f"needs {'one map' if wanted == 1 else 'two maps'}, not {line}")
    taken = [_taken(door, text, map) for text, map in maps]
    if save is not None:
        _keep(door, save, taken[0])
        return [f"{taken[0].expression} is kept as {save}: {taken[0].summary}"]
    before, after = (first, taken[0]) if first is not None else taken
    found = differences(before, after)
    if options["json"]:
        return json_line(door, differences_object(before, after, found))
    shown = since_lines if first is not None else two_lines
    return shown(before, after, found, limit, door.paint())


def _taken(door: Door, text: str, map: GoMap) -> Snapshot:
    from gomap.language import FULL
    from gomap.maps.opening import literals_of
    from gomap.maps.snapshots import snapshot_of
    from gomap.maps.wording import summary

    return snapshot_of(map, text, summary(map), literals_of(door.program(), FULL), door.progress)


def _keep(door: Door, name: str, snapshot: Snapshot) -> None:
    from gomap.commands.written import write_json
    from gomap.maps.snapshots import snapshots

    if "/" in name:
        write_json(name, snapshot.to_object())
    else:
        snapshots(door.program())[name] = snapshot


def _kept(door: Door, name: str) -> Snapshot:
    import json
    from pathlib import Path

    from gomap.maps.snapshots import Snapshot, snapshots

    if "/" not in name:
        found = snapshots(door.program()).get(name)
        if found is None:
            names = ", ".join(snapshots(door.program())) or "none"
            raise UsageError(f"no snapshot {name}; there are: {names}")
        return found
    try:
        return Snapshot.from_object(json.loads(Path(name).expanduser().read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from None
    except (TypeError, ValueError, AttributeError):
        raise UsageError(f"{name} is no snapshot that gomap-diff -save wrote") from None
