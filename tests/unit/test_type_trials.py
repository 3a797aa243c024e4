"""Maps of which nothing tells the type: what trying the program's map types says, beside what the program had said."""

from __future__ import annotations

import functools
from collections import Counter
from typing import NamedTuple

import pytest

from gomap.census.census import Census, FoundMap, take_census
from gomap.elf.target import open_core, opened_core
from gomap.goruntime.heap import heap_of
from gomap.goruntime.map_descriptors import map_descriptors
from gomap.goruntime.pointermaps import PointerMaps
from gomap.goruntime.rtype import runtime_types
from gomap.goruntime.scanning import pointer_places
from gomap.goruntime.typelinks import map_type_names
from gomap.maps.classic import ClassicMap
from gomap.maps.model import Bucket
from gomap.maps.trials.candidates import Candidate, Candidates
from gomap.maps.trials.trial import TypeTrials
from gomap.maps.trials.wording import trial_text
from gomap.program.program import Program
from gomap.stripped.target import target_of
from tests.fixtures.builds import build, gdb_core_of, kernel_core_of, of_a_story
from tests.fixtures.toolchains import GO_VERSIONS

_USUAL = ("1.23.9", "1.27.3")
#: How many of the 200 maps have a type that is certain, at least: where large objects say their types it is more.
_CERTAIN = {"1.21.13": 110, "1.22.10": 130}
_CERTAIN_OTHERWISE = 120
_UNDERLYING = {"main.headers": "map[string][]string"}


class Truth(NamedTuple):
    """A map, as the program says."""

    entries: int
    type: str

    @property
    def key(self) -> str:
        return key_of(self.type)


class Stripped(NamedTuple):
    """A core of the fixture untyped without symbols, and what the program had said of its maps, by address."""

    program: Program
    census: Census
    truths: dict[int, Truth]

    def found(self) -> list[tuple[Truth, FoundMap]]:
        """Each map beside what the census says of it."""
        by_address = {found.address: found for found in self.census.maps}
        return [(truth, by_address[address]) for address, truth in self.truths.items()]


def key_of(type: str) -> str:
    """``[2]int64`` of ``map[[2]int64]string``."""
    type = _UNDERLYING.get(type, type)
    depth = 0
    for at, char in enumerate(type):
        depth += (char == "[") - (char == "]")
        if char == "]" and not depth:
            return type[4:at]
    raise ValueError(type)


@functools.cache
def stripped(go: str) -> Stripped:
    binary = build("untyped", go, ldflags="-s -w")
    core = kernel_core_of(binary)
    lines = (line.split("\t") for line in core.printed.read_text().splitlines())
    truths = {int(address, 16): Truth(int(entries), type) for address, entries, type in lines}
    program = Program(target_of(opened_core(binary, core.path), None))
    return Stripped(program, take_census(program, lambda what: None), truths)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "go" in metafunc.fixturenames:
        metafunc.parametrize("go", GO_VERSIONS[1:] if metafunc.config.getoption("--matrix") else _USUAL)


def test_of_200_random_maps_each_has_its_type_or_is_perhaps_of_it(go: str) -> None:
    told: Counter[str] = Counter()
    for truth, found in stripped(go).found():
        assert found.measured is not None and found.measured.entries == truth.entries, truth
        if found.type is not None:
            # The type word of a group or bucket does not tell what name its map's type has.
            assert found.type.name in (truth.type, _UNDERLYING.get(truth.type))
            told["certain"] += 1
            continue
        assert found.trial is not None and "not certain" in str(found.map)
        if found.trial.key is not None:
            assert found.trial.key.name == truth.key
        told["perhaps" if truth.key in {type.key.name for type in found.trial.types} else "wrong"] += 1
    assert sum(told.values()) == 200
    assert told["wrong"] <= 10
    assert told["certain"] >= _CERTAIN.get(go, _CERTAIN_OTHERWISE), told


def test_only_types_that_hash_alike_and_lie_alike_are_not_told_apart(go: str) -> None:
    """Of maps with enough keys; elements that are no bools rule out maps with such."""
    core = stripped(go)
    hashing = {each.type.name: each.hashing for each in every_candidate(core.program)}
    doubtful = [
        (truth, found.trial)
        for truth, found in core.found()
        if found.trial is not None and found.trial.type is None and truth.entries >= 3
    ]
    assert len(doubtful) > 5
    for truth, trial in doubtful:
        names = [type.name for type in trial.types]
        assert trial.fitting == trial.entries
        assert {hashing[name] for name in names} == {hashing[truth.type]}
        assert truth.type.endswith("]bool") or not [name for name in names if name.endswith("]bool")]


