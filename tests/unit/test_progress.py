"""The line that says what a command is at."""

from __future__ import annotations

import pytest

from gomap.commands import progress
from gomap.commands.progress import Progress


def test_it_comes_after_a_second_and_goes_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter((100.9, 101.0, 101.05, 101.2, 101.2, 101.9, 101.95, 102.0))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(times))
    monkeypatch.setenv("COLUMNS", "30")
    written: list[str] = []
    line = Progress(written.append, lambda: True, begun=100.0)
    for what in ("early", "at main.counts", "too soon", "b\x1b[2J", "again too soon"):
        line.at(what)
    line.clear()
    line.clear()
    line.at("too soon behind what took its place")
    line.at("x" * 100)
    assert written == ["\rat main.counts", "\rb?[2J         ", "\r     \r", "\r" + 29 * "x"]


def test_without_a_terminal_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress.time, "monotonic", lambda: 200.0)
    written: list[str] = []
    line = Progress(written.append, lambda: False, begun=100.0)
    line.at("at main.counts")
    line.clear()
    assert written == []
