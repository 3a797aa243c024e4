"""What must hold in a sync.Map of Go 1.24 and later: paths, kinds of nodes, parents, chains.

Source: internal/sync/hashtriemap.go. A change to a node's children is made under that node's mutex, and is published by
the store of one pointer; new nodes are whole before that. What an operation under way can leave to be seen for a moment
is a node without children that still stands in its parent, and then is dead: both with mutexes locked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from gomap.check.finding import Finding, Severity, rule
from gomap.check.header import IMPLAUSIBLE
from gomap.check.judging import Steps
from gomap.check.keys import MISPLACED, UNREADABLE
from gomap.check.slot_batch import SlotBatch
from gomap.check.subject import Subject
from gomap.check.sync.locks import lock_held
from gomap.maps.hash_trie import Child, HashTrie, Indirect
from gomap.maps.trie_layout import BITS
from gomap.program.memory import ReadError

__all__ = ["TrieCheck"]

DANGLING = rule("dangling-node", "root, children and overflow lead to nodes that are in use", lasting=True)
KIND = rule("node-kind", "isEntry is true for an entry, and false for a node that has children", lasting=True)
PARENT = rule("node-parent", "parent leads to the node that this one is a child of; the root has none", lasting=True)
DEAD = rule("node-dead", "no node that lookups come to is dead", lasting=True)
EMPTY = rule("node-empty", "only the root may be without children", Severity.WARNING)
SHARED = rule("node-shared", "a node stands in one place", lasting=True)
DEEP = rule("path-long", "a path has no more digits than a hash", lasting=True)
LOOP = rule("overflow-loop", "a chain of entries ends", lasting=True)
UNLIKE = rule("overflow-hash", "all keys of a chain have the same hash")

#: Entries that are judged together.
_AT_ONCE = 1 << 14
#: Bits that the paths of the first keys must have together before keys out of place say anything of the seed.
_TELLING, _FIRST = 28, 8


class TrieCheck:
    """One check of one sync.Map.

    Args:
        deletes: whether a thread or goroutine is inside a deletion.

    Attributes:
        entries: how many were looked at.
        buckets: how many indirect nodes were.
    """

    def __init__(self, map: HashTrie, subject: Subject, deletes: Callable[[], bool]) -> None:
        self.map = map
        self._subject = subject
        self._deletes = deletes
        self._indirect = map.layout.indirect.size
        self._seen: dict[int, str] = {}
        self._found: list[tuple[Child, str]] = []
        self.entries = 0
        self.buckets = 0

    def findings(self) -> Steps:
        """All that is wrong, the header first."""
        map = self.map
        yield from self._header()
        if not map.header["root"]:
            return
        word = map.field_address("root")
        pending = [(self._child_at(word), "", 0)]
        astray = self._astray(pending[0][0], "root")
        if astray:
            yield astray
            return
        while pending:
            child, path, parent = pending.pop()
            try:
                node = map.read_indirect(child.address, path)
            except ReadError as error:
                yield UNREADABLE.broken(error.address, f"path {path} -> {child.address:#x}: {error}")
                continue
            self.buckets += 1
            self._seen[node.address] = path
            yield from self._node(node, parent)
            inner: list[tuple[Child, str, int]] = []
            yield from self._children(node, inner)
            pending += reversed(inner)
            if len(self._found) >= _AT_ONCE:
                yield from self._judged()
        yield from self._judged()

    def _header(self) -> Iterator[Finding]:
        map, header = self.map, self.map.header
        if header.get("initMu.state", 0) and not self._subject.written and header["initMu.state"] & 1:
            yield lock_held(map.field_address("initMu.state"), "initMu")
        inited, root = header["inited"], header["root"]
        if inited > 1 or bool(inited) != bool(root):
            what = "root is nil: every access faults" if inited and not root else f"root is {root:#x}"
            yield IMPLAUSIBLE.broken(map.field_address("inited"), f"inited is {inited}, and {what}")
        if root and not self._function(header["keyHash"]):
            yield IMPLAUSIBLE.broken(
                map.field_address("keyHash"), f"keyHash -> {header['keyHash']:#x}: no function; every access faults"
            )

    def _function(self, value: int) -> bool:
        """Whether VALUE leads to code, as a func does; where nothing tells of the code's beginning it is believed."""
        target = self.map.target
        try:
            code = int.from_bytes(target.memory.read(value, target.pointer_size), target.byte_order)
        except ReadError:
            return False
        symbol = target.symbol_at(code)
        return symbol.address == code if symbol is not None else bool(target.memory.readable(code, 1))

    def _node(self, node: Indirect, parent: int) -> Iterator[Finding]:
        """An indirect node by itself."""
        fields = self.map.layout.indirect.type
        where = f"{_named(node.path)} at {node.address:#x}"
        if node.parent != parent:
            yield PARENT.broken(
                node.address + fields.field("parent").offset,
                f"{where}: parent is {node.parent:#x}, not {parent:#x}; a deletion that empties the node goes astray",
            )
        if node.dead:
            dead = DEAD.broken(
                node.address + fields.field("dead").offset, f"{where}: dead, and yet in place; a store there never ends"
            )
            # A deletion that is about to take it out has locked it.
            yield replace(dead, transient=self._subject.written and node.locked and self._deletes())
        if node.path and not any(node.children):
            yield EMPTY.broken(node.address, f"{where}: has no children, and was not taken out of its parent")
        if node.locked and not self._subject.written:
            yield lock_held(node.address + fields.field("mu.state").offset, f"{where}: mu")

    def _children(self, node: Indirect, inner: list[tuple[Child, str, int]]) -> Iterator[Finding]:
        """The children of NODE: entries join those to be judged, the others INNER."""
        chain: set[int] = set()
        broken = False
        for child in self.map.children(node):
            path = f"{node.path}{child.digit:x}"
            where = f"path {path}" + (f", overflow {child.link}" if child.link else "")
            if child.link == 0:
                chain, broken = set(), False
            if broken:
                continue  # what hangs on something else's words is no chain
            if child.address in chain:
                yield LOOP.broken(
                    child.word, f"{where} -> {child.address:#x}: an entry of the same chain; it has no end"
                )
                continue
            if child.address in self._seen:
                there = _named(self._seen[child.address])
                yield SHARED.broken(child.word, f"{where} -> {child.address:#x}: the node of {there} too")
                broken = True
                continue
            wrong = self._astray(child, where)
            if wrong is not None:
                yield wrong
                broken = True
                continue
            self._seen[child.address] = path
            if child.is_entry:
                chain.add(child.address)
                self._found.append((child, path))
                self.entries += 1
            elif len(path) >= self.map.digits:
                yield DEEP.broken(child.word, f"{where} -> {child.address:#x}: has children, which no hash leads to")
            else:
                inner.append((child, path, node.address))

    def _child_at(self, word: int) -> Child:
        """What the pointer to the root leads to."""
        address = self.map.header["root"]
        try:
            data = self.map.target.memory.read(address, self.map.places.size)
        except ReadError:
            return Child(0, 0, word, address, None, 0)
        return Child(0, 0, word, address, data, data[0])

    def _astray(self, child: Child, where: str) -> Finding | None:
        """What is wrong with where a pointer leads, if that is no node of the kind that may stand there."""
        size, other = self.map.places.size, self._indirect
        if not child.is_entry:
            size, other = other, size
        where = f"{where} -> {child.address:#x}"
        pointers = self._subject.pointers
        astray = pointers.astray(child.address, size)
        if astray and (child.data is None or pointers.astray(child.address, other)):
            return DANGLING.broken(child.word, f"{where}: {astray}; lookups that come here fault or go astray")
        if child.data is None:
            return UNREADABLE.broken(child.address, f"{where}: cannot read {size} bytes there")
        must_be_entry = True if child.link else False if where.startswith("root") else None
        if astray or child.is_entry > 1 or must_be_entry not in (None, bool(child.is_entry)):
            is_entry = {0: "false", 1: "true"}.get(child.is_entry, f"{child.is_entry:#04x}")
            follows = "all that is below it is out of reach" if child.is_entry else "lookups take its key for children"
            return KIND.broken(child.address, f"{where}: isEntry is {is_entry}; {astray or follows}")
        return None

    def _judged(self) -> Steps:
        """The entries found so far: keys and values by themselves, then where the keys stand."""
        found, self._found = self._found, []
        if not found:
            return
        batch = SlotBatch(self.map.places)
        ones = b"\1" * len(found)
        addresses = [child.address for child, _ in found]
        batch.add(b"".join(child.data or b"" for child, _ in found), addresses, [0] * len(found), ones, ones)
        top = BITS * self.map.digits
        homes = [(int(path, 16), top - BITS * len(path)) for _, path in found]

        def fits(number: int, key_hash: int) -> bool:
            digits, shift = homes[number]
            return key_hash >> shift == digits

        telling = BITS * sum(len(path) for _, path in found[:_FIRST]) >= _TELLING
        hashes, wrong = yield from self._subject.judged(batch, fits if telling else None)
        yield from wrong
        if hashes is None:
            return
        head: tuple[str, int] | None = None
        for number, ((child, path), key_hash) in enumerate(zip(found, hashes, strict=True)):
            if key_hash is None:  # NaNs, and what is no key
                continue
            address = self._subject.keys.address(batch, number)
            if not fits(number, key_hash):
                there = f"{key_hash:0{self.map.digits}x}"[: len(path) + 1]
                text = f"{self._subject.keys.text(batch, number)} stands at path {path}, its hash begins with {there}"
                yield MISPLACED.broken(
                    address,
                    f"{text}: lookups miss it; it is in a wrong place, or its bytes were changed since it was stored",
                    key_address=address,
                )
            elif child.link and head is not None and head[0] == path and head[1] != key_hash:
                text = f"{self._subject.keys.text(batch, number)} at path {path}, overflow {child.link}"
                yield UNLIKE.broken(
                    address, f"{text}: its hash is {key_hash:#x}, that of the chain {head[1]:#x}", key_address=address
                )
            elif head is None or head[0] != path:
                head = path, key_hash
        yield from self._subject.keys.duplicates(batch, hashes)


def _named(path: str) -> str:
    return f"path {path}" if path else "the root"
