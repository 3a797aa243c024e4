"""Keys and elements as gomap-walk shows them: cut, shortened and in full, as GDB's own settings have it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.sessions.debugger import Gdb
from tests.sessions.pairs import truth
from tests.sessions.targets import Stopped


@pytest.fixture
def settings(gdb: Gdb) -> Iterator[Gdb]:
    """A GDB whose settings are as they were, afterwards."""
    yield gdb
    gdb.run("set print elements 200")
    gdb.run("set print repeats 10")


class TestRuns:
    @pytest.mark.parametrize(
        ("elements", "repeats"),
        [("200", "10"), ("200", "19"), ("200", "20"), ("200", "21"), ("12", "10"), ("5", "10"), ("200", "unlimited")],
    )
    def test_are_shortened_where_gdb_would_shorten_them(self, settings: Gdb, elements: str, repeats: str) -> None:
        settings.run(f"set print elements {elements}")
        settings.run(f"set print repeats {repeats}")
        lines = settings.run("gomap-walk -entries 'main.bigBoth'").splitlines()[1:]
        assert len(lines) == 30
        for line in lines[:5]:
            shown = re.search(r'"key-(\d+)".*, Pad:\[20\]int64\{(.*)\}\}: \(\*main\.BigKey\)\((0x[0-9a-f]+)\)$', line)
            assert shown, line
            pointer = f'gdb.Value({shown[3]}).cast(gdb.lookup_type("main.BigKey").pointer())'
            gdbs = settings.run(f'python print({pointer}["Pad"])').strip("{}")
            # GDB ends with three dots where gomap says how many there are besides.
            assert re.sub(r", \.\.\. \d+ more$", "...", shown[2]) == gdbs

    def test_print_shows_the_same(self, settings: Gdb) -> None:
        said = settings.run("print 'main.bigElems'")
        assert said.count(" = main.Big{0x0 <repeats 199 times>, 0xff}") == 1
        assert said.count("0x0 <repeats 198 times>") == 29
        said = settings.run("print -repeats unlimited -- 'main.bigElems'")
        assert "<repeats" not in said
        assert f"[0] = main.Big{{{'0x0, ' * 199}0xff}}" in said

    def test_full_shows_all(self, face: Stopped, settings: Gdb) -> None:
        settings.run("set print elements 3")
        literals = {f"{key}: {elem}" for key, elem in truth(face, "main.bigElems")["entries"]}
        lines = settings.run("gomap-walk -entries -full 'main.bigElems'").splitlines()[1:]
        assert {line.partition("  ")[2].partition("  ")[2].strip() for line in lines} == literals
        assert "<repeats" not in settings.run("gomap-walk -full -all 'main.bigBoth'")

    def test_json_stays_as_it_was(self, face: Stopped, settings: Gdb) -> None:
        literals = {(key, elem) for key, elem in truth(face, "main.bigElems")["entries"]}
        for option in ("", "-full"):
            answer = settings.json(f"gomap-walk -json -entries {option} 'main.bigElems'")
            assert {(entry["key"]["text"], entry["elem"]["text"]) for entry in answer["entries"]} == literals
            assert all(len(entry["elem"]["value"]) == 200 for entry in answer["entries"])


def test_bytes_that_hold_text_have_it_beside_them(gdb: Gdb) -> None:
    hello = ", ".join(f"{byte:#x}" for byte in "hello, 世界".encode())
    wanted = [
        f'1: []byte{{{hello}}} "hello, 世界"',
        '2: []byte{0x72, 0x6f, 0x6f, 0x6d, 0x0, 0x0} "room"',
        "3: []byte{0x1b, 0x5b, 0x33, 0x31, 0x6d}",
    ]
    lines = gdb.run("gomap-walk -entries 'main.texts'").splitlines()[1:]
    assert sorted(re.sub(r"^.*slot \d  ", "", line) for line in lines) == wanted
    said = gdb.run("print 'main.texts'")
    assert all(f"[{one.replace(': ', '] = ', 1)}" in said for one in wanted)
    assert not any(
        entry["elem"]["text"].endswith('"') for entry in gdb.json("gomap-walk -json -entries 'main.texts'")["entries"]
    )


class TestEntries:
    def test_are_those_of_the_map_in_places_that_a_walk_shows(self, face: Stopped, gdb: Gdb) -> None:
        entries = truth(face, "main.grown")["entries"]
        lines = gdb.run("gomap-walk -entries -limit unlimited 'main.grown'").splitlines()[1:]
        cells = [re.sub(r"^.* slot \d +", "", line) for line in lines]
        assert sorted(cells) == sorted(f"{key}: {elem}" for key, elem in entries)
        walk = gdb.json("gomap-walk -json -limit unlimited 'main.grown'")
        slots = {
            (bucket["address"], slot["slot"]) for bucket in walk["buckets"] for slot in bucket["slots"] if "key" in slot
        }
        answer = gdb.json("gomap-walk -json -entries -limit unlimited 'main.grown'")
        assert {(entry["address"], entry["slot"]) for entry in answer["entries"]} == slots
        assert answer["complete"]

    def test_a_limit_counts_entries(self, gdb: Gdb) -> None:
        *lines, last = gdb.run("gomap-walk -entries -limit 3 'main.grown'").splitlines()
        assert len(lines) == 4
        assert last == "997 more entries; see 'help gomap-walk' for -limit"
        assert len(gdb.run("gomap-walk -entries 'main.grown'").splitlines()) == 34
        assert len(gdb.run("gomap-walk -entries -all 'main.grown'").splitlines()) == 1001
        answer = gdb.json("gomap-walk -json -entries -limit 3 'main.grown'")
        assert len(answer["entries"]) == 3 and not answer["complete"]

    def test_of_one_bucket(self, gdb: Gdb) -> None:
        said = gdb.run("gomap-walk -entries -bucket 5 'main.grown'")
        assert said.count("\n") >= 1
        assert all(re.search(r"(bucket|group) 5[ ,]", line) for line in said.splitlines()[1:])