def test_no_other_type_is_certain_where_the_program_lacks_the_right_one(go: str) -> None:
    """Nor one that hashes alike: then all types that do are taken away."""
    core = stripped(go)
    hashing = {each.type.name: each.hashing for each in every_candidate(core.program)}
    types = runtime_types(core.program)
    tried = 0
    for gone in set(hashing.values()):
        lacking = TypeTrials(core.program)
        candidates = lacking._candidates
        candidates._outlines = [
            each for each in candidates._outlines if hashing.get(types.at(each.address).name) != gone
        ]
        addresses = [address for address, truth in core.truths.items() if hashing[truth.type] == gone]
        for address, trial in lacking.of(addresses).items():
            assert trial.type is None and trial.key is None, (core.truths[address], trial)
            tried += 1
    assert tried > 5


def test_nothing_is_certain_if_there_may_be_more_types(go: str) -> None:
    core = stripped(go)
    doubtful = TypeTrials(core.program)
    doubtful._candidates.missing = "some"
    trials = doubtful.of(list(core.truths))
    assert len(trials) == len(core.truths)
    assert not any(trial.type or trial.key for trial in trials.values())
    assert all("the program may have other types: some" in trial_text(trial) for trial in trials.values())


def test_where_pointers_are_is_what_the_collector_says(go: str) -> None:
    program = stripped(go).program
    masks = PointerMaps(program, heap_of(program).spans)
    types, word = runtime_types(program), program.pointer_size
    compared = 0
    for address in map_descriptors(program).addresses:
        struct, own = types.descriptors.own(types.descriptors.common(address))
        mask = masks._mask(struct.number(own, "group", "bucket"))
        places = [place // word for place in pointer_places(types.at(address).bucket)]
        if mask is not None and any(mask.pointers):
            expected = [number for number, pointer in enumerate(mask.pointers) if pointer]
            # A bucket's overflow pointer is the last word.
            assert [place for place in places if place != mask.words - 1] == [
                place for place in expected if place != mask.words - 1
            ]
            compared += 1
    assert compared > 15


def test_all_map_types_are_found(go: str) -> None:
    """Those that the linker lists, and those with a name, which up to Go 1.26 it does not."""
    program = stripped(go).program
    found = map_descriptors(program)
    types = runtime_types(program)
    names = {types.at(address).name for address in found.addresses}
    assert not found.missing
    assert names >= {*map_type_names(program), "main.headers"}
    assert all(types.in_module(address) for address in found.addresses)


@pytest.mark.parametrize("reflected_by", _USUAL)
def test_map_types_that_reflect_made_are_found(reflected_by: str) -> None:
    binary = build("reflected", reflected_by)
    program = Program(open_core(binary, gdb_core_of(binary, "main.fixtureReady").path))
    types = runtime_types(program)
    found = map_descriptors(program)
    made = {types.at(address).name for address in found.addresses if not types.in_module(address)}
    assert not found.missing
    assert len(made) >= 6
    assert "map[main.key]int8" in made


def test_keys_that_changed_do_not_fit_and_the_type_is_perhaps_what_the_buckets_can_be() -> None:
    """The story of keys whose buffer was reused, by Go 1.21, whose objects do not say their types."""
    binary = build(of_a_story("reused"), "1.21.13", ldflags="-s -w", here=True)
    trial = largest(Program(target_of(opened_core(binary, kernel_core_of(binary).path), None))).trial
    assert trial is not None
    assert [type.name for type in trial.types] == ["map[string]int"]
    assert trial.type is None and trial.fitting < trial.entries
    assert "the hashes of most keys fit no type" in trial_text(trial)


def test_a_map_that_grows_is_told_by_its_old_buckets_too() -> None:
    binary = build(of_a_story("stalled"), "1.23.9", ldflags="-s -w", here=True)
    program = Program(target_of(opened_core(binary, kernel_core_of(binary).path), None))
    found = largest(program)
    assert found.trial is not None and found.type is not None and found.type.name == "map[uint32][4]float64"
    # Its growth has just begun: how many entries have moved, and that any has, is chance.
    assert isinstance(found.map, ClassicMap)
    new = (part for part in found.map.walk() if isinstance(part, Bucket) and not part.role.startswith("old"))
    moved = [bucket.address for bucket in new if "full" in bucket.states]
    with program.memory.supposing({address: bytes(8) for address in moved}):
        trial = TypeTrials(program).of([found.address])[found.address]
    assert trial.type is not None and trial.type.name == "map[uint32][4]float64"


def largest(program: Program) -> FoundMap:
    """The map with the most entries."""
    found = take_census(program, lambda what: None).maps
    return max(found, key=lambda each: each.measured.entries if each.measured is not None else 0)


def every_candidate(program: Program) -> list[Candidate]:
    """All map types of the program, whatever memory allows."""
    candidates = Candidates(program)
    return [made for each in candidates._outlines if (made := candidates._candidate(each)) is not None]
