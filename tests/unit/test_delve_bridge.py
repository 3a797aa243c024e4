"""The FIFOs between Delve's Starlark and gomap, with a thread in Delve's place that does what the script would."""

from __future__ import annotations

import contextlib
import inspect
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from gomap.delve.bridge import Bridge, Request

BETWEEN = "\x1f"


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    made = Bridge({"gomap-walk": 'Walk "it".\n\nBack\\slashes.', "gomap-check": "Check."})
    yield made
    made.close()


def typed(bridge: Bridge, *words: str) -> str:
    """Write a request as the script does, and read until the answer ends; what would be printed."""
    folder = bridge.script.parent
    (folder / "requests").write_text(BETWEEN.join(words) + "\n")
    shown = ""
    while True:
        piece = (folder / "answers").read_bytes().decode()
        shown += piece.rstrip("\0")
        if piece.endswith("\0"):
            return shown
        (folder / "requests").write_text("\n")


def in_delve(bridge: Bridge, *words: str) -> tuple[threading.Thread, list[str]]:
    said: list[str] = []
    thread = threading.Thread(target=lambda: said.append(typed(bridge, *words)), daemon=True)
    thread.start()
    return thread, said


def test_a_line_and_its_answer(bridge: Bridge) -> None:
    gone = threading.Event()
    for number in range(50):
        thread, said = in_delve(bridge, "gomap-walk", "-1", "3", f'-limit {number} m["a b"]')
        assert bridge.request(gone) == Request("gomap-walk", -1, 3, f'-limit {number} m["a b"]')
        bridge.answer([f"line {number}", "", "é \x1b"], gone)
        thread.join(10)
        assert said == [f"line {number}\n\né \x1b\n"]


def test_a_long_answer_comes_in_pieces(bridge: Bridge) -> None:
    gone = threading.Event()
    lines = [f"{number:064}" for number in range(20_000)]
    thread, said = in_delve(bridge, "gomap-walk", "-1", "0", "m")
    assert bridge.request(gone) is not None
    bridge.answer(lines, gone)
    thread.join(20)
    assert said == ["\n".join(lines) + "\n"]


def _first_then(error: type[BaseException]) -> Iterator[str]:
    yield "first"
    raise error


def test_an_answer_that_fails_is_ended_all_the_same(bridge: Bridge) -> None:
    gone = threading.Event()
    thread, said = in_delve(bridge, "gomap-check", "1", "0", "m")
    assert bridge.request(gone) is not None
    with pytest.raises(ZeroDivisionError):
        bridge.answer(_first_then(ZeroDivisionError), gone)
    thread.join(10)
    assert said == ["first\n"]


def test_an_answer_that_is_interrupted_says_so(bridge: Bridge) -> None:
    gone = threading.Event()
    thread, said = in_delve(bridge, "gomap-check", "1", "0", "m")
    assert bridge.request(gone) is not None
    bridge.answer(_first_then(KeyboardInterrupt), gone)
    thread.join(10)
    assert said == ["first\ninterrupted\n"]


@pytest.mark.parametrize("after", range(40))
def test_an_interruption_at_any_moment_of_a_long_answer_ends_it(bridge: Bridge, after: int) -> None:
    """It comes at one of the lines that are run while pieces are handed over, wherever that is."""
    gone = threading.Event()
    thread, said = in_delve(bridge, "gomap-walk", "-1", "0", "m")
    assert bridge.request(gone) is not None
    passed = 0

    def trace(frame: FrameType, event: str, _argument: object) -> Callable[..., Any] | None:
        nonlocal passed
        if frame.f_code.co_filename != inspect.getfile(Bridge):
            return None
        if event == "line" and frame.f_code.co_name in ("_send", "_hand_over", "_line"):
            passed += 1
            if passed == 20 + after:
                signal.raise_signal(signal.SIGINT)
        return trace

    sys.settrace(trace)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            bridge.answer((f"{number:064}" for number in range(2000)), gone)
    finally:
        sys.settrace(None)
    thread.join(10)
    assert not thread.is_alive()
    assert passed >= 20 + after
    assert said[0].endswith("interrupted\n")


def test_nobody_is_waited_for_who_is_gone(bridge: Bridge) -> None:
    gone = threading.Event()
    gone.set()
    assert bridge.request(gone) is None
    bridge.answer(["nobody reads this"], gone)


def test_the_script_has_each_command_with_its_help(bridge: Bridge) -> None:
    script = bridge.script.read_text()
    assert re.findall(r"^def command_(\w+)", script, re.M) == ["gomap_walk", "gomap_check"]
    assert r"Walk \"it\"." in script and r"Back\\slashes." in script
    assert re.findall(r'"config alias (.*?)"', script) == ["gomap_walk gomap-walk", "gomap_check gomap-check"]
    # What begins with a capital is shared with other scripts.
    assert not re.findall(r"^(?:def )?[A-Z]\w* ?[=(]", script, re.M)


def test_it_leaves_nothing_behind() -> None:
    made = Bridge({})
    folder: Path = made.script.parent
    assert folder.is_dir()
    made.close()
    assert not folder.exists()
