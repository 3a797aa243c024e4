"""Who else keeps the bytes of a map's keys, in a sentence."""

from __future__ import annotations

import pytest

from gomap.census.referrers import Referrer
from gomap.postmortem.examination import KeptBytes
from gomap.views.paint import Paint
from gomap.views.referrers import kept_bytes_lines


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        ([], "besides keys of the map, and stacks, nothing leads to them"),
        (["main.in.buf"], "besides keys of the map, main.in.buf leads to them"),
        (["main.in.buf", ""], "besides keys of the map, main.in.buf leads to them"),
        (["main.conns[3].buf"], "besides keys of the map, main.conns[3].buf leads to them"),
        (["main.a[1].b", "main.a[2].b", "main.c"], "besides keys of the map, main.a[*].b, main.c lead to them"),
        (["", ""], "besides keys of the map, and stacks, only objects that no root leads to have pointers to them"),
        (list("abcde"), "besides keys of the map, a, b, c and 2 more pointers lead to them"),
    ],
)
def test_who_else_leads_to_them(paths: list[str], told: str) -> None:
    pointers = [Referrer(0x2000, 0x1000, 1, path, "object") for path in paths]
    lines = list(kept_bytes_lines(KeptBytes("main.m", 0x1000, pointers, True), Paint()))
    assert lines == [f"the bytes of keys of main.m at 0x1000: {told}"]
