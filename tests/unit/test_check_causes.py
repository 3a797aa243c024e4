"""Many findings of one cause are counted under it: the text names the cause, and the rest on demand; JSON has all."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from gomap.check.causes import caused
from gomap.check.finding import RULES, Finding
from gomap.check.keys import Keys
from gomap.check.map_check import Report
from gomap.goruntime.rtype import RuntimeTypes
from gomap.hashing import HashState, hasher_for
from gomap.language import Literals
from gomap.maps.opening import open_map
from gomap.views import findings as views
from gomap.views.paint import Paint
from tests.unit.checked import check_map
from tests.unit.image import Image
from tests.unit.objects import Objects
from tests.unit.realmaps import CLASSIC, TOOLCHAINS, RealMap, real_map

SCHEMA = json.loads((Path(views.__file__).parent / "gomap.schema.json").read_text())
SWISS = [toolchain for toolchain in TOOLCHAINS if toolchain not in CLASSIC]


def check(real: RealMap, image: Image) -> Report:
    map, types = open_map(image, real.type, real.address), RuntimeTypes(image)
    hasher = hasher_for(HashState.read(image), image, types, map.key)
    return check_map(map, Literals(image, types), Objects(real), hasher)


def with_seed(real: RealMap, change: int) -> Report:
    image = real.target()
    field = real.type.header.find("hash0") or real.type.header.field("seed")
    seed = (real.header(field.name) ^ change) % (1 << 8 * field.type.size)
    image.write(real.address + field.offset, seed.to_bytes(field.type.size, "little"))
    return check(real, image)


@pytest.mark.parametrize("toolchain", [CLASSIC[1], SWISS[-1]], ids=str)
def test_a_seed_that_differs_in_a_byte_is_found(toolchain: object) -> None:
    real = real_map(toolchain, "afterDeletes")
    (finding,) = with_seed(real, 0x5A00).findings
    assert finding.rule.name == "seed-wrong"
    field = "hash0" if real.kind == "classic" else "seed"
    assert f"{real.header(field):#x}" in finding.text
    assert "byte 1" in finding.text


@pytest.mark.parametrize("toolchain", [CLASSIC[1], SWISS[-1]], ids=str)
def test_what_a_cause_explains_is_shown_on_demand(toolchain: object) -> None:
    report = with_seed(real_map(toolchain, "afterDeletes"), 0x35393D41)
    (cause,) = report.causes
    assert cause.kind == "seed" and cause.findings == len(report.findings) > 50
    few = list(views.check_lines(report, 20, Paint()))
    assert len(few) == 6 and "seed" in few[1] and "-limit unlimited" in few[5]
    assert all(line.startswith("      error") for line in few[2:5])
    every = list(views.check_lines(report, None, Paint()))
    assert len(every) == 2 + len(report.findings)
    shown = views.check_object(report)
    jsonschema.validate(shown, SCHEMA)
    assert shown["causes"][0]["findings"] == sum(each.get("cause") == 0 for each in shown["findings"])


def test_a_run_of_zeros_is_followed_across_pages_and_to_the_end_of_what_can_be_read() -> None:
    real = real_map(CLASSIC[1], "afterDeletes")
    map = open_map(real.target(), real.type, real.address)
    start = 0x7000_0000
    map.target = Image({start: b"\1" * 100 + bytes(3 * 4096 - 100)})
    found = [
        Finding(RULES["hash-mismatch"], start + 200 + at, "", key_address=start + 200 + at) for at in (0, 5000, 9000)
    ]
    keys = Keys(map.target, map.places, Literals(map.target, RuntimeTypes(map.target)), None, 0)
    result, (cause,) = caused(map, keys, found)
    assert (cause.kind, cause.address, cause.findings) == ("zeroed", start + 100, 3)
    assert cause.text == f"{3 * 4096 - 100} zero bytes from {start + 100:#x} to {start + 3 * 4096:#x}"
    assert [each.cause for each in result] == [0, 0, 0]
