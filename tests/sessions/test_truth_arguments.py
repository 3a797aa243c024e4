"""Maps in a function's arguments, at its breakpoint: in registers, where the code is optimised."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import get_args

import pytest

from tests.fixtures.builds import build
from tests.fixtures.toolchains import GO_VERSIONS
from tests.sessions.debugger import Gdb
from tests.sessions.targets import READY, Debugger, debugger

#: An argument of main.withArguments in tests/fixtures/maps, and the package variable that has the same map.
_ARGUMENTS = {
    "direct": "main.small",
    "pointer": "main.afterDeletes",
    "*pointer": "main.afterDeletes",
    "record.Members": "main.grown",
    "boxed": "main.anyMap",
}


@pytest.mark.parametrize("optimised", [True, False], ids=["optimised", "N"])
@pytest.mark.parametrize(("go", "gdb"), list(zip(GO_VERSIONS, itertools.cycle(get_args(Debugger)), strict=False)))
def test_arguments_are_the_maps_that_were_passed(go: str, gdb: Debugger, optimised: bool, tmp_path: Path) -> None:
    printed = tmp_path / "printed"
    with Gdb(debugger(gdb), build("maps", go, optimised=optimised)) as session:
        session.run("break main.withArguments")
        session.run(f"run stop < /dev/null > {printed}")
        shown = {argument: session.json(f"gomap-walk -json -all {argument}") for argument in _ARGUMENTS}
        session.run(f"tbreak {READY}")
        session.run("continue")
        truths = {truth["name"]: truth for truth in json.loads(printed.read_text())["maps"]}
    for argument, variable in _ARGUMENTS.items():
        truth = truths[variable]
        assert (shown[argument]["type"], int(shown[argument]["address"], 16)) == (truth["type"], truth["address"])
        entries = [
            [slot["key"]["text"], slot["elem"]["text"]]
            for bucket in shown[argument]["buckets"]
            for slot in bucket["slots"]
            if "key" in slot
        ]
        assert sorted(entries) == sorted(truth["entries"]), argument
