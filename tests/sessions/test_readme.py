"""The README shows what gomap says: its transcripts are replayed, on the cores of the programs that they are about.

The gomap that they are replayed with is the wheel's, installed: "source gdb_gomap" is typed where that lies.
"""

from __future__ import annotations

import os
import re
import resource
import shlex
import subprocess
from pathlib import Path

import pytest

from gomap.check import checking  # which makes every rule known
from gomap.check.finding import RULES, Severity
from tests.fixtures import toolchains
from tests.fixtures.builds import build
from tests.sessions.debugger import Gdb
from tests.sessions.delve import Delve
from tests.sessions.gomap import GomapDelve
from tests.sessions.installed import Installed

_REPOSITORY = Path(__file__).parents[2]
_CLASSIC, _SWISS = "1.23.9", "1.27.3"

pytestmark = pytest.mark.xdist_group("examples")


@pytest.fixture(scope="module")
def shop(shops: Path, installed: Installed) -> Gdb:
    """GDB on the core of the demo's program."""
    there = shops / f"go{_CLASSIC}"
    return Gdb(toolchains.gdb(), there / "shop", there / "core", load=False, cwd=installed.packages)


@pytest.fixture(scope="module")
def fault(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A program of whose map main.words an overflow bucket was freed, and its core."""
    place = tmp_path_factory.mktemp("fault")
    binary = build("faults", _CLASSIC)
    subprocess.run(
        [binary, "dangling-overflow-freed-object-words", "abort"],
        cwd=place,
        env={**os.environ, "GOTRACEBACK": "crash"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)),
        timeout=60,
        check=False,
    )
    (core,) = place.glob("core*")
    return binary, core


@pytest.fixture(scope="module")
def service(fault: tuple[Path, Path], installed: Installed) -> Gdb:
    """GDB on that core."""
    return Gdb(toolchains.gdb(), *fault, cwd=installed.packages)


@pytest.mark.parametrize(("map", "status"), [("main.words", 3), ("main.ints", 0)])
def test_a_batch_session_ends_with_the_number_of_findings(
    fault: tuple[Path, Path], installed: Installed, map: str, status: int
) -> None:
    page = (_REPOSITORY / "README.md").read_text()
    (line,) = re.findall(r"^    (gdb .*quit \$gomap_findings.*)$", page, re.M)
    binary, core = fault
    words = shlex.split(line.replace("main.sessions", map))
    words = [str({"gdb": toolchains.gdb(), "PROGRAM": binary, "CORE": core}.get(word, word)) for word in words]
    words[1:1] = ["-nx", "-iex", "set auto-load off"]
    done = subprocess.run(
        words, cwd=installed.packages, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == status, done.stderr


def test_the_transcripts_can_be_replayed(shop: Gdb, service: Gdb) -> None:
    transcripts = [text for text in _transcripts() if text.startswith("(gdb) ")]
    assert len(transcripts) >= 3
    with shop, service:
        for transcript in transcripts:
            session = service if "main.words" in transcript else shop
            for command, answer in _turns(transcript):
                assert _normal(session.run(command)) == _normal(answer), command


def test_the_transcripts_of_delve_can_be_replayed(shops: Path, installed: Installed) -> None:
    there = shops / f"go{_SWISS}"
    (transcript,) = [text for text in _transcripts() if text.startswith("(dlv) ")]
    with Delve("core", there / "shop", there / "core", load=False, cwd=installed.packages) as session:
        turns = _turns(transcript)
        assert turns
        for command, answer in turns:
            assert _normal(session.run(command)) == _normal(answer), command


def test_the_transcripts_of_the_shell_can_be_replayed(shops: Path, installed: Installed) -> None:
    """gomap's command lines, and Delve's terminal where one of them opens it."""
    there = shops / f"go{_SWISS}"
    transcripts = [text for text in _transcripts() if text.startswith("$ gomap ")]
    assert len(transcripts) >= 2
    for transcript in transcripts:
        for line, answer in _turns(transcript):
            command, *words = [str(there / word) if word in ("shop", "core") else word for word in shlex.split(line)]
            words[0] = words[0].removeprefix(f"{there}/")  # the way that is called core
            assert command == "gomap"
            if words[0] != "dlv":
                assert _normal(installed.run(installed.gomap, *words, cwd=shops)) == _normal(answer), line
                continue
            with GomapDelve("dlv", "core", *words[2:], command=[installed.gomap]) as terminal:
                for typed, said in _turns(answer):
                    assert _normal(terminal.run(typed)) == _normal(said), typed


def _transcripts() -> list[str]:
    pages = [_REPOSITORY / "README.md", *sorted((_REPOSITORY / "docs").glob("*.md"))]
    return [text for page in pages for text in re.findall(r"^```console\n(.*?)^```", page.read_text(), re.M | re.S)]


def _turns(transcript: str) -> list[tuple[str, str]]:
    """Each command, and what it was answered with."""
    prompt = r"^\$ " if transcript.startswith("$ ") else r"^\((?:gdb|dlv)\) "
    _, *turns = re.split(prompt, transcript, flags=re.M)
    return [(command, answer) for command, _, answer in (turn.partition("\n") for turn in turns)]


def test_each_command_and_function_is_in_the_tables() -> None:
    page = (_REPOSITORY / "README.md").read_text()
    with Gdb(toolchains.gdb()) as gdb:
        names = re.findall(r"^  (gomap[\w-]*|\$gomap_\w+)", gdb.run("gomap"), re.M)
    assert len(names) >= 7
    for name in names:
        assert re.search(rf"^\| `{re.escape(name)}[ `(]", page, re.M), name


def test_each_rule_of_gomap_check_is_in_the_tables() -> None:
    section = (_REPOSITORY / "docs/check.md").read_text()
    rules, _, _ = section.partition("| cause |")
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.+?) \|$", rules, re.M))
    assert checking and rows == {name: rule.demand for name, rule in RULES.items()}
    warnings = {name for name, rule in RULES.items() if rule.severity is Severity.WARNING}
    (said,) = re.findall(r"Findings are errors, but for (.*?), which are warnings", section)
    assert set(re.findall(r"`([a-z-]+)`", said)) == warnings


def _normal(said: str) -> list[str]:
    """The lines without addresses, hash bytes, and numbers that depend on the keys' hashes."""
    lines = []
    for line in said.strip().splitlines():
        line = re.sub(r"^(  [0-7]  )[0-9a-f]{2}(  full)", r"\1h2\2", line)
        line = re.sub(r"\b0x[0-9a-f]+\b", "0x", line)
        # Which table a key goes to is by chance, and so is now and then whether one of them had to split.
        line = re.sub(r"\(\d+ groups", "(N groups", line)
        if "main.words" not in line and ("classic): 3 findings" in line or line.startswith("  error")):
            line = re.sub(r"\d+", "N", line)
        lines.append(line)
    return lines
