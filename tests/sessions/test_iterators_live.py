"""gomap-iter on a live process: what it says is to come is what the very same process prints once it goes on."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.builds import build
from tests.fixtures.toolchains import gdb18, system_gdb
from tests.sessions.debugger import Gdb
from tests.sessions.gomap import GomapDelve, gomap
from tests.sessions.targets import READY, expect_stop
from tests.sessions.test_iterators import answered, printed

_ALL = "gomap-iter -json -all -limit unlimited"
_BOTH = pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])


def compare(answer: dict[str, Any], output: Path) -> None:
    """What is to come of each iteration, with what it printed in the end to OUTPUT."""
    documents = [line for line in output.read_text().splitlines() if line.startswith("[")]
    assert len(documents) == 2
    reports = json.loads(documents[1])
    assert len(reports) > 18
    for report in reports:
        over = [one for one in answer["iterators"] if one["map"] == report["map"] and one["state"] != "left"]
        if report["name"] == "left":
            assert not over
            continue
        (one,) = over
        assert [printed(report["name"], entry) for entry in one["next"]] == (report["rest"] or []), report["name"]


@pytest.mark.parametrize(("go", "gdb"), [("1.23.9", system_gdb), ("1.27.3", gdb18)])
def test_in_gdb(go: str, gdb: Any, tmp_path: Path) -> None:
    output = tmp_path / "printed"
    with Gdb(gdb(), build("iterators", go)) as session:
        session.run(f"break {READY}")
        expect_stop(session.run(f"run > {output} < /dev/null"))
        answer = session.json(_ALL)
        session.run("delete")
        assert "exited normally" in session.run("continue")
    compare(answer, output)


def test_at_a_breakpoint_in_the_loop(tmp_path: Path) -> None:
    """The function at the breakpoint is in no call: that its loop goes on is not claimed."""
    with Gdb(gdb18(), build("iterators", "1.27.3")) as session:
        # A goroutine that is preempted at a breakpoint meets it once more on its next thread.
        session.run("set environment GODEBUG asyncpreemptoff=1")
        session.run("break main.large")
        session.run(f"run > {tmp_path / 'printed'} < /dev/null")
        session.run("next")
        lines = (Path(__file__).parents[1] / "fixtures" / "iterators" / "main.go").read_text().splitlines()
        start = next(number for number, line in enumerate(lines) if line.startswith("func large("))
        body = next(number for number in range(start, len(lines)) if "r.at(" in lines[number]) + 1
        session.run(f"break main.go:{body}")
        session.run("continue")
        session.run("continue")
        said = session.run("gomap-iter -limit 1 m")
        assert "main.large): may be finished, main.large is not in a call here" in said, said
        assert "  passed   2 entries of those that the map has now" in said, said
        assert "  to come  998 entries, if the map stays as it is" in said
        session.run("break main.(*run).at")
        session.run("continue")
        session.run("up")
        said = session.run("gomap-iter m")
        assert "main.large): under way, main.large will use it again" in said


def test_in_delve(tmp_path: Path) -> None:
    output = tmp_path / "printed"
    binary = build("iterators", "1.27.3")
    with GomapDelve("dlv", "exec", f"--redirect=stdout:{output}", binary) as session:
        session.run(f"break {READY}")
        session.run("continue")
        answer = answered(session.run(_ALL))
        session.run("clearall")
        assert "has exited with status 0" in session.run("continue")
    compare(answer, output)


@_BOTH
def test_attached_to(go: str, tmp_path: Path) -> None:
    output = tmp_path / "printed"
    with (
        open(output, "wb") as file,
        subprocess.Popen([build("iterators", go), "wait"], stdin=subprocess.PIPE, stdout=file) as process,
    ):
        try:
            end = time.monotonic() + 60
            while not output.read_bytes().endswith(b"]\n"):
                assert time.monotonic() < end
                time.sleep(0.01)
            done = gomap("attach", str(process.pid), "iter", "-json", "-all", "-limit", "unlimited")
            assert done.returncode == 0, done.stderr
            process.communicate(b"\n", timeout=60)
        finally:
            process.kill()
    compare(answered(done.stdout), output)
