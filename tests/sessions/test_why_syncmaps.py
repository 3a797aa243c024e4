"""gomap-why on programs that a sync.Map has brought down, or hung: which one it is, and what is wrong with it.

tests/fixtures/syncmaps knows which damage it made to which map, and where; then it has the map used so that the damage
is felt. What deaths makes is a key's doing, or nobody's. With --matrix there are more damages, 386, and more cores of
programs that are sound.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

import gomap.maps.sync_calls
from gomap.elf.target import open_core
from gomap.goruntime.tracebacks import tracebacks
from gomap.maps.operation_facts import SyncMapsOnStack
from gomap.maps.operations import operations
from gomap.program.program import Program
from tests.fixtures.builds import CoreDump, build, kernel_core_of
from tests.sessions.debugger import Gdb
from tests.sessions.doors import DelveRpc, Files, serving
from tests.sessions.races import why_of
from tests.sessions.targets import debugger
from tests.sessions.test_syncmaps import killed

_HALVES, _TRIE = "1.23.9", "1.27.3"
#: Damages, what a use of the map makes of them, and what is concluded.
_DAMAGES = {
    _HALVES: {
        "read-chain-loop": ("hangs", "corruption", "access"),
        "dirty-unmapped": ("signal", "corruption", "assign"),
        "value-unmapped": ("signal", "corruption", "access"),
        "amended-alone": ("panic", "corruption", "assign"),
        "locked": ("waits", "cannot tell", "assign"),
    },
    _TRIE: {
        "chain-loop-of-one": ("hangs", "corruption", "access"),
        "dead": ("hangs", "corruption", "assign"),
        "node-in-itself": ("fatal error", "corruption", "iterate"),
        "entry-unmapped": ("signal", "corruption", "access"),
        "root-nil": ("signal", "corruption", "assign"),
        "key-deep": ("panic", "mutated keys", "assign"),  # as in golang/go 73427
        "locked": ("waits", "cannot tell", "assign"),
    },
}
_MORE = {
    _HALVES: {
        "read-unmapped": ("signal", "corruption", "access"),
        "read-map-unmapped": ("signal", "corruption", "access"),
    },
    _TRIE: {
        "hash-function-gone": ("signal", "corruption", "delete"),
        "root-unmapped": ("signal", "corruption", "access"),
        "node-unmapped": ("signal", "corruption", "assign"),
        "overflow-unmapped": ("signal", "corruption", "access"),
    },
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    matrix = metafunc.config.getoption("--matrix")
    if "goarch" in metafunc.fixturenames:
        chosen = [(go, "amd64", name) for go, names in _DAMAGES.items() for name in names]
        if matrix:
            chosen += [(go, "amd64", name) for go, names in _MORE.items() for name in names]
            chosen += [(go, "386", name) for go, _, name in chosen]
        metafunc.parametrize(("go", "goarch", "damage"), chosen)
    if "cores" in metafunc.fixturenames:
        metafunc.parametrize("cores", [25 if matrix else 2])


@cache
def _used(go: str, goarch: str, damage: str) -> tuple[Path, CoreDump]:
    program = build("syncmaps", go, goarch=goarch)
    return program, kernel_core_of(program, damage, "use")


def test_the_map_is_named_and_what_is_wrong_with_it(go: str, goarch: str, damage: str) -> None:
    program, core = _used(go, goarch, damage)
    ended, verdict, kind = {**_DAMAGES[go], **_MORE[go]}[damage]
    truth, said = json.loads(core.printed.read_text()), why_of(program, core.path)
    assert (said["verdict"], said["operation"]["kind"]) == (verdict, kind)
    assert (said["map"]["type"], said["map"]["address"], said["map"]["path"]) == (
        "sync.Map",
        truth["map"],
        "main.damaged",
    )
    found = {(each["rule"], each["address"]) for each in said["findings"]}
    assert found >= {(each["rule"], each["address"]) for each in truth["must"]}
    assert (said["death"] or {}).get("how") == (None if ended in ("hangs", "waits") else ended)
    if ended == "hangs":
        assert said["certain"] == said["operation"]["certain"]
    if damage == "key-deep":
        assert said["death"]["message"].startswith("internal/sync.HashTrieMap: ran out of hash bits while inserting")
    text = Files(program, core.path).run("why")
    likely = "" if said["certain"] or verdict == "cannot tell" else "probable: "
    assert f"\nverdict: {likely}{verdict}: " in text
    if ended == "waits":
        assert "a mutex of it is locked, and nobody is seen who would unlock it" in text
    if ended == "hangs":
        assert "a search in it does not end" in text
    if damage == "node-in-itself":
        assert text.startswith("fatal error: stack overflow\n")
        assert "more calls from there" in text


@pytest.mark.parametrize(
    ("go", "damage"), [(_HALVES, "read-chain-loop"), (_TRIE, "chain-loop-of-one"), (_TRIE, "entry-unmapped")]
)
def test_the_debuggers_say_the_same(go: str, damage: str) -> None:
    program, core = _used(go, "amd64", damage)
    ours = {command: Files(program, core.path).run(command) for command in ("gomap-why", "gomap-goroutines")}
    assert "main.damaged" in ours["gomap-goroutines"]
    with Gdb(debugger("gdb18"), program, core.path) as gdb:
        for command, text in ours.items():
            assert gdb.run(command) == text
    if damage == "chain-loop-of-one":
        with serving("core", program, core.path) as port:
            delve = DelveRpc(port, program, core.path)
            for command, text in ours.items():
                assert delve.run(command) == text


@pytest.mark.parametrize("go", [_HALVES, _TRIE])
@pytest.mark.parametrize("known", ["code", "stack"])
def test_a_receiver_that_the_debug_information_has_lost(go: str, known: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's code passes the map's address; without that it is among the words on the stack."""
    binary, core = _used(go, "amd64", "value-unmapped" if go == _HALVES else "entry-unmapped")
    monkeypatch.setattr(Program, "frame_variables", lambda _self, _standing: ())
    if known == "stack":
        monkeypatch.setattr(gomap.maps.sync_calls, "site_of", lambda _program, _call: None)
    program = Program(open_core(binary, core.path))
    under_way = (each for trace in tracebacks(program) for each in operations(program, trace))
    (found,) = (each for each in under_way if each.on_sync_map)
    assert found.kind == "access"
    if found.map is None:  # its register was not stored before it was needed
        assert known == "stack" and found.by == SyncMapsOnStack([])
        return
    assert f"{found.map.address:#x}" == json.loads(core.printed.read_text())["map"]
    assert found.path == "main.damaged"
    assert found.certain == (known == "code"), found.by


