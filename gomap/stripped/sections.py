"""The parts of a program's memory that its variables may be in, to be searched for bytes and for words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gomap.program.memory import Memory, ReadError

__all__ = ["Section", "Sections"]

#: More than this of a section is not searched: what the runtime declares comes before large variables of a program's.
_MOST = 1 << 26


class Section(NamedTuple):
    """A part of a program's memory: the address where it begins, and what is in it."""

    start: int
    content: bytes


class Sections:
    """Parts of memory to search.

    Args:
        memory: of the program.
        word: how many bytes a word has; its first byte is the lowest, as on all machines that are searched.
        bounds: the address of each part, and the one behind its end; what cannot be read is left out.

    Attributes:
        sections: the parts, as far as they could be read.
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
        """Each address that is a multiple of ALIGNED and has CONTENT there."""
        for start, within in self.sections:
            at = within.find(content)
            while at >= 0:
                if not (start + at) % aligned:
                    yield start + at
                at = within.find(content, at + 1)

    def find_word(self, value: int) -> Iterator[int]:
        """Each address of a word that has that VALUE."""
        return self.find(value.to_bytes(self._word, "little"), self._word)

    def words(self) -> Iterator[tuple[int, Sequence[int]]]:
        """Of each part the address of its first word, and its words."""
        for start, within in self.sections:
            skipped = -start % self._word
            whole = (len(within) - skipped) // self._word * self._word
            part = memoryview(within[skipped : skipped + max(whole, 0)])
            yield start + skipped, part.cast("I") if self._word == 4 else part.cast("Q")
