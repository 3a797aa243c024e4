"""The stories in examples/ for those who learn how maps work: each page shows what is said, on each Go that it names.

What a map must look like follows from its story's main.go: the order in which entries were stored and deleted, and what
it prints of its maps itself. Addresses, seeds, hash bits and keys that are chosen by their hash are others each time.
Where chance decides more than that, a page is held against what its lines must say, and so is what is said now.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple, TypeVar

import pytest

from tests.fixtures import toolchains
from tests.fixtures.toolchains import GO_VERSIONS
from tests.sessions.doors import Files

_STORIES = Path(__file__).parents[2] / "examples" / "stories"
_SWISS, _CLASSIC = "1.27.3", "1.23.9"

#: What may differ from run to run in the stories that otherwise never say anything else.
_CHANCE = (
    (r"0x[0-9a-f]{3,}", "0x..."),
    (r"(?m)^(  \d  )[0-9a-f]{2}(  full  +)\d+(: )", r"\1..\2...\3"),
    (r"\(\d+ (buckets|groups), 67 hashes", r"(... \1, 67 hashes"),
    # How many it takes until one is in an overflow bucket.
    (r"(?m)(?<= )([89]|1\d)(?= entries|;| hashes|, but|$)", "..."),
)
_WORD = r"0x[0-9a-f]+"
_HEAD = rf"map\[int\]int at {_WORD} \((classic|swiss)\): "
#: Nine entries may share one of the new buckets by chance.
_OVERFLOW = r"( \+ \d+ overflow)?"

#: What is said, in this order, where chance decides how much there is of it.
_SAID = {
    ("grows", _CLASSIC): [
        r"main\.ages is kept as full: 52 entries in 8 buckets.*",
        _HEAD + rf"53 entries in 16 buckets{_OVERFLOW}, growing from 8 \(evacuated below [12]\)",
        r"  B: 3 -> 4",
        rf"  oldbuckets: 0x0 -> {_WORD}",
        r"entries: 1 added, 0 removed, 0 changed",
        _HEAD + rf"54 entries in 16 buckets{_OVERFLOW}, growing from 8 \(evacuated below [2-4]\)",
        r"evacuated: \d+ old buckets?: old bucket \d.*",
        rf"iterator at {_WORD} \(goroutine 1, main\.main\): under way, main\.main will use it again",
        r"  changed  the map has grown from 8 to 16 buckets since it began .*: it goes on in the old buckets at .*",
        r"  passed   13 entries of those that the map has now",
        _HEAD + r"60 entries in 16 buckets.*",
        rf"  oldbuckets: {_WORD} -> 0x0",
        r"entries: 6 added, 0 removed, 0 changed",
        r"  passed   19 entries of those that the map has now",
    ],
    ("grows", _SWISS): [
        r"main\.ages is kept as full: 52 entries in 1 table, 8 groups",
        _HEAD + r"53 entries in 1 table, 8 groups",
        r"states of slots changed: empty -> full 1",
        r"  started  directory entry 0 of 1; .*",
        _HEAD + r"60 entries in 1 table, 16 groups",
        r"  used: 54 -> 60",
        r"moved: 9 parts",
        rf"  table 0: {_WORD} -> {_WORD}",
        r"new: 8 parts",
        rf"iterator at {_WORD} \(goroutine 1, main\.main\): under way, main\.main will use it again",
        r"  changed  its table at .* was replaced as the map grew: it goes on in the old one, and looks up every key",
    ],
    ("overflow", _CLASSIC): [
        *(_HEAD + rf"{count} entries in 1024 buckets \+ \d+ overflow" for count in (3329, 5000, 6656)),
        r"  load +6656 of \d+ slots, \d\d%; 6\.50 entries per bucket",
        r"  hits +1\.0\d+ buckets on average \(expected: 1\.07\d\), 99% within 2, longest \d",
        r"  overflow buckets +[\d,]+ bytes, \d+ of 144",
        r"entries in a bucket and its overflow buckets; .*",
    ],
    ("overflow", _SWISS): [
        *(_HEAD + rf"{count} entries in 8 tables, 1024 groups" for count in (3329, 5000, 6656)),
        r"  load +6656 of 8192 slots, 81%; 6\.50 entries per group",
        r"  hits +1\.1\d+ groups on average \(expected: 1\.1\d+\), 99% within \d+, longest \d+",
    ],
}
_SETTLED = [("deletes", _CLASSIC), ("deletes", _SWISS), ("assigned", _SWISS), ("ghosts", _CLASSIC)]
_GUARDED = [("guarded", go) for go in (_CLASSIC, _SWISS)]
_HEADERS = [("headers", go) for go in (_CLASSIC, _SWISS)]


T = TypeVar("T")


class Shown(NamedTuple):
    """A transcript of a page: the first, or the last, lines of what a story says."""

    story: str
    go: str
    end: str
    number: int
    said: list[str]

    def of(self, lines: list[T]) -> list[T]:
        """The same part of LINES."""
        if not self.number:
            return lines
        return lines[: self.number] if self.end == "head" else lines[-self.number :]


def shown(story: str) -> list[Shown]:
    """The transcripts of a story's page."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", (_STORIES / story / "README.md").read_text(), re.M | re.S):
        typed, *said = block.splitlines()
        parts = re.fullmatch(rf"\$ examples/story\.sh {story} go([\d.]+)(?: \| (head|tail) -(\d+))?", typed)
        assert parts is not None, typed
        found.append(Shown(story, parts[1], parts[2] or "", int(parts[3] or 0), said))
    return found


