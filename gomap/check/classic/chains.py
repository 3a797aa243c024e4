"""The invariants of a classic map's chains: a bucket and the overflow buckets behind it.

Source: runtime/map.go. Each rule looks at one whole chain; which chains deserve a look, the scan decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gomap.check.finding import Finding, Severity, rule
from gomap.maps.classic import EMPTY_REST, EVACUATED_EMPTY, EVACUATED_X, MIN_TOP_HASH
from gomap.maps.wording import counted

__all__ = ["CHAIN_RULES", "Chain", "Link", "chain_findings"]

#: Overflow buckets behind one bucket that no healthy map has: growth keeps the average at 6.5 entries a bucket.
_LONG = 16


class Link(NamedTuple):
    """One bucket of a chain.

    Attributes:
        address: its first byte.
        marks: its tophash bytes.
        pointer: where its overflow pointer stands.
        overflow: the overflow pointer; 0 at the chain's end.
    """

    address: int
    marks: bytes
    pointer: int
    overflow: int


@dataclass(frozen=True)
class Chain:
    """A bucket with all that hangs on it, as far as it can be followed.

    Attributes:
        role: ``bucket`` or ``old bucket``.
        index: its number in its array.
        links: the buckets, the head first.
        marks_at: offset of the tophash bytes in a bucket.
        due: an old bucket that must be evacuated by now: its number is below nevacuate.
    """

    role: str
    index: int
    links: Sequence[Link]
    marks_at: int = 0
    due: bool = False

    @property
    def name(self) -> str:
        return f"{self.role} {self.index}"

    @property
    def evacuated(self) -> bool:
        """As runtime.evacuated sees it: by the first tophash alone."""
        return self.role == "old bucket" and EVACUATED_X <= self.links[0].marks[0] <= EVACUATED_EMPTY

    @property
    def long(self) -> bool:
        """Whether it has more overflow buckets than any healthy chain."""
        return len(self.links) - 1 > _LONG

    def slots(self) -> Iterator[tuple[int, str, int]]:
        """Address of each tophash byte, the slot's name and the byte, in the order of a lookup."""
        for number, link in enumerate(self.links):
            where = self.name if not number else f"{self.name}, overflow {number}"
            for slot, mark in enumerate(link.marks):
                yield link.address + self.marks_at + slot, f"{where} slot {slot}", mark


EMPTYREST = rule("emptyrest-early", "behind emptyRest nothing is full, in the bucket or its chain")
EVACUATED_MARK = rule("evacuated-mark", "evacuated states stand in evacuated old buckets, and nothing else does there")
NOT_EVACUATED = rule("not-evacuated", "old buckets below nevacuate are evacuated")
LENGTH = rule("chain-length", f"a chain has at most {_LONG} overflow buckets", Severity.WARNING)


def emptyrest_early(chain: Chain) -> Iterator[Finding]:
    """A slot that is full behind one whose state says that nothing is."""
    # The lookups for 4- and 8-byte keys and short strings go on past it, the general one and every store do not.
    if chain.evacuated:
        return
    slots = list(chain.slots())
    first = next((at for at, (_, _, mark) in enumerate(slots) if mark == EMPTY_REST), None)
    if first is None:
        return
    behind = sum(mark >= MIN_TOP_HASH for _, _, mark in slots[first:])
    if behind:
        address, where, _ = slots[first]
        missed = counted(behind, "entry", "entries")
        yield EMPTYREST.broken(address, f"{where}: emptyRest with {missed} behind it; lookups can miss {_them(behind)}")


def evacuated_mark(chain: Chain) -> Iterator[Finding]:
    """Evacuated states where nothing was evacuated, and other ones where all was."""
    evacuated = chain.evacuated
    for address, where, mark in chain.slots():
        state = EVACUATED_X <= mark <= EVACUATED_EMPTY
        if state and not evacuated:
            what = "a bucket in use" if chain.role == "bucket" else "an old bucket that is not evacuated"
            yield EVACUATED_MARK.broken(
                address, f"{where}: tophash {mark} says evacuated, in {what}; the entry is lost"
            )
        elif evacuated and not state:
            yield EVACUATED_MARK.broken(
                address,
                f"{where}: tophash {mark:#04x} in an evacuated bucket; an iterator that is under way errs on it",
            )


def not_evacuated(chain: Chain) -> Iterator[Finding]:
    """An old bucket that the header takes for evacuated, and that is not."""
    if chain.due and not chain.evacuated:
        yield NOT_EVACUATED.broken(
            chain.links[0].address,
            f"{chain.name}: below nevacuate but not evacuated; lookups go to the new buckets and miss its entries",
        )


def chain_length(chain: Chain) -> Iterator[Finding]:
    """A chain that is longer than growth lets any become."""
    if chain.long:
        overflow = len(chain.links) - 1
        yield LENGTH.broken(chain.links[0].address, f"{chain.name}: {overflow} overflow buckets; lookups crawl")


CHAIN_RULES: Sequence[Callable[[Chain], Iterator[Finding]]] = (
    emptyrest_early,
    evacuated_mark,
    not_evacuated,
    chain_length,
)


def chain_findings(chain: Chain) -> Iterator[Finding]:
    """What every rule says of one chain."""
    for check in CHAIN_RULES:
        yield from check(chain)


def _them(number: int) -> str:
    return "it" if number == 1 else "them"
