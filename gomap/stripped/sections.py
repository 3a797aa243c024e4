"""What of a program's memory its variables may be in, as words, and where bytes stand in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gomap.program.memory import Memory, ReadError

__all__ = ["Section", "Sections"]

#: More than this of a section is not searched: what the runtime declares comes before large variables of a program's.
_MOST = 1 << 26


class Section(NamedTuple):
    """Part of a program's memory: from where to where, and what is in it."""

    start: int
    content: bytes


class Sections:
    """Parts of memory to search.

    Args:
        memory: of the program.
        word: bytes of a pointer; the byte order is the little one, as on all machines that are searched.
        bounds: where each part begins and ends; what cannot be read is left out.
    """

    def __init__(self, memory: Memory, word: int, bounds: Sequence[tuple[int, int]]) -> None:
        self._word = word
        self.sections: list[Section] = []
        for start, end in bounds:
            size = memory.readable(start, min(end - start, _MOST)) if end > start else 0
            if size:
                try:
                    self.sections.append(Section(start, memory.read(start, size)))
                except ReadError:
                    continue

    def find(self, content: bytes, aligned: int = 1) -> Iterator[int]:
        """Each address at which CONTENT stands, a multiple of ALIGNED."""
        for start, within in self.sections:
            at = within.find(content)
            while at >= 0:
                if not (start + at) % aligned:
                    yield start + at
                at = within.find(content, at + 1)

    def find_word(self, value: int) -> Iterator[int]:
        """Each address of a word that is VALUE."""
        return self.find(value.to_bytes(self._word, "little"), self._word)

    def words(self) -> Iterator[tuple[int, Sequence[int]]]:
        """The words of each part, and the address of the first."""
        for start, within in self.sections:
            skipped = -start % self._word
            whole = (len(within) - skipped) // self._word * self._word
            part = memoryview(within[skipped : skipped + max(whole, 0)])
            yield start + skipped, part.cast("I") if self._word == 4 else part.cast("Q")
