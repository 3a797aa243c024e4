"""gomap-poke changes what it says it changes; the story in examples/redirect.md can be replayed word by word."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fixtures import toolchains
from tests.fixtures.builds import build, kernel_core_of
from tests.sessions.delve import Delve
from tests.sessions.targets import READY

_REPOSITORY = Path(__file__).parents[2]
_PAGE = _REPOSITORY / "examples" / "redirect.md"
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")

pytestmark = pytest.mark.xdist_group("dlv-poke")


def build_redirect(go: str, place: Path) -> Path:
    """The program of the story, compiled as its page says."""
    sources = shutil.copytree(_REPOSITORY / "examples" / "redirect", place / "source")
    command = [toolchains.go(go), "build", "-gcflags=all=-N -l", "-o", place / "redirect", "."]
    environment = {**toolchains.go_environment(), "CGO_ENABLED": "0"}
    subprocess.run(command, cwd=sources, env=environment, check=True)
    return place / "redirect"


def turns() -> list[tuple[str, list[str]]]:
    """Each command of the page, with the lines that it shows for an answer."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```\n(.*?)^```", _PAGE.read_text(), re.M | re.S):
        for line in block.splitlines():
            if line.startswith("(dlv) "):
                found.append((line.removeprefix("(dlv) "), []))
            else:
                found[-1][1].append(line)
    return found


@pytest.mark.parametrize(("go", "pointer"), [("1.27.3", "dirPtr"), ("1.23.9", "buckets")])
def test_the_story(go: str, pointer: str, tmp_path: Path) -> None:
    """On a classic map too, whose page would differ in its sizes and names."""
    story = turns()
    assert len(story) > 12
    binary = build_redirect(go, tmp_path)
    real: dict[str, str] = {}
    with Delve("exec", binary, load=False, cwd=_REPOSITORY) as delve:
        for command, shown in story:
            typed = _ADDRESS.sub(lambda found: real[found[0]], command).replace("dirPtr", pointer)
            said = delve.run(typed)
            for line in shown:
                there = [each for each in said.splitlines() if _likeness(each) == _likeness(_in_words_of(line, go))]
                assert there, f"{typed}: no {line!r} in\n{said}"
                for page, here in zip(_ADDRESS.findall(line), _ADDRESS.findall(there[0]), strict=True):
                    assert real.setdefault(page, here) == here, f"{typed}: {page} was {real[page]}, now {here}"
    assert len(real) == len(set(real.values())) == 4


def _likeness(line: str) -> str:
    return re.sub(r" +", " ", _ADDRESS.sub("0x", line))


def _in_words_of(line: str, go: str) -> str:
    """The page's line as it is for a map of that Go version."""
    if go == "1.27.3":
        return line
    classic = {"dirPtr": "buckets", "dangling-directory": "dangling-buckets", "swiss": "classic", "group": "bucket"}
    for swiss, other in classic.items():
        line = line.replace(swiss, other)
    return line.replace("200 bytes", "208 bytes")


@pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])
def test_a_mark_is_changed_and_found(go: str) -> None:
    with Delve("exec", build("maps", go), program_arguments=("stop",)) as delve:
        delve.run(f"break {READY}")
        delve.run("continue")
        before = delve.run("gomap-walk -limit unlimited main.grown")
        first = re.search(r"^  (\d)  (..)  full +(\S+): ", before, re.M)
        assert first
        said = delve.run(f"gomap-poke -slot 0:{first[1]} -value 0x2a main.grown")
        assert said.endswith(f"0x{int(first[2], 16):x} -> 0x2a"), said
        after = delve.run("gomap-check main.grown")
        assert "1 finding in 1000 entries" in after
        assert "hash-mismatch" in after and f"slot {first[1]}: {first[3]} has" in after
        delve.run(f"gomap-poke -slot 0:{first[1]} -value 0x{first[2]} main.grown")
        assert "no findings in 1000 entries" in delve.run("gomap-check main.grown")
        assert delve.run("gomap-walk -limit unlimited main.grown") == before


def test_an_overflow_pointer_is_bent_into_a_loop() -> None:
    with Delve("exec", build("maps", "1.23.9"), program_arguments=("stop",)) as delve:
        delve.run(f"break {READY}")
        delve.run("continue")
        chain = delve.run("gomap-walk main.chained")
        head = re.search(r"^bucket (\d+) at (0x\w+)\n(?:  \d.*\n)+  overflow -> (0x\w+)\n", chain, re.M)
        assert head
        said = delve.run(f"gomap-poke -overflow {head[1]}+1 -value {head[3]} main.chained")
        assert said.startswith(f"overflow pointer of overflow {head[1]} at {head[3]} (8 bytes at ")
        assert said.endswith(f" -> {head[3]}")
        assert "chain-loop" in delve.run("gomap-check main.chained")


def test_a_core_is_not_written_to() -> None:
    binary = build("maps", "1.27.3")
    with Delve("core", binary, kernel_core_of(binary, "abort").path) as delve:
        before = delve.run("gomap-header main.grown")
        said = delve.run("gomap-poke -field used -value 3 main.grown")
        assert "can not write to core process" in said and said.count("\n") == 0
        assert delve.run("gomap-header main.grown") == before


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ("main.grown", "gomap-poke: needs -value, and one of -field, -overflow and -slot"),
        ("-field used main.grown", "gomap-poke: needs -value, and one of -field, -overflow and -slot"),
        ("-field used -slot 0:0 -value 1 main.grown", "gomap-poke: needs -value, and one of -field"),
        ("-field nonesuch -value 1 main.grown", "the header has no field nonesuch; it has used, seed, "),
        ("-slot 0:9 -value 1 main.grown", "there is no slot 9: a bucket or group has 8"),
        ("-slot 9999:0 -value 1 main.grown", "there is no such bucket or group that can be read"),
        ("-overflow 0 -value 1 main.grown", "the groups of a Swiss map have no overflow pointers"),
        ("-slot x -value 1 main.grown", "gomap-poke: -slot takes BUCKET:SLOT, not x"),
        ("-field used -value 1 main.nilMap", "main.nilMap is a nil map: there is nothing to change"),
    ],
)
def test_what_is_refused(arguments: str, answer: str) -> None:
    binary = build("maps", "1.27.3")
    with Delve("core", binary, kernel_core_of(binary, "abort").path) as delve:
        assert delve.run(f"gomap-poke {arguments}").startswith(answer)
