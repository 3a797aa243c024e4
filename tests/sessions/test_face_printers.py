"""What print, info locals, MI and DAP show of maps, with and without Go's own runtime-gdb.py.

Go's script reads only a part of a large map of Go 1.24 and later, and shows a small one as it is, so that what gomap
shows differs from what that would.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures import toolchains
from tests.fixtures.builds import build
from tests.sessions.debugger import GOMAP, Gdb
from tests.sessions.machine import Dap, Mi
from tests.sessions.pairs import PAIRS, SWISS, Pair, live, truth
from tests.sessions.targets import READY, Stopped, debugger

#: What GDB is given to source.
DAMAGE = Path(__file__).with_name("damage_names.py")


def printed(gdb: Gdb, command: str) -> str:
    """What COMMAND says behind ``$1 = ``."""
    return re.sub(r"^\$\d+ = ", "", gdb.run(command))


class TestPrint:
    def test_a_map_is_its_entries(self, face: Stopped, gdb: Gdb) -> None:
        said = printed(gdb, "print 'main.small'")
        entries = truth(face, "main.small")["entries"]
        assert said.startswith("map[string]int with 5 entries = {")
        assert sorted(re.findall(r'\[("key-\d")\] = (\d+)', said)) == sorted((key, elem) for key, elem in entries)

    def test_what_else_a_map_may_be(self, gdb: Gdb) -> None:
        assert printed(gdb, "print 'main.nilMap'") == "map[string]int(nil)"
        assert printed(gdb, "print 'main.empty'") == "map[string]int with 0 entries"
        assert printed(gdb, "print 'main.single'") == 'map[string]int with 1 entry = {["one"] = 1}'
        assert printed(gdb, "print 'main.header'").startswith("main.Header with 1 entry = {[")

    def test_maps_within_maps_and_structs(self, gdb: Gdb) -> None:
        assert printed(gdb, "print 'main.deep'") == (
            'map[int]map[int]map[int]string with 1 entry = {[1] = map[int]map[int]string{2:map[int]string{3:"four"}}}'
        )
        boxed = printed(gdb, "print 'main.boxed'")
        assert boxed.startswith('{Name = "boxed", Members = map[string]int with 5 entries = {[')

    def test_print_elements_counts(self, gdb: Gdb) -> None:
        """GDB counts keys and elements, here as in any map."""
        gdb.run("set print elements 6")
        for command, shown in (("print", 3), ("print -elements 4 --", 2)):
            said = printed(gdb, f"{command} 'main.uneven'")
            assert re.fullmatch(r"map\[int\]int with \d+ entries = \{(\[\d+\] = \d+(, )?)+\.\.\.\}", said), said
            assert said.count("] = ") == shown
        gdb.run("set print elements 200")

    def test_print_max_depth_counts(self, gdb: Gdb) -> None:
        for depth, shown in ((0, "{...}"), (1, "{[1] = map[int]map[int]string{...}}")):
            said = printed(gdb, f"print -max-depth {depth} -- 'main.deep'")
            assert said == f"map[int]map[int]map[int]string with 1 entry = {shown}"

    def test_print_pretty_gives_each_part_a_line(self, gdb: Gdb) -> None:
        gdb.run("set print pretty on")
        said = {name: printed(gdb, f"print 'main.{name}'") for name in ("deep", "header", "structs", "bigElems")}
        cut = printed(gdb, "print -elements 2 -- 'main.slices'")
        boxes = printed(gdb, "print 'main.boxes'")
        gdb.run("set print pretty off")
        assert said["deep"] == (
            "map[int]map[int]map[int]string with 1 entry = {\n"
            "  [1] = map[int]map[int]string with 1 entry = {\n"
            "    [2] = map[int]string with 1 entry = {\n"
            '      [3] = "four"\n'
            "    }\n"
            "  }\n"
            "}"
        )
        assert '\n  ["Accept"] = []string = {"text/html", "*/*"}\n}' in said["header"]
        assert ' = {\n    First = "pair",\n    Second = 2\n  }' in said["structs"]
        assert "\n  [0] = main.Big{0x0 <repeats 199 times>, 0xff}" in said["bigElems"]
        # What is outside a map stays GDB's to show, after a map that was cut short too.
        assert cut.count("] = ") == 1
        assert boxes.startswith("{\n  array = 0x")

    def test_a_script_gets_the_same_text(self, gdb: Gdb) -> None:
        typed = printed(gdb, "print 'main.deep'")
        assert typed in gdb.run("python print(gdb.execute(\"print 'main.deep'\", to_string=True))")
        assert typed in gdb.run("python print(gdb.parse_and_eval(\"'main.deep'\").format_string())")

    def test_strings_and_control_characters_stay_inside_their_quotes(self, gdb: Gdb) -> None:
        said = gdb.run("print 'main.strs'")
        assert r"\x1b[31mred\x7f" in said
        assert r'["\x1b]0;key\a"]' in said
        assert "\x1b" not in said

    @pytest.mark.parametrize("pair", PAIRS)
    def test_a_type_whose_name_is_damaged_in_the_file(self, pair: Pair, tmp_path: Path) -> None:
        binary = build("maps", pair.go, optimised=pair.optimised, ldflags="-compressdwarf=false")
        damaged = tmp_path / "maps"
        shutil.copy(binary, damaged)
        content = binary.read_bytes()
        assert b"\0map[string]int\0" in content or b"map[string]int\0" in content
        damaged.write_bytes(content.replace(b"map[string]int\0", b"map[str\xffng]int\0"))
        with Gdb(debugger(pair.gdb), damaged) as gdb:
            gdb.run(f"break {READY}")
            gdb.run("run stop < /dev/null > /dev/null")
            for command in ("print 'main.small'", "print 'main.boxed'", "bt -full"):
                said = gdb.run(command)
                assert "Python" not in said and "gomap failed" not in said, said
            assert "a name in its debug information is not UTF-8" in gdb.run("print 'main.small'")

    @pytest.mark.parametrize("pair", PAIRS)
    def test_names_out_of_damaged_memory(self, pair: Pair) -> None:
        """Types in interfaces whose names, in their descriptors, have control characters."""
        with live(pair) as there:
            assert there.gdb.run(f"source {DAMAGE}") == "some names damaged"
            for command in ("print", "gomap-walk", "gomap-walk -entries", "gomap-walk -json"):
                said = there.gdb.raw(f"{command} 'main.anys'")
                assert "m\\x1b[7mlocal" in said.replace("\\\\", "\\")
                assert "\x1b[7m" not in said

    def test_a_terminal_of_another_charset_gets_escapes(self, gdb: Gdb) -> None:
        assert "äöü ελ 日本 😀" in gdb.run("print 'main.strs'")
        gdb.run("set host-charset ASCII")
        said = gdb.run("print 'main.strs'")
        gdb.run("set host-charset auto")
        assert r"\u00e4\u00f6\u00fc \u03b5\u03bb \u65e5\u672c \U0001f600" in said
        assert said.isascii()

    def test_info_locals(self, gdb: Gdb) -> None:
        assert "withLocals" in gdb.run("frame function main.withLocals")
        said = gdb.run("info locals")
        assert re.search(r"^(local|&captured|nothing|slices) = ", said, re.MULTILINE), said
        assert "Python Exception" not in said
        maps = re.findall(r"^(?:local|nothing) = (.*)$", said, re.MULTILINE)
        assert all(re.match(r"map\[string\]\w+( with|\(nil\))|<optimized out>", one) for one in maps), said

    def test_without_a_process_there_is_no_guess(self) -> None:
        pair = SWISS
        with Gdb(debugger(pair.gdb), build("maps", pair.go)) as gdb:
            assert printed(gdb, "print 'main.small'") == (
                "map[string]int <no process: run the program, attach to it, or open a core file>"
            )


class TestGosOwnScript:
    """The printers that come with Go, whenever they come."""

    @staticmethod
    def script(go: str) -> Path:
        return toolchains.go(go).parents[1] / "src" / "runtime" / "runtime-gdb.py"

    @pytest.mark.parametrize("pair", PAIRS)
    @pytest.mark.parametrize("order", ["before", "after", "between two loads"])
    def test_gomap_stands_first(self, pair: Pair, order: str) -> None:
        theirs, ours = f"source {self.script(pair.go)}", f"source {GOMAP}"
        orders = {"before": [theirs, ours], "after": [ours, theirs], "between two loads": [ours, theirs, ours]}
        with Gdb(debugger(pair.gdb), build("maps", pair.go), load=False) as gdb:
            for command in orders[order]:
                gdb.run(command)
            gdb.run(f"break {READY}")
            assert READY in gdb.run("run stop < /dev/null > /dev/null")
            assert printed(gdb, "print 'main.single'") == 'map[string]int with 1 entry = {["one"] = 1}'
            gdb.run("set print elements unlimited")
            assert printed(gdb, "print 'main.grown'").count("] = ") == 1000
            # What is not gomap's is theirs still.
            assert printed(gdb, "print 'main.boxes'").startswith("[]main.holder = {")

    @pytest.mark.parametrize("pair", PAIRS)
    def test_each_objfile_has_one_entry(self, pair: Pair) -> None:
        with Gdb(debugger(pair.gdb), build("maps", pair.go)) as gdb:
            for _ in range(3):
                gdb.run(f"source {GOMAP}")
                gdb.run(f"source {self.script(pair.go)}")
            said = gdb.run("info pretty-printer")
            _, *sections = said.split("objfile ")
            assert sections, said
            for section in sections:
                assert section.splitlines().count("  gomap") == 1, said

    @pytest.mark.parametrize("pair", PAIRS)
    def test_loaded_by_gdb_itself(self, pair: Pair) -> None:
        """GDB loads Go's script with the program, as the program's .debug_gdb_scripts tells it to."""
        with Gdb(debugger(pair.gdb)) as gdb:
            gdb.run("set auto-load python-scripts on")
            gdb.run("set auto-load safe-path /")
            assert "Loading Go Runtime support" in gdb.run(f"file {build('maps', pair.go)}")
            gdb.run(f"break {READY}")
            assert READY in gdb.run("run stop < /dev/null > /dev/null")
            assert printed(gdb, "print 'main.single'") == 'map[string]int with 1 entry = {["one"] = 1}'


class TestMi:
    """Variable objects, as IDEs make them."""

    @pytest.fixture(params=PAIRS)
    def mi(self, request: pytest.FixtureRequest) -> Iterator[Mi]:
        pair: Pair = request.param
        with Mi(debugger(pair.gdb), build("maps", pair.go, optimised=pair.optimised)) as there:
            there.say(f'-interpreter-exec console "source {GOMAP}"')
            there.say("-enable-pretty-printing")
            there.say(f"-break-insert {READY}")
            there.say("-exec-arguments stop < /dev/null > /dev/null")
            there.say("-exec-run")
            there.await_stop()
            yield there

    def test_a_map_opens_into_keys_and_elements(self, mi: Mi) -> None:
        made = mi.say("-var-create m * 'main.single'")
        assert 'type="map[string]int"' in made
        assert 'displayhint="map"' in made
        assert 'has_more="1"' in made
        listed = mi.say("-var-list-children --all-values m")
        assert 'numchild="2"' in listed
        assert re.search(r'name="m\.\[0\]",[^{}]*value="\\"one\\"",type="string"', listed), listed
        assert re.search(r'name="m\.\[1\]",[^{}]*value="1",type="int"', listed), listed

    def test_an_element_that_is_a_map_opens_too(self, mi: Mi) -> None:
        mi.say("-var-create d * 'main.deep'")
        mi.say("-var-list-children d")
        mi.say('-var-list-children "d.[1]"')
        listed = mi.say('-var-list-children --all-values "d.[1].[1]"')
        assert 'value="3",type="int"' in listed
        assert re.search(r'value="\\"four\\"",type="string"', listed), listed

    def test_an_interface_opens_as_what_it_holds(self, mi: Mi) -> None:
        mi.say("-var-create i * 'main.anys'")
        listed = mi.say("-var-list-children --all-values i")
        assert re.search(r'value="\\"string\\"",type="string"', listed), listed
        assert re.search(r'value="-?\d+",type="main\.Color"', listed), listed

    def test_only_what_is_asked_for_is_made(self, mi: Mi) -> None:
        mi.say("-var-create g * 'main.grown'")
        listed = mi.say("-var-list-children --all-values g 0 4")
        assert 'numchild="4"' in listed
        assert 'has_more="1"' in listed

    def test_values_in_a_list_are_text(self, mi: Mi) -> None:
        said = mi.say("-data-evaluate-expression 'main.single'")
        assert said == r'^done,value="map[string]int with 1 entry = {[\"one\"] = 1}"'


class TestDap:
    """The protocol that editors speak, which GDB has learnt since."""

    @pytest.fixture(scope="class")
    @staticmethod
    def dap() -> Iterator[Dap]:
        with Dap(debugger("gdb18"), GOMAP) as there:
            there.launch(build("maps", "1.27.3"), READY)
            yield there

    def test_a_map_opens_into_elements_named_by_key(self, dap: Dap) -> None:
        single = dap.evaluate("'main.single'")
        assert single["result"] == "map[string]int with 1 entry"
        assert [(one["name"], one["value"]) for one in dap.children(single)] == [('["one"]', "1")]
        structs = dap.children(dap.evaluate("'main.matrices'"))
        assert [one["name"] for one in structs] == ["[[2][2]int16{[2]int16{1, 2}, [2]int16{3, 4}}]"]

    def test_an_element_that_is_a_map_opens_too(self, dap: Dap) -> None:
        (middle,) = dap.children(dap.evaluate("'main.deep'"))
        assert (middle["name"], middle["value"]) == ("[1]", "map[int]map[int]string with 1 entry")
        (inner,) = dap.children(middle)
        assert [(one["name"], one["value"]) for one in dap.children(inner)] == [("[3]", '"four"')]

    def test_keys_that_are_alike_stay_apart(self, dap: Dap) -> None:
        names = [one["name"] for one in dap.children(dap.evaluate("'main.nans'"))]
        assert len(names) > 1
        assert len(set(names)) == len(names)
        assert sum(name.startswith("[NaN]") for name in names) == len(names) - 1

    def test_what_cannot_be_read_is_a_note(self, dap: Dap) -> None:
        header = "int(gdb.parse_and_eval(\"'main.uneven'\"))"
        dap.command(f"python gdb.selected_inferior().write_memory({header} + 16, bytes([0x10] + [0] * 7))")
        damaged = dap.evaluate("'main.uneven'")
        assert re.match(r"map\[int\]int with \d+ entries$", damaged["result"])
        notes = dap.children(damaged)
        assert {note["name"].partition(" #")[0] for note in notes} == {"note"}
        assert any("cannot read memory at 0x10" in note["value"] for note in notes)
        place = "int(gdb.parse_and_eval(\"&'main.tombstones'\"))"
        dap.command(f"python gdb.selected_inferior().write_memory({place}, bytes([0x10] + [0] * 7))")
        lost = dap.evaluate("'main.tombstones'")
        (note,) = dap.children(lost)
        assert note["name"] == "note"
        assert "0x10" in note["value"]
        assert lost["result"] == f"map[int]int <{note['value'].strip(chr(34))}>"

    def test_a_nil_map_has_nothing_in_it(self, dap: Dap) -> None:
        nothing = dap.evaluate("'main.nilMap'")
        assert nothing["result"] == "map[string]int(nil)"
        assert dap.children(nothing) == []

    def test_a_thousand_entries_come_in_time(self, dap: Dap) -> None:
        start = time.monotonic()
        children = dap.children(dap.evaluate("'main.grown'"))
        assert len(children) == 1000
        assert time.monotonic() - start < 5
