"""sync.Map from Go 1.24 on: a ``HashTrieMap``.

Source: internal/sync/hashtriemap.go. ``root`` leads to an indirect node, which has sixteen children. A key's hash
chooses one by four bits, from the highest on: its hexadecimal digits are the path to the key. A child is another
indirect node, which knows its parent, or an entry, as soon as no other key shares the path so far. Keys of one hash are
a chain of entries (overflow). ``isEntry``, a node's first byte, tells the two apart. Whatever changes a node's children
holds its ``mu``; a node without children is taken out of its parent, and is ``dead`` then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from gomap.maps.model import LIVE, Cell, Entry, GoMap, Part, Selection, Slot
from gomap.maps.notes import BadNode, NodeTrouble, NoSuchNode, NoTables, Note, RootNil
from gomap.maps.syncmap import LOCKED, BucketOfSlots
from gomap.maps.trie_layout import BITS, TrieLayout, trie_layout
from gomap.maps.trie_survey import LONGEST, MOST_ASTRAY, Survey, surveyed
from gomap.program.gotypes import GoType
from gomap.program.memory import ReadError
from gomap.program.target import Target, pointer_at

__all__ = ["Child", "HashTrie", "Indirect"]


class Indirect(NamedTuple):
    """A node that has children.

    Attributes:
        address: of the node.
        path: the digits of a hash that lead here; empty for the root.
        is_entry: its first byte, which must be 0.
        dead: whether it says that it has been taken out of the tree.
        locked: whether its mutex is.
        parent: the address of the node that it says it is a child of; 0 for none.
        children: sixteen addresses; 0 for none.
    """

    address: int
    path: str
    is_entry: int
    dead: bool
    locked: bool
    parent: int
    children: Sequence[int]


class Child(NamedTuple):
    """What stands at one digit of an indirect node, or behind that in a chain.

    Attributes:
        digit: 0 to 15.
        link: which entry of a chain it is; 0 for its head, and for all that is no chain.
        word: the address of the pointer that leads to it.
        address: where that leads.
        data: the bytes of an entry; those of any other node begin alike. None if unreadable.
        is_entry: the first byte; 0 where there is none to be read.
    """

    digit: int
    link: int
    word: int
    address: int
    data: bytes | None
    is_entry: int


class HashTrie(GoMap):
    """A sync.Map whose header is at its address."""

    kind = "hashtrie"
    _hexadecimal = frozenset({"root", "keyHash", "valEqual", "seed"})

    def __init__(self, target: Target, map_type: GoType, address: int) -> None:
        """Raises LayoutError, and ReadError where the header cannot be read."""
        self.layout: TrieLayout = trie_layout(map_type, target)
        super().__init__(target, map_type, address, self.layout.header, self.layout.entry)
        self._word = target.pointer_size

    @property
    def digits(self) -> int:
        """How many digits a hash has: no path is longer."""
        return 8 * self._word // BITS

    @property
    def count(self) -> int:
        return self.survey.entries

    @property
    def being_written(self) -> bool:
        return self.survey.locked > 0

    @property
    def seed(self) -> int:
        return self.header["seed"]

    def totals(self, selection: Selection) -> Sequence[tuple[str, int]]:
        nodes, only = self.survey.nodes, selection.bucket
        return [("indirect node", nodes if only is None else int(0 <= only < nodes))]

    def notes(self) -> Iterator[Note]:
        if self.header["inited"] and not self.header["root"]:
            yield RootNil(self.field_address("root"))

    def walk(self, selection: Selection = LIVE) -> Iterator[Part]:
        if not self.address:
            return
        yield from self.notes()
        if selection.table is not None:
            yield NoTables(self.address)
        number = -1
        for node in self.nodes():
            if isinstance(node, Note):
                yield node
                continue
            number += 1
            if selection.bucket in (None, number):
                children = list(self.children(node))
                yield from (self._unread(node, child) for child in children if child.data is None)
                slots = [self.slot(child) for child in children if child.data is not None]
                yield BucketOfSlots("indirect node", number, node.address, slots, node.path)
        if selection.bucket is not None and not 0 <= selection.bucket <= number:
            yield NoSuchNode(self.address, selection.bucket, number + 1)

    def nodes(self) -> Iterator[Indirect | Note]:
        """The indirect nodes, parents first, each once; notes about those that are not as they must be."""
        pending = [(self.header["root"], "", 0)] if self.header["root"] else []
        seen = set()
        astray = 0
        while pending:
            address, path, parent = pending.pop()
            if address in seen:
                yield BadNode(address, path, 0, address, NodeTrouble.AGAIN)
                continue
            seen.add(address)
            try:
                node = self.read_indirect(address, path)
            except ReadError:
                yield BadNode(address, path, 0, address, NodeTrouble.UNREADABLE)
                continue
            if node.is_entry:
                yield BadNode(address, path, 0, address, NodeTrouble.IS_ENTRY)
                continue
            if node.parent != parent:
                astray += 1
                yield BadNode(address, path, 0, address, NodeTrouble.OTHER_PARENT, node.parent)
                if astray > MOST_ASTRAY:
                    continue
            yield node
            inner = [
                (child.address, path + f"{child.digit:x}", address)
                for child in self.children(node)
                if child.data is not None and not child.link and child.is_entry == 0
            ]
            if inner and len(path) + 1 >= self.digits:
                yield BadNode(address, path, 0, address, NodeTrouble.TOO_DEEP)
                continue
            pending += reversed(inner)

    def read_indirect(self, address: int, path: str) -> Indirect:
        """The indirect node at ADDRESS. Raises ReadError."""
        numbers = self.layout.indirect.read(address)
        pointers = self.layout.pointers
        children = pointers.unpack(self.target.memory.read(address + self.layout.children, pointers.size))
        locked = bool(numbers["mu.state"] & LOCKED)
        return Indirect(address, path, numbers["node"], bool(numbers["dead"]), locked, numbers["parent"], children)

    def children(self, node: Indirect) -> Iterator[Child]:
        """What the children of NODE are, chains of entries followed."""
        digits = [digit for digit, address in enumerate(node.children) if address]
        addresses = [node.children[digit] for digit in digits]
        # An indirect node is larger than an entry of interfaces; both begin with what tells them apart.
        contents, failures = self.target.memory.read_each(addresses, [self.places.size] * len(addresses))
        for number, (digit, address, data) in enumerate(zip(digits, addresses, contents, strict=True)):
            word = node.address + self.layout.children + digit * self._word
            if number in failures:
                yield Child(digit, 0, word, address, None, 0)
                continue
            yield Child(digit, 0, word, address, data, data[0])
            if data[0] == 1:
                yield from self._chain(digit, address, data)

    def _chain(self, digit: int, head: int, data: bytes) -> Iterator[Child]:
        """What overflow leads to from the entry at HEAD; ends where it comes to the same entry again."""
        seen = {head}
        at = head
        for link in range(1, LONGEST):
            word = at + self.layout.overflow
            pointer = data[self.layout.overflow : self.layout.overflow + self._word]
            at = int.from_bytes(pointer, self.target.byte_order)
            if not at:
                return
            if at in seen:
                yield Child(digit, link, word, at, None, 0)
                return
            seen.add(at)
            try:
                data = self.target.memory.read(at, self.places.size)
            except ReadError:
                yield Child(digit, link, word, at, None, 0)
                return
            yield Child(digit, link, word, at, data, data[0])
            if data[0] != 1:
                return

    def slot(self, child: Child) -> Slot:
        """What stands there as a slot of its node; the child has been read."""
        if child.is_entry != 1:
            state = "illegal" if child.is_entry or child.link else "indirect"
            return Slot(child.digit, child.is_entry, state, None, child.address)
        data, address, places = child.data or b"", child.address, self.places
        entry = Entry(Cell(data, places.keys, address + places.keys), Cell(data, places.elems, address + places.elems))
        return Slot(child.digit, 1, "overflow" if child.link else "entry", entry, address)

    def _unread(self, node: Indirect, child: Child) -> Note:
        again = child.link and self.target.memory.readable(child.address, self.places.size) == self.places.size
        trouble = NodeTrouble.CHAIN_AGAIN if again else NodeTrouble.UNREADABLE
        return BadNode(child.word, f"{node.path}{child.digit:x}", child.link, child.address, trouble)

    def function(self, value: int) -> str:
        """The name of the function that a func in the header leads to; empty if it has none. Raises ReadError."""
        symbol = self.target.symbol_at(pointer_at(self.target, value))
        return symbol.name if symbol is not None else ""

    @cached_property
    def survey(self) -> Survey:
        """What the whole tree comes to: a sync.Map does not count."""
        locked = self.header.get("initMu.state", 0) & LOCKED
        found = surveyed(self.target.memory, self.layout, self.header["root"], self.digits)
        return found._replace(locked=found.locked + locked)
