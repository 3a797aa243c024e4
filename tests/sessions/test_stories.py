"""The stories in examples/: their pages show what is said, and the first screen names the cause, through every door.

What the cause is can be read in each story's main.go. Races end otherwise each time, so a page is held against what its
lines must say, and so is what the story's script says now.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.fixtures import toolchains
from tests.sessions.debugger import Gdb
from tests.sessions.doors import DelveRpc, serving
from tests.sessions.targets import debugger

_STORIES = Path(__file__).parents[2] / "examples" / "stories"
_SCREEN = 24
_SWISS, _CLASSIC = "1.27.3", "1.23.9"
_SOMEBODY = r"goroutine \d+"

#: Only maps of one kind can stall so, or hang so.
_OF_ONE_KIND = {("stalled", _SWISS), ("hangs", _CLASSIC)}

#: What the first screen says, in this order.
_SAID = {
    "writers": [
        r"fatal error: concurrent map writes",
        r"map\[string\]\*main\.session at 0x[0-9a-f]+ \((swiss|classic)\): .*: main\.sessions\.byToken",
        rf"verdict: race: {_SOMEBODY} (assigns to it|grows it).*{_SOMEBODY}.*",
        rf"{_SOMEBODY} +threw .*",
        r" +main\.\(\*store\)\.(logins|renewals) .*",
        r"main\.sessions\.mu \(sync\.Mutex\): .*",
        rf"  {_SOMEBODY} probably does not take it: no function on its stack that gets to it calls Lock",
    ],
    "unmapped": [
        r"signal 11 \(SIGSEGV\) at address (0x[0-9a-f]+), pc 0x[0-9a-f]+; fatal error: fault",
        r"  0x[0-9a-f]+: not mapped",
        r"map\[string\]int at 0x[0-9a-f]+ .*: main\.words\.byLine",
        r"verdict: probable: bad key: goroutine 1 assigns to it; it has a key, stored at 0x[0-9a-f]+, and the bytes "
        r"of key, a string at 0x[0-9a-f]+ to 0x[0-9a-f]+, cannot be read: that memory was given back, or the key "
        r"overwritten",
        r" +main\.\(\*index\)\.load .*",
    ],
    "reused": [
        r"panic: \d\d paths are counted, and none is /article/\d\d",
        r"verdict: no map operation has failed, but main\.hits\.byPath has findings \(see below\)",
        r"\d+ maps checked, \d+ entries: 1 map has findings",
        r"main\.hits\.byPath:",
        r"map\[string\]int at 0x[0-9a-f]+ .*: \d+ findings in \d\d entries .*",
        r"  cause    shared-bytes +(0x[0-9a-f]+)  bytes of keys changed after these were stored: \d\d are equal now "
        r"\(\"/article/29\"\) with \d+ different (?:tophash bytes|values of H2) beside them, and no seed gives one key "
        r"several; (\d+) of \2 misplaced keys have their bytes in one 64-byte object at \1 \(in use\), all at "
        r"0x[0-9a-f]+; of the keys in place (?:\d|none) (?:has its|have theirs) there; \d+ findings from that",
        r"    goroutine 1 \(running, at main\.\(\*counter\)\.report main\.go:\d+\) has a pointer to it in main\.main "
        r"\(s \*main\.server\)",
    ],
    "hangs": [
        r"nobody has raised an error that ends the program",
        r"map\[uint32\]uint32 at 0x[0-9a-f]+ \(swiss\): .*: main\.devices\[\d+\]\.settings",
        rf"verdict: corruption: a search in it does not end \(see below\); {_SOMEBODY} assigns to it",
        rf"{_SOMEBODY}  is inside it .*",
        r" +main\.\(\*device\)\.set +main\.go:\d+  \(inlined\)",
        r"  cause    zeroed            0x[0-9a-f]+  288 zero bytes from .*",
        r"  error    table-full        0x[0-9a-f]+  .*: no empty slot in 2 groups; every miss spins for ever",
    ],
    "stalled": [
        r"verdict: no map is implicated",
        r"\d+ maps checked, 1065\d\d entries: no findings",
        r" +1 +106,497 .* main\.table\.byCode  map\[uint32\]\[4\]float64",
        r" +a growth that nobody goes on with keeps [56],\d{3},\d{3} bytes of old buckets",
    ],
    "cache": [
        r"nobody has raised an error that ends the program",
        r"verdict: no map is implicated",
        r"\d+ maps checked, 100\d\d entries: no findings",
        r" +1 +10,000 .* main\.front\.pages  map\[string\]main\.page",
        r" +room for [\d,]+ entries, of which 10,000 are there: built anew it would save 1[\d,]{9} of 1[\d,]{9} bytes",
    ],
}


def assert_said(story: str, screen: list[str]) -> None:
    """SCREEN has what must be said, each on a line behind that of what comes before."""
    rest = iter(screen)
    for pattern in _SAID[story]:
        assert any(re.fullmatch(pattern, line) for line in rest), f"{pattern}\nis not in order in\n" + "\n".join(screen)


@pytest.mark.parametrize("story", _SAID)
def test_a_page_shows_what_is_said(story: str) -> None:
    page = (_STORIES / story / "README.md").read_text()
    (transcript,) = re.findall(r"^```console\n(.*?)^```", page, re.M | re.S)
    typed, *said = transcript.splitlines()
    number = re.fullmatch(rf"\$ examples/story\.sh {story} \| head -(\d+)", typed)
    assert number is not None
    assert len(said) == int(number[1]) <= _SCREEN
    assert_said(story, said)


@pytest.mark.parametrize(
    ("story", "go"), [(story, go) for story in _SAID for go in (_CLASSIC, _SWISS) if (story, go) not in _OF_ONE_KIND]
)
def test_the_first_screen_names_the_cause(story: str, go: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    done = subprocess.run(
        [_STORIES.parent / "story.sh", story, toolchains.go(go)],
        env={**os.environ, "STORY_DIR": str(tmp_path), "GDB": str(toolchains.gdb())},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before, _, told = done.stdout.partition(" postmortem -html postmortem.html\n")
    assert before.startswith(f"$ GOTRACEBACK=crash ./{story}\n")
    assert told.endswith("-> postmortem.html\n")
    assert_said(story, told.splitlines()[:_SCREEN])
    place = tmp_path / story / f"go{go}"
    text = told.removesuffix("-> postmortem.html\n").rstrip("\n")
    everywhere = request.config.getoption("--matrix")
    if everywhere or go == _CLASSIC:
        with Gdb(debugger("gdb18"), place / story, place / "core") as gdb:
            assert gdb.run("gomap-postmortem") == text
    if everywhere or go == _SWISS:
        with serving("core", place / story, place / "core") as port:
            assert DelveRpc(port, place / story, place / "core").run("gomap-postmortem") == text


def test_a_story_that_is_not_there_is_said() -> None:
    done = subprocess.run([_STORIES.parent / "story.sh", "none"], capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (1, "story.sh: no story none\n")
