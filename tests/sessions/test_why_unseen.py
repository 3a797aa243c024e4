"""Races of which the other side's frame has lost the map: it is not said to be at other maps, nor the map to be broken.

The program is tests/fixtures/unseen, which says itself where its map is, and which goroutines are at it.
"""

from __future__ import annotations

import json

import pytest

from tests.fixtures.builds import build, kernel_core_of
from tests.sessions.doors import Files
from tests.sessions.gomap import gomap


@pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])
@pytest.mark.parametrize("mode", ["rows", "clears", "method"])
def test_the_other_side_is_not_cleared(go: str, mode: str) -> None:
    program = build("unseen", go)
    core = kernel_core_of(program, mode)
    truth, said = json.loads(core.printed.read_text()), json.loads(Files(program, core.path).run("why -json"))
    # What two writers leave behind, such as a key in the wrong bucket, makes no corruption of it.
    assert said["verdict"] == "race"
    assert said["map"]["address"] == truth["header"]
    thrower = said["death"]["goroutine"]
    assert thrower in truth["ids"]
    (other,) = {*truth["ids"]} - {thrower}
    stacks = json.loads(Files(program, core.path).run("goroutines -stack -json"))["goroutines"]
    (stack,) = ([call["function"] for call in each["frames"]] for each in stacks if each["id"] == other)
    # Between two calls of mark nothing but a slice leads to its map; who is there is not named, nor cleared.
    assert (other in {side["goroutine"] for side in said["sides"]}) or (mode == "rows" and "main.mark" not in stack)
    assert other not in {each["goroutine"] for each in said["notInvolved"]}
    writers = [(each["function"], each["file"], each["line"]) for each in said["writers"]]
    assert len(writers) == len({*writers})
    if mode == "method":  # what a closure has caught leads to the struct
        assert [lock["path"].rpartition(".")[2] for lock in said["locks"]] == ["mu"]
        assert not said["locks"][0]["taken"]


@pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])
def test_the_other_side_is_the_function_whose_frame_it_is(go: str) -> None:
    """The innermost call in that frame is inlined there, and neither gets to the map nor writes to it."""
    program = build("unseen", go, ldflags="-s -w")
    core = kernel_core_of(program, "inlined")
    truth = json.loads(core.printed.read_text())
    said = json.loads(gomap("core", program, core.path, "why", "-json").stdout)
    assert (said["verdict"], said["map"]["address"]) == ("race", truth["header"])
    writer, thrower = truth["ids"]
    assert said["death"]["goroutine"] == thrower
    sides = [(side["goroutine"], side["degree"], side["function"]) for side in said["sides"]]
    assert sides == [(writer, "probable", "main.(*registry).addAndWait")]
