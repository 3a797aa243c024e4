"""A check of a map that is rubbish ends after so many findings, and says that there were more only if there were."""

from __future__ import annotations

import pytest

from gomap.check import map_check
from gomap.goruntime.rtype import RuntimeTypes
from gomap.language import Literals
from gomap.maps.opening import open_map
from tests.unit.checked import check_map
from tests.unit.objects import Objects
from tests.unit.realmaps import CLASSIC, real_map


@pytest.mark.parametrize(
    ("most", "rules", "cut"),
    [
        (1, ["count-mismatch"], True),
        (2, ["count-mismatch", "noverflow-mismatch"], False),
        (3, ["count-mismatch", "noverflow-mismatch"], False),
    ],
)
def test_cut_says_that_there_is_more(most: int, rules: list[str], cut: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_check, "_MOST", most)
    real = real_map(CLASSIC[1], "chained")
    image = real.target()
    for name in ("count", "noverflow"):
        field = real.type.header.field(name)
        wrong = real.header(name) + 1
        image.write(real.address + field.offset, wrong.to_bytes(field.type.size, "little"))
    map = open_map(image, real.type, real.address)
    report = check_map(map, Literals(image, RuntimeTypes(image)), Objects(real), None)
    assert ([finding.rule.name for finding in report.findings], report.cut) == (rules, cut)
