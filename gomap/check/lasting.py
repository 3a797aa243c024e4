"""What is wrong with a map that other threads may be writing to while it is looked at.

What is read of two moments may differ as it would in a map that is broken. The next look finds nothing then, or
something else. Damage stays where it is. Whether any thread is inside a write cannot be told, since one that runs shows
no registers; so a flag that says so is no finding.
"""

from __future__ import annotations

from gomap.check.checking import check
from gomap.check.finding import Finding
from gomap.check.header import WRITING
from gomap.maps.looks import looks
from gomap.maps.model import GoMap
from gomap.program.program import Program

__all__ = ["lasting_findings"]


def lasting_findings(program: Program, map: GoMap) -> list[Finding]:
    """What every one of several looks finds, word for word; of a map without findings there is one look.

    What was read of the program before is forgotten with each. Raises ReadError.
    """
    lasting: list[Finding] | None = None
    for now in looks(program, map):
        found = _found(program, now)
        if lasting is not None:
            texts = {_text(each) for each in found}
            found = [each for each in lasting if _text(each) in texts]
        lasting = found
        if not lasting:
            break
    return lasting or []


def _found(program: Program, map: GoMap) -> list[Finding]:
    return [each for each in check(program, map).findings if not each.transient and each.rule is not WRITING]


def _text(finding: Finding) -> tuple[str, int, str]:
    return finding.rule.name, finding.address, finding.text
