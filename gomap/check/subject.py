"""What all parts of one check of one map work with."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from gomap.check.finding import Finding
from gomap.check.judging import Judged, Slots
from gomap.check.keys import Keys
from gomap.check.pointers import Pointers
from gomap.check.seed import Fits, Seed
from gomap.check.slot_batch import SlotBatch
from gomap.check.values import FREED_KEY, IMPOSSIBLE_KEY, Values

__all__ = ["Subject"]


@dataclass(frozen=True)
class Subject:
    """The tools of one check.

    Attributes:
        pointers: judges where the map's own pointers lead.
        keys: the hashes of its keys.
        values: judges its keys and elements.
        seed: judges the seed that they are hashed with; None: it is believed.
        written: whether a thread or goroutine is inside a map write, and the map's flag says so.
        judging: told how many entries are judged next.
    """

    pointers: Pointers
    keys: Keys
    values: Values
    seed: Seed | None
    written: bool
    judging: Callable[[int], None]

    def judged(
        self, batch: SlotBatch, fits: Fits | None
    ) -> Generator[Slots, Judged, tuple[Sequence[int | None] | None, list[Finding]]]:
        """The hashes of the keys in BATCH, as Keys.hashes has them, and what is wrong with keys and elements alone.

        A key that is none has no hash: what would be said of its place means nothing.

        FITS: whether a key is where its hash leads; None where that says too little to doubt the seed.
        """
        self.judging(batch.count)
        hashes, wrong = yield Slots(batch, self.keys, self.values)
        if hashes is None:
            return None, [finding for _, finding in wrong]
        seed = self.seed.findings(batch, hashes, fits) if fits and self.seed else []
        if seed:
            self.keys.hashed -= len(hashes)
            hashes = self.keys.hashes(batch) or ()
        impossible = {number for number, finding in wrong if finding.rule is IMPOSSIBLE_KEY}
        if impossible:
            hashes = [None if number in impossible else one for number, one in enumerate(hashes)]
        freed = {number for number, finding in wrong if finding.rule is FREED_KEY}
        unreadable = self.keys.unreadable(batch, hashes, impossible | freed)
        return hashes, [*seed, *unreadable, *(finding for _, finding in wrong)]
