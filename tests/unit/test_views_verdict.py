"""Verdicts as text where there is little to go by."""

from __future__ import annotations

from gomap.postmortem.sides import Involved
from gomap.postmortem.verdict import Verdict
from gomap.views.paint import Paint
from gomap.views.verdict import verdict_lines


def test_a_race_whose_other_side_is_gone_is_told() -> None:
    lines = list(verdict_lines(Verdict("race", True, None, others=Involved([], [], [], "")), {}, Paint()))
    assert any("somebody wrote to it meanwhile who is not seen at it any more" in line for line in lines)
