"""$gomap_len, $gomap_get and $gomap_has: in print, in breakpoint conditions, in scripts."""

from __future__ import annotations

import re

import pytest

from tests.fixtures.builds import build
from tests.sessions.debugger import Gdb
from tests.sessions.pairs import PAIRS, Pair, truth
from tests.sessions.targets import Stopped, debugger


@pytest.mark.parametrize(
    "name", ["main.nilMap", "main.empty", "main.small", "main.grown", "main.uneven", "main.growing", "main.nans"]
)
def test_len(face: Stopped, name: str) -> None:
    length = truth(face, name)["len"]
    assert face.gdb.run(f"output $gomap_len('{name}')") == str(length)
    assert face.gdb.run(f'output $gomap_len("{name}")') == str(length)
    assert face.gdb.run(f"output $gomap_len(&'{name}')") == str(length)


@pytest.mark.parametrize(
    ("map", "key", "has"),
    [
        ("main.single", '"one"', 1),
        ("main.single", '"on"', 0),
        ("main.single", '"one "', 0),
        ("main.nilMap", '"one"', 0),
        ("main.strs", '""', 1),
        ("main.eight", "3", 1),
        ("main.eight", "-3", 0),
        ("main.ints8", "-128", 1),
        ("main.ints8", "-1", 1),
        ("main.uints8", "200", 1),
        ("main.uints64", "18446744073709551615", 1),
        ("main.ints64", "-9223372036854775807-1", 1),
        ("main.bools", "1 == 1", 1),
        ("main.floats64", "-1.5", 1),
        ("main.floats64", "1", 1),
        ("main.floats64", "2.25", 0),
        ("main.floats32", "-1.5", 1),
        ("main.named", '"mild"', 1),
        ("main.flags", "128", 1),
        ("main.arrays", '"{1, 2, 3}"', 1),
        ("main.arrays", '"[3]uint8{1, 2, 4}"', 0),
        ("main.generics", '"main.Pair[int,string]{Second: `one`, First: 1}"', 1),
        ("main.generics", '"{1, `two`}"', 0),
        ("main.complexes", '"-1.5+1i"', 1),
        ("main.anys", '"string"', 1),
        ("main.anys", '"text"', 0),
        ("main.anyMap", "$gomap_len('main.single')", None),
        ("main.uintptrs", "0xdeadbeef", 1),
    ],
)
def test_has(gdb: Gdb, map: str, key: str, has: int | None) -> None:
    for language in ("go", "c"):
        gdb.run(f"set language {language}")
        answer = gdb.run(f"output $gomap_has('{map}', {key})")
        gdb.run("set language auto")
        assert answer in ("0", "1"), answer
        if has is not None:
            assert answer == str(has), (language, answer)


