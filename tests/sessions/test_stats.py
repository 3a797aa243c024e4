"""gomap-stats comes to the figures that the program counts one by one in its own maps' memory, to the last byte."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.builds import build, kernel_core_of
from tests.sessions.doors import Files
from tests.sessions.test_find import SCHEMA, Build
from tests.sessions.test_find import pytest_generate_tests as pytest_generate_tests  # the same builds


def test_all_figures_are_those_of_the_program(chosen: Build) -> None:
    binary = build("lookups", chosen.go, experiment=chosen.experiment, goarch=chosen.goarch)
    core = kernel_core_of(binary, str(chosen.keys), "abort")
    files, wrong, chains = Files(binary, core.path), [], 0
    for map in json.loads(core.printed.read_text())["maps"]:
        said = files.run(f"gomap-stats -json {map['name']}")
        assert said.startswith("{"), said
        shown = json.loads(said)
        SCHEMA.validate(shown)
        seen, expected = of_gomap(shown), map["figures"]
        if "classic" in shown["kind"]:
            # A NaN is in its bucket though no lookup finds it; the program's own count of hits leaves it out.
            nans = sum(seen["hits"].values()) - sum(expected["hits"].values())
            assert nans >= 0
            if nans:
                seen.pop("hits"), expected.pop("hits")
        chains += len(shown["chains"]) > 1
        wrong += [
            f"{map['type']} {map['state']}: {name}: {seen[name]}, not {expected[name]}"
            for name in expected
            if seen[name] != expected[name]
        ]
        assert shown["structure"] == sum(map["figures"]["bytes"].values())
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:10])
    assert chains > 20 or "swiss" in files.run("gomap-stats main.M[0]")


def of_gomap(shown: dict[str, Any]) -> dict[str, Any]:
    """What gomap says, as the program has it."""
    return {
        **{name: shown[name] for name in ("entries", "deleted", "lost", "fill", "chains")},
        "hits": nonzero(shown["hits"]["counts"]),
        "misses": nonzero(shown["misses"]["counts"]),
        "bytes": {part["what"]: part["bytes"] for part in shown["bytes"]},
    }


def nonzero(counts: dict[str, int]) -> dict[str, int]:
    return {number: count for number, count in counts.items() if count}


@pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])
def test_what_is_said_in_words(go: str, tmp_path: Path) -> None:
    binary = build("lookups", go)
    files = Files(binary, kernel_core_of(binary, "2", "abort").path)
    page = tmp_path / "page.html"
    said = files.run(f"gomap-stats -html {page} main.Declared.K8")
    unit = "bucket" if go == "1.23.9" else "group"
    for part in ("  load ", f" {unit}s on average (expected: ", "  header ", "as allocated", "#####"):
        assert part in said
    assert said.endswith(f"-> {page}") and "gomap-stats main.Declared.K8" in page.read_text()
    assert files.run("gomap-stats main.Synced") == (
        "main.Synced is a sync.Map; gomap-stats measures maps of buckets and of tables"
    )


@pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])
def test_a_million_entries_take_no_longer_than_to_be_checked(go: str, request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--matrix"):
        pytest.skip("with --matrix only: it measures time")
    binary = build("large", go)
    files = Files(binary, kernel_core_of(binary, "abort").path)
    files.run("gomap-header main.million")
    took: dict[str, float] = {}
    for command in ("gomap-stats", "gomap-check") * 3:
        started = time.process_time()
        assert "1000000" in files.run(f"{command} main.million")
        took[command] = min(took.get(command, 60), time.process_time() - started)
    assert took["gomap-stats"] <= 1.2 * took["gomap-check"], took
