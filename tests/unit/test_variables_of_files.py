"""Package variables out of the files that a debugger has read, where these are still what it has read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gomap.elf.package_variables import LoadedFile, variables_in
from gomap.elf.target import open_program
from tests.fixtures.builds import build

_MOVED = 0x555555400000


@pytest.fixture(scope="module")
def program() -> Path:
    return build("maps", "1.27.3")


@pytest.fixture(scope="module")
def places(program: Path) -> dict[str, int]:
    return {name: address for name, address, _ in open_program(program).variables()}


def loaded(path: Path, places: dict[str, int], has_runtime: bool = True) -> LoadedFile:
    return LoadedFile(str(path), lambda: places, lambda: has_runtime)


def test_they_are_where_the_debugger_has_them(program: Path, places: dict[str, int]) -> None:
    some = {name: places[name] + _MOVED for name in ("main.small", "runtime.allgs")}
    found = variables_in([loaded(program, some)])
    assert found is not None
    assert {name: address for name, (address, _) in found.items()} == {
        name: address + _MOVED for name, address in places.items()
    }
    assert found["main.small"][1].name == "map[string]int"


def test_other_files_of_a_process_have_none(program: Path, places: dict[str, int]) -> None:
    library = shutil.which("true")
    assert library is not None
    others = [loaded(Path(library), {}, False), loaded(Path("system-supplied DSO"), {}, False)]
    together = variables_in([*others, loaded(program, places)])
    assert together is not None
    assert {name: address for name, (address, _) in together.items()} == places
    assert variables_in(others) is None


def test_a_program_that_is_gone_or_another_tells_nothing(program: Path, places: dict[str, int], tmp_path: Path) -> None:
    assert variables_in([loaded(tmp_path / "gone", places)]) is None
    apart = {"main.small": places["main.small"], "main.ints": places["main.ints"] + 8}
    assert variables_in([loaded(program, apart)]) is None