def test_every_key_of_a_map_is_found_and_no_other(face: Stopped) -> None:
    """With holes from deletes, and while the map grows: a key is where the program says, wherever growth has it."""
    for name in ("main.growing", "main.growingSameSize", "main.tombstones", "main.chained"):
        entries = truth(face, name)["entries"]
        keys = [key for key, _ in entries[:: max(1, len(entries) // 8)]]
        for key in keys:
            assert face.gdb.run(f"output $gomap_has('{name}', {key})") == "1", (name, key)
        assert face.gdb.run(f"output $gomap_has('{name}', 123456789)") == "0"


class TestGet:
    def test_elements_have_their_types(self, face: Stopped, gdb: Gdb) -> None:
        assert gdb.run("output $gomap_get('main.single', \"one\")") == "1"
        assert gdb.run("output $gomap_get('main.voidKeys', $gomap_get('main.voids', 1))") == '"the only one"'
        assert gdb.run("output $gomap_get('main.ints8', -1)").startswith("255")
        for key, elem in truth(face, "main.grown")["entries"][:5]:
            assert gdb.run(f"output $gomap_get('main.grown', {key})") == elem

    def test_what_is_got_can_be_gone_on_with(self, gdb: Gdb) -> None:
        assert gdb.run("output $gomap_len($gomap_get('main.nested', \"one\"))") == "1"
        assert gdb.run("output $gomap_get($gomap_get($gomap_get('main.deep', 1), 2), 3)") == '"four"'
        assert "len = 3" in gdb.run("output $gomap_get('main.slices', \"three\")")
        assert gdb.run('output $gomap_get("main.nested[\\"one\\"]", "one")') == "1"

    def test_a_struct_is_a_key_too(self, gdb: Gdb) -> None:
        """The key is a value of the program, as it stands in another map's element."""
        said = gdb.run("gomap-walk -limit unlimited main.bigBoth")
        address = re.search(r"\(\*main\.BigKey\)\((0x[0-9a-f]+)\)", said)
        assert address, said
        gdb.run("set language c")
        assert gdb.run(f"output $gomap_has('main.bigBoth', *('main.BigKey' *){address[1]})") == "1"
        gdb.run("set language auto")

    def test_a_key_that_is_not_there(self, gdb: Gdb) -> None:
        said = gdb.run("print $gomap_get('main.single', \"two\")")
        said_of_one = r"\$gomap_get: no such key in the map\[string\]int, which has 1 entry in 1 \w+"
        assert re.fullmatch(said_of_one, said), said
        said = gdb.run("print $gomap_get('main.nilMap', \"two\")")
        assert said == "$gomap_get: no such key in the map[string]int, which is nil"


class TestIndexing:
    """GDB takes m[3] for the third header from m's: what it shows then says how to ask."""

    _ADVICE = "GDB takes MAP[KEY] for pointer arithmetic; for an entry: $gomap_get(MAP, KEY)"

    def test_a_header_says_that_it_is_one(self, gdb: Gdb) -> None:
        shown = r"header of a map, (map|hash)<string,int> \(" + re.escape(self._ADVICE) + r"\) = {"
        for expression in ("*'main.small'", "'main.small'[0]"):
            assert re.match(shown + "(used|count) = 5, ", gdb.run(f"output {expression}"))

    def test_what_is_no_header_is_not_shown_as_one(self, face: Stopped, gdb: Gdb) -> None:
        """A bucket or group is an object of another size; the words within it are none at all."""
        (bucket,) = truth(face, "main.small")["buckets"]
        pointer = "gdb.parse_and_eval(\"'main.small'\").type.strip_typedefs()"
        for address in (bucket["address"] + 8, bucket["address"] + 48):
            said = gdb.run(f"python print(gdb.Value({address}).cast({pointer}).dereference())")
            assert said == f"<no map's header at {address:#x}: {self._ADVICE}>"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("$gomap_len('main.boxes')", "the argument is a []main.holder, not a map"),
        (
            "$gomap_len(3)",
            "the argument is an int, not a map; if it is the address of a map's header, "
            'give it in a string with its type: "(map[K]V)(0xc000012340)"',
        ),
        ('$gomap_len("main.nobody")', "no variable main.nobody"),
        ("$gomap_has('main.single', 1)", "$gomap_has: not a key of this map: its keys are of type string"),
        ("$gomap_has('main.single', 'main.boxed')", None),
        ("$gomap_has('main.single')", "$gomap_has is called with (MAP, KEY)"),
        ("$gomap_get('main.single', \"one\", 2)", "$gomap_get is called with (MAP, KEY)"),
    ],
)
def test_wrong_use_is_told_in_one_line(gdb: Gdb, call: str, said: str | None) -> None:
    answer = gdb.run(f"print {call}")
    assert len(answer.splitlines()) == 1, answer
    assert "gomap failed" not in answer
    assert "Traceback" not in answer
    if said is not None:
        assert answer.startswith(said)


@pytest.mark.parametrize("pair", PAIRS)
def test_a_breakpoint_condition(pair: Pair) -> None:
    """Stop at the first call at which the map has grown so far: the first has 25 entries already in it."""
    with Gdb(debugger(pair.gdb), build("maps", pair.go, optimised=False)) as gdb:
        gdb.run("tbreak main.perform if $gomap_len('main.grown') == 1000 && $gomap_has('main.single', \"one\")")
        gdb.run("break main.publish if $gomap_has('main.single', \"two\")")
        assert "hit Temporary breakpoint 1, main.perform" in gdb.run("run print > /dev/null")
        assert "exited normally" in gdb.run("continue")


@pytest.mark.parametrize("pair", PAIRS)
def test_a_condition_sees_the_map_as_it_is_at_each_hit(pair: Pair) -> None:
    """No event of GDB's tells gomap that the program ran on where the condition was false."""
    with Gdb(debugger(pair.gdb), build("steps", pair.go, optimised=pair.optimised)) as gdb:
        gdb.run("tbreak main.step if $gomap_has(m, 4)")
        assert "hit Temporary breakpoint 1, main.step" in gdb.run("run")
        assert gdb.run("output $gomap_len(m)") == "5"
        gdb.run("tbreak main.step if $gomap_len(m) == 7")
        assert "hit Temporary breakpoint 2, main.step" in gdb.run("continue")
        assert gdb.run("output $gomap_len(m)") == "7"


@pytest.mark.parametrize("pair", PAIRS)
def test_a_program_with_the_c_library(pair: Pair) -> None:
    """GDB would call its malloc for the sake of a string constant, and lend gomap a string of the program's."""
    with Gdb(debugger(pair.gdb), build("maps", pair.go, optimised=False, libc=True)) as gdb:
        gdb.run("break main.perform if $gomap_has('main.single', \"one\")")
        assert "hit Breakpoint 1, main.perform" in gdb.run("run print > /dev/null")
        gdb.run("break malloc")
        for language in ("go", "c"):
            gdb.run(f"set language {language}")
            assert gdb.run("output $gomap_get('main.single', \"one\")") == "1"
            assert gdb.run('output $gomap_len("main.single")') == "1"
        assert gdb.run("show may-call-functions").endswith("is on.")
