"""Damaged cores and programs in real GDB: no command fails, takes long, takes much, or lets a control byte through.

Each seed stands for one image; ``python3 -m tests.hostile SEED`` makes it again. Images that fail a test stay in
pytest's temporary directory, with the commands, what GDB said, and what each command cost.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from random import Random

import pytest

from tests.hostile.image import Image, Place
from tests.hostile.session import Outcome, commands_about, examine, image_of, try_commands
from tests.sessions.pairs import CLASSIC, SWISS, Pair

#: Seeds of the quick run and of the full one, and how many a test takes.
_QUICK, _FULL, _TOGETHER = 100, 5000, 10
_BOTH = pytest.mark.parametrize("pair", [CLASSIC, SWISS], ids=["classic", "swiss"])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "first" in metafunc.fixturenames:
        count = _FULL if metafunc.config.getoption("--matrix") else _QUICK
        metafunc.parametrize("first", range(1, count + 1, _TOGETHER))


def test_damage_of_any_kind(first: int, tmp_path: Path) -> None:
    failed = []
    for seed in range(first, first + _TOGETHER):
        directory = tmp_path / str(seed)
        directory.mkdir()
        outcome = examine(seed, directory)
        if outcome.complaints:
            failed.append(f"seed {seed}: {_described(outcome)}")
        else:
            shutil.rmtree(directory)
    assert not failed, "\n".join(failed)


@_BOTH
def test_no_damage(pair: Pair, tmp_path: Path) -> None:
    """All commands answer, and find nothing wrong: whatever else is complained about is due to damage."""
    image = image_of(pair, tmp_path)
    for name in ("words", "anys", "made"):
        outcome = try_commands(pair, image, "nothing", commands_about(Random(0), image, name))
        assert not outcome.complaints, _described(outcome)
        said = (tmp_path / "said").read_text()
        assert said.count("no findings") == 3, said[-3000:]
        assert outcome.seconds < 2


@_BOTH
@pytest.mark.parametrize("wicked", [b"\xff\xfe", b"\0\0", b"\x1b[", b"\xc2\x9b"], ids=repr)
def test_names_in_the_program(pair: Pair, wicked: bytes, tmp_path: Path) -> None:
    """In the symbol table, the debug information and the type descriptors alike."""
    image = image_of(pair, tmp_path)
    program = image.program.read_bytes()
    for name in (rb"main\.words", rb"main\.id", rb"\*main\.node", rb"(?<=\x05)Label"):
        program, count = re.subn(name + rb"\b", lambda found: found[0][: -len(wicked)] + wicked, program)
        assert count, name
    image.program.write_bytes(program)
    commands = ["gomap-check -all -quick", "gomap-walk main.word", "gomap-walk -json -all main.nodes"]
    commands += ["gomap-walk main.anys", "print 'main.anys'", "gomap-check main.ids", "gomap-check main.made"]
    outcome = try_commands(pair, image, f"names end in {wicked!r}", commands)
    assert not outcome.complaints, _described(outcome)


@_BOTH
@pytest.mark.parametrize("length", [1 << 17, 1 << 47])
def test_allgs_of_any_length(pair: Pair, length: int, tmp_path: Path) -> None:
    """It begins where the heap does, so that much of what follows can be read."""
    image = image_of(pair, tmp_path)
    allgs = image.symbol("runtime.allgs")
    assert allgs is not None
    g = next(place for place in image.places if place.what == "g").address
    image.write(allgs.address, b"".join(word.to_bytes(8, "little") for word in (g >> 22 << 22, length, length)))
    commands = [f"gomap-whatis {image.word(g):#x}", "gomap-check main.words", "gomap-check -all -quick"]
    outcome = try_commands(pair, image, f"allgs of length {length}", commands)
    assert not outcome.complaints, _described(outcome)
    assert outcome.seconds < 2


@_BOTH
@pytest.mark.parametrize("elements", ["200", "unlimited"])
def test_slices_of_slices_that_are_all_too_long(pair: Pair, elements: str, tmp_path: Path) -> None:
    """Each slice in the maps grids and levels has three megabytes of a heap that is there."""
    image, length = image_of(pair, tmp_path), 1 << 17
    for place in _slices(image):
        for at, word in image.words(place.address, place.size):
            if 0 < word < 8:  # length or capacity
                image.write(at, length.to_bytes(8, "little"))
    commands = [f"set print elements {elements}"]
    for name in ("grids", "levels"):
        commands += [f"gomap-walk -json -all main.{name}", f"print 'main.{name}'", f"gomap-walk main.{name}"]
    outcome = try_commands(pair, image, f"slices of length {length}", commands)
    assert not outcome.complaints, _described(outcome)


def _slices(image: Image) -> list[Place]:
    return [each for each in image.places if each.of in ("grids", "levels") and each.what in ("slots", "items")]


def _described(outcome: Outcome) -> str:
    return "\n    ".join([outcome.damage, *(f"{command}: {what}" for command, what in outcome.complaints)])