def run(story: str, go: str, place: Path) -> list[str]:
    """What the story says now."""
    done = subprocess.run(
        [_STORIES.parent / "story.sh", story, toolchains.go(go)],
        env={**os.environ, "STORY_DIR": str(place), "GDB": str(toolchains.gdb())},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()


def settled(lines: list[str]) -> list[str]:
    """LINES without what chance decides."""
    text = "\n".join(lines)
    for pattern, instead in _CHANCE:
        text = re.sub(pattern, instead, text)
    return [re.sub(r"  +", "  ", line) for line in text.splitlines()]


def where_said(patterns: list[str], lines: list[str]) -> list[int]:
    """The numbers of the LINES that say what must be said, each behind that of what comes before."""
    found = [-1]
    for pattern in patterns:
        rest = range(found[-1] + 1, len(lines))
        number = next((number for number in rest if re.fullmatch(pattern, lines[number])), None)
        assert number is not None, f"{pattern}\nis not in order in\n" + "\n".join(lines)
        found.append(number)
    return found[1:]


@pytest.mark.parametrize(("story", "go"), _SETTLED + _HEADERS + _GUARDED)
def test_a_page_shows_what_is_said(story: str, go: str, tmp_path: Path) -> None:
    (page,) = [each for each in shown(story) if each.go == go]
    assert not page.number or len(page.said) == page.number
    assert settled(page.said) == settled(page.of(run(story, go, tmp_path)))


def test_an_assignment_shares_either_kind_of_map(tmp_path: Path) -> None:
    (page,) = shown("assigned")
    said = "\n".join(run("assigned", _CLASSIC, tmp_path)).replace("(classic)", "(swiss)").replace("bucket", "group")
    assert settled(said.splitlines()) == settled(page.said)


@pytest.mark.parametrize(("story", "go"), _SAID)
def test_a_story_says_what_its_page_explains(story: str, go: str, tmp_path: Path) -> None:
    (page,) = [each for each in shown(story) if each.go == go]
    assert not page.number or len(page.said) == page.number
    patterns, lines = _SAID[story, go], run(story, go, tmp_path)
    part = page.of(list(range(len(lines))))
    # (How long what is left out is may differ a little.)
    on_page = [
        pattern
        for pattern, number in zip(patterns, where_said(patterns, lines), strict=True)
        if (number > part[0] + 3 if page.end == "tail" else number < part[-1] - 3)
    ]
    assert len(on_page) >= 2
    where_said(on_page, page.said)
    typed, typed_now = commands(page.said), commands(lines)
    assert typed == (typed_now[-len(typed) :] if page.end == "tail" else typed_now[: len(typed)])


def commands(lines: list[str]) -> list[str]:
    """The lines that show what was typed."""
    return [line for line in lines if line.startswith(("(gdb) ", "$ "))]


@pytest.mark.parametrize("go", GO_VERSIONS)
def test_what_maps_start_with_is_in_the_table(go: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if go != "1.21.13" and not request.config.getoption("--matrix"):
        pytest.skip("with --matrix; the page's transcripts are of the others")
    said = "\n".join(run("headers", go, tmp_path))
    own = dict(re.findall(r"^own view: (\w+) +(.*)$", said, re.M))
    assert own["literal"] == own["hint8"]
    (row,) = [cells for versions, cells in table() if go in versions]
    assert row == [own["unset"], own["literal"], own["hint9"], own["hint100"]]
    by_gomap = re.findall(r"^  (?:B|dirLen) +(\d+)", said, re.M)
    assert by_gomap == re.findall(r"^own view: .* (?:B|dirLen) (\d+)", said, re.M)


def table() -> list[tuple[list[str], list[str]]]:
    """The rows of the page's table: which versions are meant, and the other columns."""
    page = (_STORIES / "headers" / "README.md").read_text()
    found = []
    for versions, *cells in re.findall(r"^\| (1\.\d.*?) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", page, re.M):
        named = re.findall(r"1\.\d[\d.]*", versions)
        if " to " in versions:
            first, last = (GO_VERSIONS.index(version) for version in named)
            named = list(GO_VERSIONS[first : last + 1])
        found.append((named, cells))
    return found


def test_a_map_built_anew_has_as_many_buckets_as_the_runtime_makes(tmp_path: Path) -> None:
    """Go 1.21 fills buckets less. (The map of 3,329 entries was made for 6,656, and all its buckets at once.)"""
    go = "1.21.13"
    run("overflow", go, tmp_path)
    place = tmp_path / "overflow" / f"go{go}"
    files = Files(place / "overflow", place / "core")
    grown, full = (json.loads(files.run(f"gomap-stats -json main.{name}")) for name in ("grown", "full"))
    assert full["rebuilt"] == grown["allocated"] <= full["allocated"]
    assert "at the fullest (75%)" in files.run("gomap-layout main.full")
