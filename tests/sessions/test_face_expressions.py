"""What may be typed to name a map, and what is said of what is none.

The addresses are those that the program printed of its maps.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.fixtures.builds import build
from tests.sessions.debugger import Gdb
from tests.sessions.pairs import PAIRS, SWISS, Pair, header_of, truth
from tests.sessions.targets import READY, Stopped, bring_up, debugger


@pytest.fixture
def ready(face: Stopped) -> Stopped:
    """In the frame of main.fixtureReady, a function of package main without variables."""
    face.gdb.run("frame 0")
    return face


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("main.small", "main.small"),
        ("'main.small'", "main.small"),
        ("small", "main.small"),
        ("  main.small  ", "main.small"),
        ("(main.small)", "main.small"),
        ("&main.small", "main.small"),
        ("*&main.small", "main.small"),
        ("-- main.small", "main.small"),
        ("main.pointerToMap", "main.small"),
        ("*main.pointerToMap", "main.small"),
        ("(*main.pointerToMap)", "main.small"),
        ("example.org/maps/registry.Routes", "example.org/maps/registry.Routes"),
        ("'example.org/maps/registry.Routes'", "example.org/maps/registry.Routes"),
        ("main.boxed.Members", "main.small"),
        ("(&main.boxed).Members", "main.small"),
        ("(&main.boxed)->Members", "main.small"),
        ("main.boxes[1].Members", "main.small"),
        ("main.boxes[0x1].Members", "main.small"),
        ("main.boxes[2 - 1].Members", "main.small"),
        ("main.boxes[main.single[`one`]].Members", "main.small"),
        ("main.mapArray[1]", "main.small"),
        ("(&main.mapArray)[1]", "main.small"),
        ('main.nested["one"]', 'main.nested["one"]'),
        ("main.nested[`one`]", 'main.nested["one"]'),
        ('main.nested["\\x6fn\\u0065"]', 'main.nested["one"]'),
        ("main.deep[1][2]", "main.deep[1][2]"),
        ("main.deep[ 1 ] [2]", "main.deep[1][2]"),
        ("main.anyMap", "main.afterDeletes"),
        ("main.anyMap.(map[int]string)", "main.afterDeletes"),
        ("main.header", "main.header"),
        ("*(*map[string]int)(&main.small)", "main.small"),
        ("*(map[string]int *)&main.small", "main.small"),
        ("*('map[string]int' *)&'main.small'", "main.small"),
        ("*(*main.Header)(&main.header)", "main.header"),
        ("(*main.holder)(&main.boxed).Members", "main.small"),
        ("(*main.holder)(&main.boxes[1]).Members", "main.small"),
        ("(map[string]int)(main.small)", "main.small"),
    ],
)
def test_an_expression_leads_to_its_map(ready: Stopped, expression: str, name: str) -> None:
    address, _ = header_of(ready, expression)
    assert address == truth(ready, name)["address"]


def test_gos_own_conversion_of_an_address(ready: Stopped) -> None:
    """An address from a core's log, and Go's spelling of what lies there."""
    boxed = re.search(r"0x[0-9a-f]+", ready.gdb.run("output/x &main.boxed"))
    assert boxed
    address = truth(ready, "main.small")["address"]
    assert header_of(ready, f"(*main.holder)({boxed[0]}).Members")[0] == address
    assert header_of(ready, f"(map[string]int)({address:#x})") == (address, "map[string]int")
    assert ready.gdb.run(f"gomap-walk (*main.nobody)({boxed[0]}).Members") == (
        "no type main.nobody in the program's debug information"
    )
    assert ready.gdb.run(f"gomap-walk (*main.holder)({boxed[0]}).Nobody") == (
        f"(*main.holder)({boxed[0]}) is a main.holder, which has no field Nobody; it has Name, Members"
    )


#: Keys of the maps that the program calls so; what an interface holds shows the type of all but strings and ints.
_WRITTEN_KEYS = [
    ("main.arrays", "[3]uint8{0x1, 0x2, 0x3}"),
    ("main.arrays", "{1, 2, 3}"),
    ("main.matrices", "{{1, 2}, {3, 4}}"),
    ("main.generics", 'main.Pair[int,string]{1, "one"}'),
    ("main.generics", '{Second: "one", First: 1}'),
    ("main.structs", '{Base: main.Base{ID: 7}, Color: 3, Label: "label", inner: {X: 1, Y: -1}}'),
    ("main.structs", "{}"),
    ("main.complexes", "(-1.5+1i)"),
    ("main.anys", "main.Color(4)"),
    ("main.anys", "int8(5)"),
    ("main.anys", "float32(8.5)"),
    ("main.anys", 'main.Pair[interface {},string]{9, "nine"}'),
    ("main.anys", '[2]any{11, "x"}'),
    ("main.anys", "struct {}{}"),
    ("main.anys", "true"),
    ("main.stringers", "main.Color(3)"),
    ("main.pointers", "(*main.node)(nil)"),
    ("main.pointers", "nil"),
]


def live_slots(stopped: Stopped, name: str) -> list[dict[str, Any]]:
    """Where the program says that the entries of a map lie, and how their keys are spelled."""
    return [slot for bucket in truth(stopped, name)["buckets"] for slot in bucket["live"]]


@pytest.mark.parametrize(("name", "key"), _WRITTEN_KEYS)
def test_keys_that_are_written_as_in_go(ready: Stopped, name: str, key: str) -> None:
    said = ready.gdb.run(f"gomap-whatis &{name}[{key}]")
    assert int(said.partition(":")[0], 16) in {slot["elem_address"] for slot in live_slots(ready, name)}


def test_every_key_as_it_is_shown_leads_to_its_entry(ready: Stopped) -> None:
    asked = 0
    for name in ("main.anys", "main.structs", "main.bigBoth", "main.floats64", "main.chans", "main.anonymous"):
        for slot in live_slots(ready, name)[:12]:
            key = slot["key"]
            if "NaN" not in key and not key.startswith("&"):
                said = ready.gdb.run(f"gomap-whatis &{name}[{key}]")
                assert said.startswith(f"{slot['elem_address']:#x}: "), (name, key, said)
                asked += 1
    assert asked > 20


def test_convenience_variables_and_history(ready: Stopped) -> None:
    address = truth(ready, "main.small")["address"]
    ready.gdb.run("set $m = 'main.small'")
    assert header_of(ready, "$m") == (address, "map[string]int")
    ready.gdb.run("print 'main.single'")
    ready.gdb.run("print 'main.small'")
    assert header_of(ready, "$")[0] == address
    assert header_of(ready, "$$1")[0] == truth(ready, "main.single")["address"]


@pytest.mark.parametrize("language", ["go", "c", "asm", "c++"])
def test_the_current_language_does_not_matter(ready: Stopped, language: str) -> None:
    ready.gdb.run(f"set language {language}")
    try:
        assert header_of(ready, "main.small")[0] == truth(ready, "main.small")["address"]
        assert header_of(ready, 'main.nested["one"]')[0] == truth(ready, 'main.nested["one"]')["address"]
        assert language in ready.gdb.run("show language")
    finally:
        ready.gdb.run("set language auto")


def test_an_address_with_a_type(ready: Stopped) -> None:
    view = truth(ready, "main.small")
    for expression in (f"{view['address']:#x}", str(view["address"]), f"{view['address'] - 8:#x} + 8"):
        assert header_of(ready, f"-type map[string]int {expression}") == (view["address"], "map[string]int")
    routes = truth(ready, "example.org/maps/registry.Routes")
    named = "-type 'map[string]example.org/maps/registry.Route'"
    assert header_of(ready, f"{named} {routes['address']:#x}") == (routes["address"], routes["type"])
    anys = truth(ready, "main.anys")
    for spelling in ("map[interface {}]interface {}", "map[any]any", "map[interface{}]interface{}"):
        assert header_of(ready, f"-type '{spelling}' {anys['address']:#x}") == (anys["address"], anys["type"])


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("-1", "0xffffffffffffffff: not mapped"),
        ("1.5", "1.5 is a float64, not an address"),
        ("1 == 1", "1 == 1 is a bool, not an address"),
        ('"abcd"', '"abcd" is a '),
        ("main.boxed.Name", "main.boxed.Name is a string, not an address"),
        ("main.mapArray", "{&main.mapArray}: bss: main.mapArray"),
        ("main.boxed", "{&main.boxed}: data: main.boxed"),
        ("main.small", "{main.small}: allocated object at {main.small} "),
    ],
)
def test_what_is_an_address(ready: Stopped, expression: str, said: str) -> None:
    for part in re.findall(r"{(.*?)}", said):
        said = said.replace(f"{{{part}}}", re.sub(r".*(0x[0-9a-f]+).*", r"\1", ready.gdb.run(f"output/x {part}")))
    assert ready.gdb.run(f"gomap-whatis {expression}").startswith(said)


@pytest.mark.parametrize("command", ["gomap-walk", "gomap-whatis", "gomap-header -json"])
def test_an_expression_calls_and_changes_nothing(ready: Stopped, command: str) -> None:
    assert "may-call-functions is off" in ready.gdb.run(f"{command} main.fixtureReady()")
    assert ready.gdb.run("show may-call-functions").endswith(" is on.")
    for change in (
        "$rax = 1",
        "$rax += 1",
        "$rax++",
        "-- --$rax",
        "$rax <<= 1",
        "2 + $rax=1",
        "main.boxed.Members = 0",
    ):
        before = ready.gdb.run("output/x $rax")
        said = ready.gdb.run(f"{command} {change}")
        assert re.match(r".*: (nothing is changed here; that is for 'set var' to do|not understood from)", said), said
        assert ready.gdb.run("output/x $rax") == before
    for comparison in ("1 <= 2", "2 >= 1", "1 != 2", "1 == 2"):
        assert "nothing is changed" not in ready.gdb.run(f"{command} {comparison}")


@pytest.mark.parametrize("assigned", ["{} = 9", "1 + ({} += 9)", "{}++"])
def test_gdb_itself_forbids_writing(ready: Stopped, assigned: str) -> None:
    """An assignment that the look at the text lets through."""
    word = "(*(unsigned long *)&'main.small')"
    before = ready.gdb.run(f"output/x {word}")
    ready.gdb.run("python from gomap.gdb import scope; kept = scope.assigns")
    ready.gdb.run("python scope.assigns = lambda text: False")
    try:
        said = ready.gdb.run(f'python scope.live_scope().evaluate("{assigned.format(word)}")')
    finally:
        ready.gdb.run("python scope.assigns = kept")
    assert "ExpressionError" in said
    assert ready.gdb.run(f"output/x {word}") == before
    assert ready.gdb.run("show may-write-memory").endswith(" is on.")


def test_a_nil_map_is_a_map(ready: Stopped) -> None:
    assert header_of(ready, "main.nilMap") == (0, "map[string]int")
    assert header_of(ready, "main.mapArray[0]") == (0, "map[string]int")
    assert header_of(ready, 'main.nested["nil"]') == (0, "map[string]int")
    assert header_of(ready, "-type map[string]int 0") == (0, "map[string]int")


def test_variables_of_functions(face: Stopped) -> None:
    face.gdb.run("frame function main.withLocals")
    for name in ("local", "slices[2]", "nothing", "captured"):
        said = face.gdb.run(f"gomap-header {name}")
        if "optimized out" not in said:
            assert header_of(face, name)[0] == truth(face, name)["address"], name
    # In the closure the same variable is reached through the closure's record.
    face.gdb.run("frame function main.withLocals.func1")
    assert header_of(face, "captured")[0] == truth(face, "captured")["address"]
    # A package variable can be named without its package in any of the package's functions.
    assert header_of(face, "grown")[0] == truth(face, "main.grown")["address"]


@pytest.mark.parametrize("pair", PAIRS)
def test_arguments_are_found_in_registers(pair: Pair) -> None:
    """At the very start of a function its arguments are where its caller put them."""
    with Gdb(debugger(pair.gdb), build("maps", pair.go, optimised=pair.optimised)) as gdb:
        gdb.run(f"break {READY}")
        gdb.run("break main.withArguments")
        assert "hit Breakpoint 2" in gdb.run("run print > /dev/null")
        expected = {
            "direct": "main.small",
            "pointer": "main.afterDeletes",
            "record.Members": "main.grown",
            "boxed": "main.afterDeletes",
        }
        for argument, variable in expected.items():
            found, real = (gdb.json(f"gomap-header -json {each}") for each in (argument, variable))
            assert found["address"] == real["address"], argument


@pytest.mark.parametrize("pair", PAIRS)
def test_headers_in_the_runtimes_own_functions(pair: Pair) -> None:
    """What a crash inside a map shows: a header without a type, which the type beside it gives."""
    with Gdb(debugger(pair.gdb), build("maps", pair.go, optimised=pair.optimised)) as gdb:
        gdb.run("tbreak main.main")
        gdb.run("run print > /dev/null")
        gdb.run("break runtime.mapassign_faststr")
        assert "hit Breakpoint 2, runtime.mapassign_faststr" in gdb.run("continue")
        header = "m" if "Map" in gdb.run("whatis m") else "h"
        answer = gdb.json(f"gomap-header -json {header}")
        assert answer["address"] == gdb.run(f"output/x {header}")
        assert re.fullmatch(r"map\[string\]\w+", answer["type"])
        assert gdb.run(f"gomap-header -json -type '{answer['type']}' {header}") == gdb.run(
            f"gomap-header -json {header}"
        )
        gdb.run(f"set $header = {header}")
        gdb.run("frame function main.main")
        said = gdb.run("gomap-header $header")
        assert said.endswith("which does not say of what type the map is; give -type 'map[K]V'")


_MESSAGES = [
    ("main.boxes", "main.boxes is a []main.holder, not a map"),
    ("boxes", "boxes is a []main.holder, not a map"),
    ("main.boxed", "main.boxed is a main.holder, not a map"),
    ("main.boxed.Name", "main.boxed.Name is a string, not a map"),
    ("&main.boxed", "&main.boxed is a *main.holder, not a map"),
    ("main.boxed.Nombers", "main.boxed is a main.holder, which has no field Nombers; it has Name, Members"),
    ("main.boxes[2]", "main.boxes[2]: index out of range, main.boxes has 2 elements"),
    ("main.boxes[-1]", "main.boxes[-1]: index out of range, main.boxes has 2 elements"),
    ('main.boxes["x"]', 'main.boxes["x"]: the index of a []main.holder is a number'),
    ("main.smell", "no variable main.smell; did you mean main.small?"),
    ("registry.Routes", "no variable registry.Routes; did you mean example.org/maps/registry.Routes?"),
    ("nobody.knows", "no variable nobody.knows"),
    ("main.nested[1]", "main.nested[1]: not a key of this map: its keys are of type string"),
    ("main.anyMap.(map[int]int)", "main.anyMap holds a map[int]string, not map[int]int"),
    ("main.small.(int)", "main.small is a map[string]int, not an interface"),
    ("*main.small", "main.small is a map, not a pointer to one; leave out the *"),
    ("main.nested[", "main.nested[: no ] closes what is open"),
    ("main.small main.small", "main.small main.small: not understood from 'main.small' on"),
    ("$nobody", "$nobody has no value"),
    ("main.anys[nil]", "main.anys[nil] is a nil interface {}"),
    ("main.small[true]", "main.small[true]: not a key of this map: its keys are of type string"),
    ("main.floats32[1e300]", "main.floats32[1e300]: 1e+300 overflows float32, the type of the map's keys"),
    ('main.single["one"].x', 'main.single["one"] is an int, which has no field x'),
    ("-type map[string]int 0x10", "0x10: no map header at 0x10: cannot read"),
    ("-type main.holder main.small", "-type main.holder: not a map type"),
    ("-type map[int]nobody main.small", "no type map[int]nobody in the program's debug information"),
    ("-type map[string]int main.boxes", "main.boxes is a []main.holder, not an address"),
    ("main.matrices[0]", None),
    ("1 +", None),
    ("main.", None),
    ("[", None),
    ("(" * 900 + "main.small" + ")" * 900, None),
    ("*" * 900 + "main.small", None),
    ("m[[", None),
    ('"abc', None),
    ("'", None),
    ("*(*map[string]int)(0x10)", None),
]


@pytest.mark.parametrize(("expression", "message"), _MESSAGES)
def test_what_is_no_map_is_told_in_one_line(ready: Stopped, expression: str, message: str | None) -> None:
    said = ready.gdb.run(f"gomap-walk {expression}")
    assert len(said.splitlines()) == 1, said
    assert "gomap failed" not in said, said
    if message is not None:
        assert said.startswith(message)


def test_a_key_that_a_map_has_not(ready: Stopped) -> None:
    said = ready.gdb.run('gomap-walk main.nested["three"]')
    assert re.fullmatch(r'main\.nested has no key "three" \(of 3 entries in 1 \w+\)', said), said


def test_an_integer_could_be_an_address(ready: Stopped) -> None:
    said = ready.gdb.run('gomap-walk main.single["one"]')
    assert said == (
        "main.single[\"one\"] is an int, not a map; if it is the address of a map's header, give -type 'map[K]V'"
    )


def test_a_crashed_goroutine_is_on_another_stack() -> None:
    """A kernel core shows the thread that died, on the runtime's stack: no such variable there."""
    pair = SWISS
    with bring_up("kernel core", debugger(pair.gdb), build("maps", pair.go)) as stopped:
        assert stopped.gdb.run("gomap-walk local") == "no variable local in the selected frame or its package"
        assert header_of(stopped, "main.small")[0] == truth(stopped, "main.small")["address"]
