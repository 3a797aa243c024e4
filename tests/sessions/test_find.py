"""gomap-find agrees with the runtime: whether a key is there, its hash, and how many buckets or groups a lookup visits.

tests/fixtures/lookups asks the runtime for keys of every kind, present and absent, in maps of every state, growing ones
included; has each hashed by the function in the map type's descriptor; and walks by its own unsafe view.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest

import gomap.views
from tests.fixtures.builds import Experiment, build, kernel_core_of
from tests.sessions.configurations import run_for_each
from tests.sessions.delve import Delve
from tests.sessions.doors import Files

SCHEMA = jsonschema.Draft202012Validator(
    json.loads((Path(gomap.views.__file__).parent / "gomap.schema.json").read_text())
)


class Build(NamedTuple):
    """How the fixture is compiled, and of how many keys of each map it is asked."""

    go: str
    experiment: Experiment | None = None
    goarch: str = "amd64"
    keys: int = 2

    def __str__(self) -> str:
        return "-".join(filter(None, (self.go, self.experiment, self.goarch, str(self.keys))))


#: Of 234 maps each: some 1,000 keys, and with --matrix 10,000 of each of these.
SOME = (Build("1.23.9"), Build("1.27.3"))
EVERY = (
    *(Build(go, keys=43) for go in ("1.21.13", "1.22.10", "1.23.9", "1.24.11", "1.25.5", "1.27.3")),
    Build("1.24.11", "noswissmap", keys=43),
    Build("1.27.3", "mapsplitgroup", keys=43),
    Build("1.23.9", goarch="386", keys=43),
    Build("1.27.3", goarch="386", keys=43),
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "chosen" in metafunc.fixturenames:
        builds = EVERY if metafunc.config.getoption("--matrix") else SOME
        run_for_each(metafunc, "chosen", builds, group="find", indirect=False)


def test_every_key_as_the_runtime_finds_it(chosen: Build) -> None:
    binary = build("lookups", chosen.go, experiment=chosen.experiment, goarch=chosen.goarch)
    core = kernel_core_of(binary, str(chosen.keys), "abort")
    told = json.loads(core.printed.read_text())
    files = Files(binary, core.path)
    wrong: list[str] = []
    asked = found = growing = 0
    for map in told["maps"]:
        for key in map["keys"]:
            command = f"gomap-find -json {map['name']} {key['literal']}"
            said = files.run(command)
            asked += 1
            found += key["found"]
            growing += "growing from" in said or "regrouping from" in said
            expected, seen = of_runtime(key), of_gomap(said)
            if seen != expected:
                wrong.append(f"{map['type']} {map['state']}: {command}\n  {expected}\n  {seen}")
    for key in told["synced"]:
        said = files.run(f"gomap-find -json main.Synced {key['literal']}")
        shown = json.loads(said) if said.startswith("{") else {}
        elem = shown["entry"]["elem"]["text"] if shown.get("entry") else ""
        if (shown.get("found"), elem) != (key["found"], key["elem"] and f"int({key['elem']})"):
            wrong.append(f"main.Synced {key}: {said[:300]}")
    assert not wrong, f"{len(wrong)} of {asked}:\n" + "\n".join(wrong[:8])
    assert asked > 200 * chosen.keys and asked / 4 < found < asked
    assert growing > 10 * chosen.keys or "swiss" in said_of(files)


@pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])
def test_plain_delve_says_the_same(go: str) -> None:
    """Of all keys but those that are interfaces, which only the Python side hashes."""
    binary = build("lookups", go)
    core = kernel_core_of(binary, "2", "abort")
    told = [map for map in json.loads(core.printed.read_text())["maps"] if map["declared"]]
    files, differing, hashed = Files(binary, core.path), [], 0
    with Delve("core", binary, core.path) as delve:
        for map in told:
            for key in map["keys"]:
                command = f"gomap-find {map['declared']} {key['literal']}"
                expected, said = files.run(command), delve.run(command)
                as_object = f"gomap-find -json {map['declared']} {key['literal']}"
                if "interface" in map["type"] or "Stringer" in map["type"]:
                    assert said.endswith("are hashed by 'gomap dlv' only"), said
                    continue
                hashed += "hash 0x" in expected
                if said != expected:
                    differing.append(f"{command}\n{expected}\n--- but\n{said}")
                if json.loads(delve.run(as_object)) != json.loads(files.run(as_object)):
                    differing.append(f"{as_object}\n{files.run(as_object)}\n--- but\n{delve.run(as_object)}")
        for command in (
            "gomap-find main.Declared.K7",
            "gomap-find main.Declared.K1 300",
            'gomap-find main.Declared.K0 "x"',
        ):
            if delve.run(command) != files.run(command):
                differing.append(f"{command}: {delve.run(command)}")
    assert not differing, f"{len(differing)}:\n" + "\n".join(differing[:3])
    assert hashed > 30


def said_of(files: Files) -> str:
    return files.run("gomap-header main.M[0]")


def of_runtime(key: dict[str, Any]) -> dict[str, Any]:
    """What the program printed of a key."""
    if not key["hash"]:  # a NaN, which nothing finds
        return {"found": False, "elem": "", "probes": 0, "compared": 0}
    began = {"hash": key["hash"]} if key["probes"] else {}
    return {"found": key["found"], "elem": key["elem"], "probes": key["probes"], "compared": key["compared"], **began}


def of_gomap(said: str) -> dict[str, Any]:
    """The same of what gomap says; a text, where it is no lookup."""
    if not said.startswith("{"):
        return {"said": said}
    shown = json.loads(said)
    if not shown["lookups"]:
        return {"without": shown["without"]}
    SCHEMA.validate(shown)
    (step,) = shown["lookups"]
    elem = shown["entry"]["elem"]["text"] if shown["entry"] else ""
    seen = {"found": shown["found"], "elem": elem, "probes": len(step["probes"]), "compared": step["compared"]}
    if step["hash"]:
        seen["hash"] = step["hash"]
    scan = shown["scan"]
    if scan and (scan["entry"] or not scan["whole"]):  # a lookup that misses is right: nothing else has the key
        seen["scan"] = scan
    return seen


#: Faults by which lookups miss a key that is in the map, and what gomap-find says of each.
MISSED = {
    "1.23.9": {
        "key-changed-words": "changed since it was stored",
        "entry-moved-ints": "its hash leads to bucket",
        "entry-moved-records": "its hash leads to bucket",
        "mark-changed-words": "tophash",
        "mark-changed-ints": "tophash",
        "emptyrest-on-full-words": "behind where lookups end",
    },
    "1.27.3": {
        "key-changed-words": "changed since it was stored",
        "entry-moved-ints": "(its hash leads to table|behind where lookups end)",
        "mark-changed-records": "H2",
        "mark-changed-small-words": "H2",
        "probe-broken-by-move-ints": "behind where lookups end",
        "directory-swapped-words": "its hash leads to table",
    },
}


@pytest.mark.parametrize(("go", "mode"), [(go, mode) for go, modes in MISSED.items() for mode in modes])
def test_a_key_that_lookups_miss_is_found_where_it_is(go: str, mode: str) -> None:
    binary = build("faults", go)
    core = kernel_core_of(binary, mode, "abort")
    truth = json.loads(core.printed.read_text())
    files, name = Files(binary, core.path), truth["variable"]
    checked = json.loads(files.run(f"gomap-check -json {name}"))
    told = [
        (finding, found)
        for finding in checked["findings"]
        if (found := re.match(r"(.* slot \d): (.*?) (?:has|belongs|is behind) ", finding["text"]))
    ]
    if not told:  # which of the keys behind it are lost gomap-check does not say
        told = [(checked["findings"][0], behind(files, name, checked["findings"][0]))]
    finding, found = told[0]
    said = files.run(f"gomap-find {name} {found[2]}")
    assert "\nnot found: " in said and re.search(MISSED[go][mode], said), f"{finding['text']}\n{said}"
    assert f"but a scan finds it in {found[1]}: {found[2]}: " in said, f"{finding['text']}\n{said}"
    assert ("mapaccess1_fast64" in said) == (mode == "mark-changed-ints")
    if mode in ("mark-changed-ints", "key-changed-words", "directory-swapped-words"):
        with Delve("core", binary, core.path) as delve:
            assert delve.run(f"gomap-find {name} {found[2]}") == said
            as_object = f"gomap-find -json {name} {found[2]}"
            assert json.loads(delve.run(as_object)) == json.loads(files.run(as_object))


def behind(files: Files, name: str, finding: dict[str, Any]) -> re.Match[str]:
    """The first key that stands behind an emptyRest that must not be there: its place and the key."""
    emptied = re.match(r"(bucket \d+.*) slot (\d)", finding["text"])
    assert emptied, finding
    for line in files.run(f"gomap-walk -entries -limit unlimited {name}").splitlines():
        found = re.match(r"  (.* slot \d) +(.*): ", line)
        if found and found[1].startswith(f"{emptied[1]} slot") and found[1] > f"{emptied[1]} slot {emptied[2]}":
            return found
    raise AssertionError(finding)
