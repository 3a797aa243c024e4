"""Who else keeps the bytes of a map's keys, in a sentence."""

from __future__ import annotations

import pytest

from gomap.census.referrers import Referrer, Sought
from gomap.goruntime.answers import NotMapped
from gomap.postmortem.examination import KeptBytes
from gomap.views.paint import Paint
from gomap.views.referrers import kept_bytes_lines, referrers_lines


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


def test_pointers_in_items_of_one_slice_are_one_line() -> None:
    """So that what is further from a root is not lost behind them."""
    what = Sought(0x1000, NotMapped(0x1000), 0x1000, 0x1001, "", "", None)
    paths = ["main.q.first", *(f"main.q.jobs[{number}].owner" for number in range(30)), "main.owners", ""]
    found = [Referrer(0x2000 + 8 * number, 0x1000, 1, path, "object") for number, path in enumerate(paths)]

    def told(limit: int | None) -> list[str]:
        return list(referrers_lines(what, found, True, limit, lambda _slot: "", Paint()))[1:]

    assert told(3) == [
        "33 pointers to it:",
        "  main.q.first  (at 0x2000)",
        "  main.q.jobs[*].owner  (at 0x2008, and 29 more like it)",
        "  main.owners  (at 0x20f8)",
        "1 more pointer; see 'help gomap-refs' for -limit",
    ]
    assert len(told(None)) == 1 + len(found)
    assert told(None)[2] == "  main.q.jobs[0].owner  (at 0x2008)"
