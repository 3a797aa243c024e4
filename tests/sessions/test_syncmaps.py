"""sync.Map through all doors: what is in it, where the runtime has it, and what is wrong with it.

tests/fixtures/syncmaps knows what it stored, follows the runtime's own pointers to where that stands, and says which
damage it made and which rules must fire for it: that is the truth. Keys of one hash are no accident there: an interface
hashes as what it holds, whatever the type of that is.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest

import gomap.views
from gomap.check.finding import RULES
from tests.fixtures.builds import CoreDump, Experiment, build, kernel_core_of
from tests.fixtures.toolchains import gdb18, system_gdb
from tests.sessions.configurations import run_for_each
from tests.sessions.debugger import Gdb
from tests.sessions.doors import DelveRpc, Files, serving
from tests.sessions.sync_rules import SYNC_RULES
from tests.sessions.test_check_faults import allow_cores

COMMANDS = (
    *("gomap-header", "gomap-walk -limit unlimited", "gomap-walk -entries", "gomap-walk -all", "gomap-walk -bucket 1"),
    *("gomap-check", "gomap-check -quick", "gomap-header -json", "gomap-walk -json", "gomap-check -json"),
)
SCHEMA = jsonschema.Draft202012Validator(
    json.loads((Path(gomap.views.__file__).parent / "gomap.schema.json").read_text())
)


class Build(NamedTuple):
    """How the fixture is compiled."""

    go: str
    experiment: Experiment | None = None
    goarch: str = "amd64"

    def __str__(self) -> str:
        return "-".join(filter(None, self))


#: Each kind of sync.Map, and 386; then the rest.
BUILDS = (
    *map(Build, ("1.23.9", "1.27.3")),
    Build("1.24.11", "nosynchashtriemap"),
    Build("1.27.3", goarch="386"),
)
MORE_BUILDS = (*map(Build, ("1.19", "1.21.13", "1.24.11")), Build("1.23.9", goarch="386"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "chosen" in metafunc.fixturenames:
        builds = (*BUILDS, *MORE_BUILDS) if metafunc.config.getoption("--matrix") else BUILDS
        run_for_each(metafunc, "chosen", builds, group="sync", indirect=False)


@pytest.fixture(scope="module")
def binary(chosen: Build) -> Path:
    return build("syncmaps", chosen.go, experiment=chosen.experiment, goarch=chosen.goarch)


@pytest.fixture(scope="module")
def core(binary: Path) -> CoreDump:
    return kernel_core_of(binary, "states", "1", "abort")


@pytest.fixture(scope="module")
def gdb(binary: Path, core: CoreDump) -> Iterator[Gdb]:
    with Gdb(gdb18(), binary, core.path) as session:
        yield session


def printed(core: CoreDump) -> dict[str, Any]:
    (document,) = [json.loads(line) for line in core.printed.read_text().splitlines() if line.startswith("{")]
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_what_was_stored_is_where_the_runtime_has_it(binary: Path, seed: str) -> None:
    core = kernel_core_of(binary, "states", seed, "abort")
    document, files = printed(core), Files(binary, core.path)
    assert len(document["maps"]) > 20
    for view in document["maps"]:
        name = view["name"]
        said = json.loads(files.run(f"gomap-walk -json -entries -limit unlimited {name}"))
        SCHEMA.validate(said)
        assert said["kind"] == document["layout"] and not said["notes"]
        assert said["count"] == len(said["entries"])
        stored = sorted(map(tuple, view["entries"]))
        assert sorted((each["key"]["text"], each["elem"]["text"]) for each in said["entries"]) == stored, name
        whole = json.loads(files.run(f"gomap-walk -json -limit unlimited {name}"))
        SCHEMA.validate(whole)
        assert Counter(places(whole)) == Counter(
            (place["where"], place["link"], place["address"] if view["nodes"] else "", place["key"])
            for place in view["places"]
        ), name
        nodes = [bucket for bucket in whole["buckets"] if bucket["role"] == "indirect node"]
        assert len(nodes) == view["nodes"]
        verdict = json.loads(files.run(f"gomap-check -json {name}"))
        SCHEMA.validate(verdict)
        assert not verdict["findings"] and not verdict["beingWritten"] and not verdict["without"], name
        assert verdict["entries"] == len(view["entries"])
        if view["nodes"]:
            assert verdict["hashes"] == len(view["entries"]) and verdict["buckets"] == view["nodes"]


def places(walk: dict[str, Any]) -> Iterator[tuple[str, int, str, str]]:
    """Where each entry of a walk stands: path, which of its chain, address and key; or read or dirty, and key."""
    for bucket in walk["buckets"]:
        link = 0
        for slot in bucket["slots"]:
            if bucket["role"] == "indirect node":
                link = link + 1 if slot["state"] == "overflow" else 0
            if "key" in slot:
                digit = f"{slot['slot']:x}" if bucket["role"] == "indirect node" else ""
                yield f"{bucket['place']}{digit}", link, slot.get("address", ""), slot["key"]["text"]


def test_there_are_chains_and_both_halves(binary: Path, core: CoreDump) -> None:
    """What the test above compares is worth the name."""
    document = printed(core)
    where = [place for view in document["maps"] for place in view["places"]]
    if document["layout"] == "hashtrie":
        assert max(place["link"] for place in where) >= 2
        assert max(len(place["where"]) for place in where) >= 3
    else:
        assert {place["where"] for place in where} == {"read", "dirty"}
        files = Files(binary, core.path)
        states = {
            slot["state"]
            for bucket in json.loads(files.run("gomap-walk -json -limit unlimited main.expunged"))["buckets"]
            for slot in bucket["slots"]
        }
        assert {"full", "expunged", "nil", "shared"} <= states


def test_all_doors_say_the_same(chosen: Build, binary: Path, core: CoreDump, gdb: Gdb) -> None:
    names = [view["name"] for view in printed(core)["maps"]][:17]
    others: dict[str, Files | DelveRpc] = {"files": Files(binary, core.path)}
    if chosen.goarch == "amd64":
        with serving("core", binary, core.path) as port:
            compare(gdb, {**others, "Delve": DelveRpc(port, binary)}, names)
    else:
        compare(gdb, others, names)


def compare(gdb: Gdb, others: dict[str, Files | DelveRpc], names: list[str]) -> None:
    for name in names:
        for command in COMMANDS:
            if name == "main.full" and "unlimited" in command:
                continue
            theirs = gdb.run(f"{command} {name}")
            assert theirs.startswith(("sync.Map at 0x", "{")), theirs
            for door, other in others.items():
                assert other.run(f"{command} {name}") == theirs, f"{door}: {command} {name}"


def test_expressions(binary: Path, core: CoreDump) -> None:
    """Pointers, interfaces, fields and addresses lead to it; brackets into it."""
    files = Files(binary, core.path)
    for name in ("main.owner.held", "&main.owner.held", "main.behind", "*main.behind", "main.inside", "main.random[3]"):
        assert files.run(f"gomap-header {name}").startswith("sync.Map at 0x"), name
    address = files.run("gomap-header main.behind").partition(" at ")[2].split(" ")[0]
    for typed in (f"-type sync.Map {address}", f"*(*sync.Map)({address})"):
        assert files.run(f"gomap-check {typed}").startswith(f"sync.Map at {address} "), typed
    assert files.run("gomap-header main.behind[0]").startswith("main.behind[0] is an int, not a map")
    assert "has no key 777 (of 25 entries" in files.run("gomap-header main.behind[777]")
    assert files.run('gomap-header main.behind[main.point{2, "2"}]').startswith('main.behind[main.point{2, "2"}] is an')
    assert "not a map type" in files.run(f"gomap-check -type main.point {address}")


@pytest.mark.parametrize("debugger", [system_gdb, gdb18], ids=["system_gdb", "gdb18"])
def test_gdb_prints_it_and_asks_it(debugger: Any, binary: Path, core: CoreDump) -> None:
    with Gdb(debugger(), binary, core.path) as session:
        assert "= sync.Map with 1 entry = {[int(0)] = int(0)}" in session.run("print 'main.one'")
        assert '= sync.Map with 1 entry = {["k"] = nil}' in session.run("print 'main.single'")
        assert "= sync.Map with 0 entries" in session.run("print 'main.untouched'")
        assert "with 25 entries = {" in session.run("print *'main.behind'")
        assert "held = sync.Map with 25 entries = {" in session.run("print 'main.owner'")
        assert session.run("print $gomap_len('main.owner'.held)").endswith("= 25")
        assert session.run("print $gomap_get('main.behind', \"key-1\")").endswith("= 1")
        assert session.run('print $gomap_has("main.behind", "key-1")').endswith("= 1")
        assert session.run("print $gomap_has('main.behind', \"key-3\")").endswith("= 0")
        assert session.run("print $gomap_findings('main.full')").endswith("= 0")


def test_all_package_variables_are_checked(gdb: Gdb) -> None:
    said = json.loads(gdb.run("gomap-check -all -json"))
    checked = {each["variable"] for each in said["maps"] if each["type"] == "sync.Map"}
    assert {"main.full", "main.expunged", "main.damaged"} <= checked
    assert gdb.run("gomap-check -all").splitlines()[-1].partition(":")[2].startswith(" no findings")


def died(binary: Path, arguments: list[str], scratch: Path) -> tuple[dict[str, Any], Path]:
    """What the fixture printed before it died of an abort, and the core."""
    ended = subprocess.run(
        [binary, *arguments, "abort"],
        cwd=scratch,
        env={**os.environ, "GOTRACEBACK": "crash"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        preexec_fn=allow_cores,
        timeout=60,
        check=False,
    )
    cores = list(scratch.glob("core*"))
    assert len(cores) == 1, ended.stderr.decode()[-1000:]
    truth: dict[str, Any] = json.loads(ended.stdout)
    return truth, cores[0].rename(scratch / "opened")


def damages(binary: Path) -> list[str]:
    names: list[str] = json.loads(subprocess.run([binary, "list"], capture_output=True, check=True).stdout)
    return names


def test_each_damage_is_found_where_it_is_and_nothing_else(chosen: Build, binary: Path, tmp_path: Path) -> None:
    names, wrong = damages(binary), []
    assert len(names) > 30
    with Gdb(gdb18(), binary) as gdb:
        for number, name in enumerate(names):
            truth, core = died(binary, [name], tmp_path)
            files = Files(binary, core)
            answer = json.loads(files.run("gomap-check -json main.damaged"))
            SCHEMA.validate(answer)
            wrong += [f"{name}: {difference}" for difference in differences(truth, answer)]
            for command in ("gomap-walk -limit unlimited", "gomap-header", "gomap-walk -json -entries"):
                said = files.run(f"{command} main.damaged")
                assert "gomap failed" not in said and "Traceback" not in said, f"{name}: {said}"
            if chosen not in BUILDS or number % len(BUILDS) == BUILDS.index(chosen):
                gdb.run(f"core-file {core}")
                for command in ("gomap-check main.damaged", "gomap-walk main.damaged", "gomap-header main.damaged"):
                    assert gdb.run(command) == files.run(command), f"{name}: {command}"
    assert not wrong, "\n".join(wrong)


def differences(truth: dict[str, Any], answer: dict[str, Any]) -> Iterator[str]:
    found = {(finding["rule"], finding["address"]): finding for finding in answer["findings"]}
    must = [(finding["rule"], finding["address"]) for finding in truth["must"]]
    for rule, address in must:
        if (rule, address) not in found:
            yield f"no {rule} at {address}"
    for (rule, address), finding in found.items():
        if (rule, address) not in must and rule not in truth["may"]:
            yield f"{rule} at {address}, which does not follow: {finding['text']}"
        if finding["transient"]:
            yield f"{rule} at {address} is said to be transient, though nobody is at it"
    if must and must[0] in found and truth["says"] not in found[must[0]]["text"]:
        yield f"{must[0][0]} does not say {truth['says']!r}: {found[must[0]]['text']}"


def rules_broken(binary: Path, names: list[str]) -> set[str]:
    """The rules that the damages say they break."""
    broken: set[str] = set()
    for name in names:
        with subprocess.Popen([binary, name, "stop"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout and process.stdin
            broken |= {finding["rule"] for finding in json.loads(process.stdout.readline())["must"]}
            process.kill()
    return broken


def test_every_rule_of_its_own_has_a_damage() -> None:
    broken: set[str] = set()
    for go in ("1.23.9", "1.27.3"):
        binary = build("syncmaps", go)
        broken |= rules_broken(binary, damages(binary))
    assert broken >= SYNC_RULES
    assert set(RULES) >= SYNC_RULES


def test_maps_that_are_being_changed_have_no_lasting_findings(chosen: Build, binary: Path, tmp_path: Path) -> None:
    """Killed anywhere: what an operation under way explains is transient, and nothing else is said."""
    chance = random.Random(str(chosen))
    looked_at = 0
    for _ in range(3):
        core = killed(binary, tmp_path, chance.uniform(0.02, 0.3))
        files = Files(binary, core)
        for name in ("main.full", "main.colliding", "main.random[0]", "main.behind"):
            answer = json.loads(files.run(f"gomap-check -json {name}"))
            lasting = [finding["text"] for finding in answer["findings"] if not finding["transient"]]
            assert not lasting, f"{name}: {lasting[:5]}"
            looked_at += answer["entries"]
        core.unlink()
    assert looked_at > 100


def killed(binary: Path, scratch: Path, after: float) -> Path:
    """The core of the fixture, killed while it is busy."""
    command = [binary, "busy", "stop"]
    with subprocess.Popen(
        command,
        cwd=scratch,
        env={**os.environ, "GOTRACEBACK": "crash"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=allow_cores,
    ) as process:
        assert process.stdout
        process.stdout.readline()
        time.sleep(after)
        process.send_signal(signal.SIGABRT)
        process.wait(60)
    (core,) = scratch.glob("core*")
    return core


def test_a_key_that_has_got_its_place_and_no_entry_yet() -> None:
    """Whoever stores a new key has a slot for it first, which the entry is put in after that."""
    binary = build("syncmaps", "1.23.9")
    with Gdb(gdb18(), binary) as gdb:
        gdb.run("set args busy stop")
        gdb.run("break main.busy")
        assert ", main.busy" in gdb.run("run")
        gdb.run("delete")
        for function in ("Swap", "LoadOrStore", "dirtyLocked"):
            code = gdb.run(f"disassemble 'sync.(*Map).{function}'")
            behind = re.findall(r"<runtime\.mapassign>\n +(0x[0-9a-f]+)", code)
            assert behind, code
            for address in behind:
                gdb.run(f"break *{address}")
        seen = 0
        for _ in range(20):
            assert "sync.(*Map)" in gdb.run("continue")
            for name in ("main.full", "main.colliding", "main.random[0]", "main.behind"):
                found = json.loads(gdb.run(f"gomap-check -json {name}"))["findings"]
                assert [each["text"] for each in found if not each["transient"]] == []
                seen += sum(each["rule"] == "dangling-entry" and "-> 0x0" in each["text"] for each in found)
        assert seen > 3
