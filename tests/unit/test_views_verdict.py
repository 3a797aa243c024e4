"""Verdicts as text where there is little to go by."""

from __future__ import annotations

from gomap.goruntime.functions import Call
from gomap.postmortem.sides import Involved
from gomap.postmortem.verdict import Verdict
from gomap.postmortem.writers import Writer
from gomap.program.signals import Signal
from gomap.views.paint import Paint
from gomap.views.verdict import verdict_lines
from gomap.views.verdict_object import verdict_object


def test_a_race_whose_other_side_is_gone_is_told() -> None:
    lines = list(verdict_lines(Verdict("race", True, None, others=Involved([], [], [], "")), {}, Paint()))
    assert any("somebody wrote to it meanwhile who is not seen at it any more" in line for line in lines)


def test_who_wrote_is_left_open_where_the_map_is_not_known() -> None:
    """Nobody has been looked for, so nobody is said to be gone."""
    lines = list(verdict_lines(Verdict("race", True, None), {}, Paint()))
    assert any(line.endswith(" a map that somebody wrote to meanwhile") for line in lines)
    assert not any("who is not seen" in line for line in lines)


def test_whose_code_writes_to_such_maps() -> None:
    found = [
        Writer(Call("main.(*cache).put", "/src/cache.go", 32, False), True),
        Writer(Call("main.sweep", "/src/cache.go", 50, False), False),
    ]
    lines = list(verdict_lines(Verdict("race", True, None, writers=found), {}, Paint()))
    assert lines[-3:] == [
        "code of this package that writes to such maps:",
        "  main.(*cache).put  cache.go:32  takes a lock",
        "  main.sweep         cache.go:50  takes no lock itself",
    ]


def test_code_that_is_not_read_is_told() -> None:
    verdict = Verdict("race", True, None, others=Involved([], [], [], "riscv64"))
    text = "gomap does not read the code of riscv64"
    assert f"note: {text}, so nobody is more than possible" in list(verdict_lines(verdict, {}, Paint()))
    assert verdict_object(verdict)["codeUnread"] == text


def test_a_core_tells_of_its_signal() -> None:
    def said(signal: Signal) -> str:
        return list(verdict_lines(Verdict(None, True, None, signal=signal), {}, Paint()))[1].partition(": ")[2]

    assert said(Signal(6, 0, 0, 4711, 1)) == "6 (SIGABRT), code 0 (SI_USER), sent by process 4711"
    assert said(Signal(11, 2, 0x1000, 0, 1)) == "11 (SIGSEGV), code 2 (SEGV_ACCERR), at address 0x1000"
    assert said(Signal(11, 128, 0, 0, 1)) == "11 (SIGSEGV), code 128 (SI_KERNEL)"
    assert said(Signal(99, 7, 0, 0, 1)) == "99 (unknown here), code 7"
