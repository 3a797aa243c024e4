"""gomap-list -pprof: what Go's own pprof makes of it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from tests.fixtures import toolchains
from tests.fixtures.builds import build, kernel_core_of
from tests.sessions.gomap import gomap

_GO = "1.27.3"
_ROW = re.compile(r"^ *(-?\d+)B? +\S+ +\S+ +(-?\d+)B? +\S+ +(\S.*?)$", re.M)


def pprof(*arguments: str | Path) -> str:
    done = subprocess.run(
        [toolchains.go(_GO), "tool", "pprof", "-nodefraction=0", "-unit=B", "-nodecount=1000", *map(str, arguments)],
        env=toolchains.go_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(said: str) -> dict[str, tuple[int, int]]:
    """By path: what is there, and with all that hangs there."""
    return {name: (int(flat), int(cum)) for flat, cum, name in _ROW.findall(said)}


def test_pprof_opens_the_profile_and_compares_two(tmp_path: Path) -> None:
    binary = build("census", _GO)
    core = kernel_core_of(binary)
    file, other = tmp_path / "maps.pb.gz", tmp_path / "other.pb.gz"
    done = gomap("core", binary, core.path, "list", "-json", "-limit", "unlimited", "-pprof", file)
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)["maps"]
    shown = rows(pprof("-top", "-sample_index=structure", file))
    by_origin: dict[str, int] = {}
    for each in listed:
        by_origin[each["origin"]] = by_origin.get(each["origin"], 0) + each.get("structure", 0)
    assert {name: flat for name, (flat, _) in shown.items() if flat} == {n: b for n, b in by_origin.items() if b}
    tree = sum(total for name, total in by_origin.items() if name.startswith("main.Tree"))
    assert shown["main.Tree"][1] == tree > shown["main.Tree"][0]
    assert "Type: retained" in pprof("-top", file)
    for value in ("maps", "entries", "waste", "retained"):
        assert rows(pprof("-top", f"-sample_index={value}", file)) or value == "waste"
    # A map that keeps others alive counts for itself, and what hangs there comes to what it keeps alive in all.
    retained = rows(pprof("-top", "-sample_index=retained", file))
    (nesting,) = (each for each in listed if each["origin"] == "main.NestedAny")
    assert retained["main.NestedAny"][0] < retained["main.NestedAny"][1] == nesting["retained"]
    truths = [json.loads(line) for line in core.printed.read_text().splitlines()[:-1]]
    entries = rows(pprof("-top", "-sample_index=entries", file))
    thousand = next(truth for truth in truths if truth["path"] == "main.Thousand")
    assert entries["main.Thousand"][0] == thousand["entries"]

    dropped = kernel_core_of(binary, "dropped")
    assert gomap("core", binary, dropped.path, "list", "-pprof", other).returncode == 0
    more = rows(pprof("-top", "-sample_index=maps", "-base", file, other))
    assert more["main.Owning[*].tags"][0] == 500 and more["main.Thousand"][0] == -1
    assert "cannot write" in gomap("core", binary, core.path, "list", "-pprof", tmp_path / "no" / "file").stderr
