"""What is wrong with a map that other threads may be writing to while it is looked at.

Reading it takes a while. What is read first and what is read last may be of two moments, and differ as they would in a
map that is broken. That passes: the next look finds nothing, or something else. Damage stays where it is. Whether any
thread is inside a write cannot be told, since one that runs shows no registers; so a flag that says so is no finding.
"""

from __future__ import annotations

import time

from gomap.check.checking import check
from gomap.check.finding import Finding
from gomap.check.header import WRITING
from gomap.maps.model import GoMap
from gomap.maps.opening import open_map
from gomap.program.program import Program

__all__ = ["lasting_findings"]

#: How often a map is looked at before something counts as wrong with it, and seconds between two looks.
_LOOKS, _PAUSE = 5, 0.01


def lasting_findings(program: Program, map: GoMap) -> list[Finding]:
    """What every one of several looks finds, word for word; of a map without findings there is one look.

    What was read of the program before is forgotten with each. Raises ReadError.
    """
    lasting = _found(program, map)
    for _ in range(_LOOKS - 1):
        if not lasting:
            break
        time.sleep(_PAUSE)
        program.moved()
        now = {_text(each) for each in _found(program, open_map(program, map.type, map.address))}
        lasting = [each for each in lasting if _text(each) in now]
    return lasting


def _found(program: Program, map: GoMap) -> list[Finding]:
    return [each for each in check(program, map).findings if not each.transient and each.rule is not WRITING]


def _text(finding: Finding) -> tuple[str, int, str]:
    return finding.rule.name, finding.address, finding.text
