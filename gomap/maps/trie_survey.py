"""What a tree of hashes comes to, level by level: a sync.Map does not count its entries, and may have a million."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from gomap.maps.syncmap import LOCKED
from gomap.maps.trie_layout import TrieLayout
from gomap.program.memory import Memory, ReadError

__all__ = ["LONGEST", "MOST_ASTRAY", "Survey", "surveyed"]

#: Entries of a chain past which it is not followed, and nodes that are followed though their parent is another one.
LONGEST, MOST_ASTRAY = 1 << 16, 64


class Survey(NamedTuple):
    """What is in a tree.

    Attributes:
        entries, nodes: how many; the latter are the indirect ones.
        locked: how many mutexes are.
        longest_chain: of entries of one hash.
        longest_path: digits that lead to an entry.
    """

    entries: int
    nodes: int
    locked: int
    longest_chain: int
    longest_path: int


def surveyed(memory: Memory, layout: TrieLayout, root: int, digits: int) -> Survey:
    """What is in the tree below ROOT, on paths of DIGITS digits at most; what cannot be read does not count.

    An entry to which one level leads twice counts once.
    """
    return _Surveyor(memory, layout).below(root, digits)


class _Surveyor:
    def __init__(self, memory: Memory, layout: TrieLayout) -> None:
        self._memory = memory
        self._layout = layout
        fields = layout.indirect.type
        self._word = fields.field("parent").type.size
        self._parent = fields.field("parent").offset
        self._state = fields.field("mu.state").offset
        self._order: Literal["little", "big"] = "little" if layout.pointers.format.startswith("<") else "big"
        #: Of a node that much is read to tell what it is, and where its chain goes on.
        self._head = layout.overflow + self._word
        self._nil = bytes(self._word)
        self._astray = 0

    def below(self, root: int, digits: int) -> Survey:
        entries = nodes = locked = chain = path = 0
        level, seen = {root: 0} if root else {}, {root}
        for depth in range(digits):
            parents: dict[int, int] = {}
            for address, data in self._read(level, self._layout.indirect.size):
                if data[0] or not self._believed(data, level[address]):
                    continue
                nodes += 1
                locked += data[self._state if self._order == "little" else self._state + 3] & LOCKED
                for child in self._layout.pointers.unpack_from(data, self._layout.children):
                    if child:
                        parents[child] = address
            level = {}
            for child, head in self._read(parents, self._head):
                if head[0] == 1:
                    length = 1 if head.endswith(self._nil) else 1 + self._chain(child, head)
                    entries += length
                    chain, path = max(chain, length), depth + 1
                elif not head[0] and child not in seen:
                    seen.add(child)
                    level[child] = parents[child]
        return Survey(entries, nodes, locked, chain, path)

    def _read(self, addresses: dict[int, int], size: int) -> Iterator[tuple[int, bytes]]:
        """What is at each of ADDRESSES that can be read; in their order, so that each page is read once."""
        ascending = sorted(addresses)
        contents, failures = self._memory.read_each(ascending, [size] * len(ascending))
        return (
            (address, data)
            for number, (address, data) in enumerate(zip(ascending, contents, strict=True))
            if number not in failures
        )

    def _believed(self, data: bytes, parent: int) -> bool:
        """Whether a node is followed: it is PARENT's child, or one of the first few that say something else."""
        if self._pointer(data[self._parent : self._parent + self._word]) != parent:
            self._astray += 1
        return self._astray <= MOST_ASTRAY

    def _chain(self, head: int, data: bytes) -> int:
        """How many entries hang on the one at HEAD."""
        seen = {head}
        while len(seen) < LONGEST:
            at = self._pointer(data[-self._word :])
            if not at or at in seen:
                break
            try:
                data = self._memory.read(at, self._head)
            except ReadError:
                break
            if data[0] != 1:
                break
            seen.add(at)
        return len(seen) - 1

    def _pointer(self, word: bytes) -> int:
        return int.from_bytes(word, self._order)
