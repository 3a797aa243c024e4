"""The commands as GDB users expect any command to be: options, help, completion, the pager, Ctrl-C, colour."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

import pexpect
import pytest

from tests.fixtures.builds import build
from tests.sessions.debugger import GOMAP, Gdb
from tests.sessions.pairs import PAIRS, Pair
from tests.sessions.targets import READY, Stopped, debugger


def heads(said: str) -> list[str]:
    """The lines that begin a bucket or group."""
    return [line for line in said.splitlines() if re.match(r"(bucket|group) \d+ at 0x", line)]


class TestOptions:
    def test_a_limit_cuts_and_says_what_is_left(self, gdb: Gdb) -> None:
        said = gdb.run("gomap-walk -limit 2 main.grown")
        assert len(heads(said)) == 2
        assert re.search(r"\n\d+ more (buckets|groups); see 'help gomap-walk' for -bucket and -limit$", said)

    def test_the_setting_is_the_limit_where_none_is_given(self, gdb: Gdb) -> None:
        assert gdb.run("show gomap limit") == "gomap-walk shows 32 buckets or groups when called without -limit."
        assert len(heads(gdb.run("gomap-walk main.grown"))) == 32
        assert gdb.run("set gomap limit 3") == ""
        assert len(heads(gdb.run("gomap-walk main.grown"))) == 3
        assert gdb.run("set gomap limit unlimited") == ""
        every = len(heads(gdb.run("gomap-walk main.grown")))
        assert every > 100
        assert every == len(heads(gdb.run("gomap-walk -limit unlimited main.grown")))
        assert every == len(heads(gdb.run("gomap-walk -all main.grown")))
        gdb.run("set gomap limit 32")

    def test_names_may_be_cut_as_long_as_they_are_clear(self, gdb: Gdb) -> None:
        assert gdb.run("gomap-walk -l 1 -j main.grown") == gdb.run("gomap-walk -limit 1 -json main.grown")
        assert gdb.run("gomap-walk -lim unlim -b 5 main.grown") == gdb.run("gomap-walk -bucket 5 main.grown")

    def test_one_bucket(self, gdb: Gdb) -> None:
        said = heads(gdb.run("gomap-walk -bucket 5 main.grown"))
        assert said
        assert all(line.split()[1] == "5" for line in said)

    @pytest.mark.parametrize("name", ["main.grown", "main.small", "main.uneven"])
    def test_a_bucket_that_is_not_there_is_told_once(self, gdb: Gdb, name: str) -> None:
        _, *said = gdb.run(f"gomap-walk -bucket 100000 {name}").splitlines()
        assert len(said) == 1, said
        assert re.match(r"note: (there is no (bucket|group) 100000: |the map is small)", said[0])

    def test_zero_is_no_limit_as_in_the_setting(self, gdb: Gdb) -> None:
        every = gdb.run("gomap-walk -limit unlimited main.grown")
        assert len(heads(every)) > 100
        assert gdb.run("gomap-walk -limit 0 main.grown") == every
        gdb.run("set gomap limit 0")
        assert gdb.run("gomap-walk main.grown") == every
        gdb.run("set gomap limit 32")

    def test_options_are_taken_behind_the_expression_too(self, gdb: Gdb) -> None:
        assert gdb.run("gomap-walk main.grown -limit 2") == gdb.run("gomap-walk -limit 2 main.grown")
        assert gdb.run("gomap-header main.small -json") == gdb.run("gomap-header -json main.small")
        assert gdb.run("gomap-walk main.grown -limit many") == "gomap-walk: -limit takes N|unlimited, not many"
        assert gdb.run("gomap-check main.small -all").endswith("-all stands in place of EXPR, such as main.small")

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ("", "gomap-walk: needs EXPR. Usage: gomap-walk [-limit N|unlimited] [-bucket N|TABLE:GROUP] [-old]"),
            ("-json", "gomap-walk: needs EXPR."),
            ("--", "gomap-walk: needs EXPR."),
            ("-limit", "gomap-walk: -limit takes a value: N|unlimited"),
            ("-limit many main.small", "gomap-walk: -limit takes N|unlimited, not many"),
            ("-limit -1 main.small", "gomap-walk: -limit takes N|unlimited, not -1"),
            ("-bucket x main.small", "gomap-walk: -bucket takes N|TABLE:GROUP, not x"),
            ("-bucket 1: main.small", "gomap-walk: -bucket takes N|TABLE:GROUP, not 1:"),
            (
                "-nonsense main.small",
                "gomap-walk: no option -nonsense; there are -limit, -bucket, -old, -all, -entries",
            ),
            ("-type", "gomap-walk: -type takes a value: TYPE"),
            ("--limit 3 main.small", "gomap-walk: no option --limit; there are -limit, -bucket"),
            ("-limit=3 main.small", "gomap-walk: no option -limit=3; there are -limit, -bucket"),
        ],
    )
    def test_wrong_usage_names_the_option_and_what_it_takes(self, gdb: Gdb, arguments: str, said: str) -> None:
        answer = gdb.run(f"gomap-walk {arguments}")
        assert answer.startswith(said)
        assert len(answer.splitlines()) == 1

    def test_a_check_of_all_maps_takes_no_map(self, gdb: Gdb) -> None:
        said = gdb.run("gomap-check -all main.small")
        assert said == "gomap-check: -all stands in place of EXPR, such as main.small"

    def test_a_check_of_all_maps_says_which_it_leaves_out(self, gdb: Gdb) -> None:
        left_out = "maps that are not package variables, such as fields and locals"
        *_, last = gdb.run("gomap-check -all -quick").splitlines()
        assert re.fullmatch(rf"\d+ maps checked, \d+ entries: no findings; not looked at: {left_out}", last)
        assert gdb.json("gomap-check -all -quick -json")["notLookedAt"] == left_out


class TestHelp:
    def test_gomap_lists_everything(self, gdb: Gdb) -> None:
        said = gdb.run("gomap")
        for name in ("gomap-header", "gomap-walk", "$gomap_len(MAP)", "$gomap_get(MAP, KEY)", "$gomap_has(MAP, KEY)"):
            assert re.search(rf"^  {re.escape(name)} +\S", said, re.MULTILINE), name
        assert gdb.run("gomap walk") == "gomap: takes no argument, such as walk"

    def test_every_command_and_option_has_help(self, gdb: Gdb) -> None:
        commands = re.findall(r"^  (gomap-\S+)", gdb.run("gomap"), re.MULTILINE)
        assert len(commands) >= 2
        for command in commands:
            text = gdb.run(f"help {command}")
            first, _, rest = text.partition("\n")
            assert first.endswith("."), text
            usage = re.search(rf"^Usage: {command} (.*)$", rest, re.MULTILINE)
            assert usage, text
            for option in re.findall(r"\[(-\w+)", usage[1]):
                assert re.search(rf"^  {option}\b.*\n    \S", text, re.MULTILINE), (command, option)

    def test_functions_have_help(self, gdb: Gdb) -> None:
        said = gdb.run("help function gomap_get").splitlines()
        assert said[0] == (
            "$gomap_get (MAP, KEY): the element under a key of a Go map; an error if it has no such key."
        )
        assert not any(line.startswith(" ") for line in said)

    def test_apropos_finds_it_all(self, gdb: Gdb) -> None:
        said = gdb.run("apropos gomap")
        for line in (
            "gomap -- Show what gomap can do: see inside Go maps.",
            "gomap-walk -- Show a Go map's buckets or groups, slot by slot, in storage order.",
            "set gomap limit -- Set how many buckets or groups gomap-walk shows.",
            "function gomap_len -- $gomap_len (MAP): how many entries a Go map has, as its header says.",
        ):
            assert line in said.splitlines()


@pytest.mark.parametrize(
    ("typed", "offers"),
    [
        ("gomap-wal", ["gomap-walk"]),
        ("gomap-walk -l", ["gomap-walk -limit"]),
        (
            "gomap-walk -json -",
            [f"gomap-walk -json -{name}" for name in ("all", "bucket", "entries", "full", "json", "limit", "type")],
        ),
        ("gomap-walk main.growi", [f"gomap-walk main.growing{rest}" for rest in ("", "SameSize", "Strings")]),
        ("gomap-walk -limit 3 -old main.growi", ["gomap-walk -limit 3 -old main.growing"]),
        ("gomap-walk growingS", ["gomap-walk growingSameSize", "gomap-walk growingStrings"]),
        ("gomap-walk 'main.growi", ["gomap-walk 'main.growing"]),
        ("gomap-header main.boxed.", ["gomap-header main.boxed.Members", "gomap-header main.boxed.Name"]),
        ("gomap-header -- main.boxed.M", ["gomap-header -- main.boxed.Members"]),
        ("gomap-header example", ["gomap-header example.org/maps/registry."]),
        ("gomap-header example.org/maps/registry.R", ["gomap-header example.org/maps/registry.Routes"]),
        ("gomap-walk -lim u", ["gomap-walk -lim unlimited"]),
        ("gomap-walk main.grown -js", ["gomap-walk main.grown -json"]),
        ("gomap-whatis main.growi", ["gomap-whatis main.growing"]),
        ('gomap-walk main.nested["o', ['gomap-walk main.nested["one"]']),
        ('gomap-walk main.nested["', [f'gomap-walk main.nested["{key}"]' for key in ("empty", "nil", "one")]),
        ("gomap-walk main.deep[1][", ["gomap-walk main.deep[1][2]"]),
        (
            "gomap-walk -limit 2 main.generics[main.Pair",
            ['gomap-walk -limit 2 main.generics[main.Pair[int,string]{First:1, Second:"one"}]'],
        ),
        ("gomap-walk -type map[string]i", ["gomap-walk -type map[string]int"]),
        ("gomap-walk -type 'map[interface {}]i", ["gomap-walk -type 'map[interface {}]interface {}"]),
        ("gomap-walk -ty map[int8]u", ["gomap-walk -ty map[int8]uint8"]),
        ("set gomap li", ["set gomap limit"]),
    ],
)
def test_tab_completes(gdb: Gdb, typed: str, offers: list[str]) -> None:
    said = gdb.run(f"complete {typed}").splitlines()
    # GDB closes a quote in some versions, and has maps of its own to offer beside ours.
    assert set(offers) <= {line.rstrip("'") for line in said}
    assert all(line.startswith(typed) for line in said)


def test_every_map_type_without_a_name_is_offered_behind_type(face: Stopped, gdb: Gdb) -> None:
    types = {view["type"] for view in face.printed["maps"]}
    gdb.run("set max-completions unlimited")
    offers = gdb.run("complete gomap-header -type map[").splitlines()
    gdb.run("set max-completions 200")
    wanted = {type for type in types if type.startswith("map[") and " " not in type}
    assert len(wanted) > 30
    assert wanted <= {offer.removeprefix("gomap-header -type ") for offer in offers}


def test_completion_of_locals(face: Stopped) -> None:
    face.gdb.run("frame function main.withLocals")
    assert "gomap-walk captured" in face.gdb.run("complete gomap-walk cap").splitlines()


def test_json_is_one_object_in_ascii(gdb: Gdb) -> None:
    said = gdb.run("gomap-walk -json main.strs")
    assert len(said.splitlines()) == 1
    assert said.isascii()
    assert json.loads(said)["command"] == "walk"


@pytest.fixture(scope="module", params=PAIRS)
def terminal(request: pytest.FixtureRequest) -> Iterator[Gdb]:
    """A terminal that shows colours, with maps of 100,000 and a million entries."""
    pair: Pair = request.param
    with Gdb(debugger(pair.gdb), build("large", pair.go), colour=True) as there:
        there.run(f"break {READY}")
        assert READY in there.run("run")
        yield there


class TestAtATerminal:
    def test_ctrl_c_ends_a_walk_at_once(self, terminal: Gdb) -> None:
        for options in ("", "-json "):
            terminal.press(f"gomap-walk -limit unlimited {options}main.million\n")
            time.sleep(0.5)
            terminal.press("\x03")
            pressed = time.monotonic()
            terminal.read_until("interrupted")
            assert time.monotonic() - pressed < 2
            terminal.read_until("(gdb) ")
            assert terminal.run("output 6 * 7") == "42"

    def test_ctrl_c_ends_a_print_at_once(self, terminal: Gdb) -> None:
        terminal.press("print -elements unlimited -- 'main.million'\n")
        terminal.read_until("entries = {")
        terminal.press("\x03")
        pressed = time.monotonic()
        rest = terminal.read_until("(gdb) ")
        assert time.monotonic() - pressed < 2
        assert "<error reading variable: interrupted>" in rest, rest[-200:]
        assert "Exception" not in rest

    def test_the_pager_can_be_quit(self, terminal: Gdb) -> None:
        terminal.run("set height 10")
        terminal.run("set pagination on")
        terminal.press("gomap-walk main.hundredThousand\n")
        shown = terminal.read_until("--Type <RET> for more")
        assert "100000 entries" in shown
        terminal.press("q\n")
        rest = terminal.read_until("(gdb) ")
        assert "Traceback" not in rest
        assert "Error" not in rest
        terminal.run("set pagination off")

    def test_colour_at_a_terminal_and_none_in_what_a_script_gets(self, terminal: Gdb) -> None:
        terminal.press("gomap-walk -limit 1 main.hundredThousand\n")
        terminal.read_until("more")
        # The session strips escapes from what it returns; what came is in the terminal's own buffer.
        assert "\x1b[" in str(terminal._terminal.before)
        terminal.read_until("(gdb) ")
        said = terminal.run(
            "python print(ascii(gdb.execute('gomap-walk -limit 1 main.hundredThousand', to_string=True)))"
        )
        assert "100000 entries" in said
        assert "\\x1b" not in said
        terminal.run("set style enabled off")
        terminal.press("gomap-walk -limit 1 main.hundredThousand\n")
        terminal.read_until("more")
        shown = str(terminal._terminal.before)
        assert "100000 entries" in shown
        assert "\x1b[3" not in shown
        terminal.read_until("(gdb) ")
        terminal.run("set style enabled on")

    def test_a_check_of_all_maps_that_takes_long_says_what_it_is_at(self, terminal: Gdb) -> None:
        """A second of patience, which a test need not wait for."""
        terminal.run("python from gomap.commands import progress; progress._PATIENCE = 0")
        terminal.press("gomap-check -all\n")
        terminal.read_until("maps checked, now main.million")
        terminal.read_until("no findings")
        # The session takes carriage returns from what it returns; what came is in the terminal's own buffer.
        assert re.search(r"\r +\r\d+ maps checked, \d+ entries: $", str(terminal._terminal.before))
        terminal.read_until("(gdb) ")
        for quiet in ("| gomap-check -all | cat", "python print(gdb.execute('gomap-check -all', to_string=True))"):
            said = terminal.run(quiet)
            assert "no findings" in said
            assert ", now " not in said
        terminal.run("python progress._PATIENCE = 1")

    @pytest.mark.parametrize("pipe", ["pipe", "|"])
    def test_no_colour_in_a_pipe(self, terminal: Gdb, pipe: str) -> None:
        said = terminal.run(f"{pipe} gomap-walk -limit 1 main.hundredThousand | cat -v")
        assert "100000 entries" in said
        assert "^[[" not in said


def test_no_colour_in_batch_mode() -> None:
    binary = build("large", "1.27.3")
    command = ["-nx", "-q", "-batch", "-iex", "set auto-load off", "-ex", f"source {GOMAP}", "-ex", f"break {READY}"]
    command += ["-ex", "run", "-ex", "gomap-walk -limit 1 main.hundredThousand", str(binary)]
    terminal: pexpect.spawn[str] = pexpect.spawn(str(debugger("system_gdb")), command, encoding="utf-8", timeout=60)
    terminal.expect(pexpect.EOF)
    said = str(terminal.before)
    assert "100000 entries" in said
    assert "\x1b[" not in said[said.index("100000 entries") :]