@pytest.mark.parametrize("go", [_HALVES, _TRIE])
@pytest.mark.parametrize(
    ("mode", "path", "rooted", "key"),
    [
        ("sync-bad-key", "main.shared", "", "key.(string)"),
        ("sync-bad-field", "main.service.cache", "", "key.(main.pair).host"),
        ("sync-unhashable", "main.shared", "", "key"),
    ],
)
def test_a_key_that_is_to_blame(go: str, mode: str, path: str, rooted: str, key: str) -> None:
    program = build("deaths", go)
    core = kernel_core_of(program, mode)
    truth, said = json.loads(core.printed.read_text()), why_of(program, core.path)
    assert said["verdict"] == "bad key"
    assert (said["map"]["path"], said["map"]["rooted"]) == (path, rooted)
    assert said["map"]["address"] == f"{truth[path.removeprefix('main.')]:#x}"
    assert said["key"]["path"] == key
    if mode != "sync-unhashable":  # the fixture has put the string there
        assert (said["key"]["what"], said["key"]["start"]) == ("string", "0xf000")
        assert said["death"]["signal"] == {**said["death"]["signal"], "number": 11, "address": "0xf000"}


@pytest.mark.parametrize("go", [_HALVES, _TRIE])
def test_a_value_that_cannot_be_compared_is_no_fault_of_the_map(go: str) -> None:
    program = build("deaths", go)
    core = kernel_core_of(program, "sync-uncomparable")
    said = why_of(program, core.path)
    assert said["verdict"] is None and "map" not in said
    assert "comparing uncomparable type []int" in said["death"]["message"]
    assert ["CompareAndSwap was given a value to compare with" in note for note in said["notes"]] == [True]


@pytest.mark.parametrize("go", [_HALVES, _TRIE])
def test_sound_maps_are_never_to_blame(go: str, cores: int, tmp_path: Path) -> None:
    """Four goroutines store, delete and clear, wherever that was when the runtime ended it."""
    program, inside = build("syncmaps", go), 0
    for number in range(cores):
        core = killed(program, tmp_path, 0.02 + 0.01 * number)
        said = why_of(program, core)
        assert said["verdict"] is None, said
        inside += said["inside"]
        core.unlink()
    print(f"{go}: no verdict on {cores} cores, {inside} operations under way")
    assert inside
