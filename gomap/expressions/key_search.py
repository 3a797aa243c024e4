"""A key looked up in a map as the runtime does it; and where it really is, if that misses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from gomap.expressions.brackets import outside
from gomap.expressions.evaluating import evaluate
from gomap.expressions.fitting import UnfitError
from gomap.expressions.go_values import ExpressionError, dynamic, temporary
from gomap.expressions.key_bytes import KeyBytes
from gomap.expressions.map_finding import find_map
from gomap.expressions.map_keys import matching, unfit
from gomap.expressions.scope import Scope
from gomap.expressions.written import read
from gomap.hashing import HashError, KeyHasher
from gomap.maps.lookups.any_map import look_up
from gomap.maps.lookups.model import End, Lookup, Tried, Why, mark_of
from gomap.maps.model import Cell, GoMap, Match, Note
from gomap.maps.placed import Placed, placed
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["Scan", "Search", "Sought", "map_and_key", "search"]

#: Entries that are looked through for a key that a lookup misses, and after how many it is told how far it is.
_MOST_SCANNED, _TOLD = 1 << 22, 1 << 14


class Scan(NamedTuple):
    """A look at every entry for an equal key.

    Attributes:
        entries: how many were looked at.
        found: the first that has it.
        whole: whether none was left out.
        unread: the first thing that kept entries from being looked at.
    """

    entries: int
    found: Placed | None
    whole: bool
    unread: Note | None


class Search(NamedTuple):
    """A key, and what came of looking for it.

    Attributes:
        map: where.
        text: the key as it was written.
        key: its bytes; strings in it are not in the program's memory.
        steps: the lookup; of a sync.Map up to Go 1.23 one for each half that is looked at.
        without: why there is no lookup; empty otherwise.
        scan: the look at every entry, where the lookup does not find the key.
        hash_in: gives the hash of a key that stands in the map, under a seed; None where it has none.
    """

    map: GoMap
    text: str
    key: bytes
    steps: Sequence[Lookup]
    without: str
    scan: Scan | None
    hash_in: Callable[[Cell, int], int | None]

    @property
    def found(self) -> bool:
        """Whether a lookup finds it."""
        return bool(self.steps) and self.steps[-1].found

    def is_changed(self, step: Lookup, one: Tried) -> bool:
        """Whether a key that STEP compared is not the one that was stored in its slot: its hash has other bits."""
        cell = one.slot.entry.key if one.slot.entry is not None else None
        if one.why is not Why.OTHER_KEY or not isinstance(cell, Cell):
            return False
        own = self.hash_in(cell, step.map.seed)
        return own is not None and mark_of(step.map, own) not in (None, one.slot.mark)


class Sought:
    """A key that is looked for: evaluated once, whatever becomes of the program and the map since.

    Args:
        scope: where TEXT means something.
        map: a map with keys of its type.
        text: a Go literal or an expression.

    Attributes:
        text: as given.
        key: its bytes; strings in it are not in the program's memory.
        match: tells it from other keys.
        without: why it cannot be looked up; empty otherwise.

    Raises ExpressionError if the map can have no such key.
    """

    def __init__(self, scope: Scope, map: GoMap, text: str) -> None:
        written = read(text, lambda inner: evaluate(scope, inner))
        program = scope.program
        self.text, self.key, self.without = text, b"", ""
        self.match = matching(program, map, text, written)
        self._hasher: KeyHasher | None = None
        keys = KeyBytes(program, lambda: _held_types(program, map))
        try:
            self.key = keys.of(map.key, written)
            self._hasher = keys.hasher(map.type, map.key)
        except UnfitError as error:
            raise unfit(map, text, error) from None
        except (ExpressionError, LayoutError, ReadError) as error:
            self.without = str(error)

    def look_up(self, map: GoMap) -> tuple[Sequence[Lookup], str]:
        """The steps of its lookup in MAP; or why there are none."""
        if self.without:
            return (), self.without
        try:
            return look_up(map, self._hash_of, self.match), ""
        except (HashError, LayoutError, ReadError) as error:
            return (), f"the key has no hash: {error}"

    def hash_in(self, cell: Cell, seed: int) -> int | None:
        """The hash of a key that stands in the map, under a seed; None where it has none."""
        try:
            return self._hasher.one(cell.buffer, cell.offset, seed) if self._hasher is not None else None
        except (HashError, LayoutError, ReadError):
            return None

    def _hash_of(self, seed: int) -> int | None:
        assert self._hasher is not None
        return self._hasher.one(self.key, 0, seed)


def search(scope: Scope, map: GoMap, text: str, progress: Callable[[str], None]) -> Search:
    """Look for the key TEXT, a Go literal or an expression, in MAP.

    Raises ExpressionError if the map can have no such key.
    """
    sought = Sought(scope, map, text)
    steps, without = sought.look_up(map)
    ended = steps[-1].end if steps else None
    needless = (End.FOUND, End.NIL_MAP, End.RANDOM_HASH)
    scan = None if ended in needless else _scan(map, sought.match, progress)
    return Search(map, text, sought.key, steps, without, scan, sought.hash_in)


def _scan(map: GoMap, match: Match, progress: Callable[[str], None]) -> Scan:
    """Every entry, whatever its hash, until one has the key."""
    entries, unread = 0, None
    for part in placed(map):
        if isinstance(part, Note):
            unread = unread or part
            continue
        if entries == _MOST_SCANNED:
            return Scan(entries, None, False, unread)
        entries += 1
        if entries % _TOLD == 0:
            progress(f"{entries} entries looked through")
        cell = part.entry.key
        if not isinstance(cell, Cell):
            continue
        try:
            if match(cell.buffer, cell.offset):
                return Scan(entries, part, True, unread)
        except (ReadError, LayoutError):
            continue  # a key that cannot be read is not the one
    return Scan(entries, None, True, unread)


def _held_types(program: Program, map: GoMap) -> Iterator[GoType]:
    """The types of what the map's keys hold, each once, if these are interfaces."""
    seen: set[GoType] = set()
    for entry in islice(map.entries(), _MOST_SCANNED) if map.key.kind is Kind.INTERFACE else ():
        if not isinstance(entry, Note) and isinstance(entry.key, Cell):
            data = entry.key.buffer[entry.key.offset : entry.key.offset + map.key.size]
            try:
                inner = dynamic(temporary(program, map.key, "a key", data))
            except ExpressionError:
                continue
            if inner is not None and inner.type not in seen:
                seen.add(inner.type)
                yield inner.type


def map_and_key(scope: Scope, line: str, type_name: str | None = None) -> tuple[GoMap, str]:
    """The map and the key of a LINE that has both, with blanks between them.

    Either may have blanks of its own, in brackets, in quotes or around operators: the expression ends at the first
    blank where it means a map. Raises ExpressionError, and what find_map does.
    """
    first: ExpressionError | None = None
    for at in outside(line):
        if not line[at].isspace() or not line[at:].strip() or not line[:at].strip():
            continue
        try:
            return find_map(scope, line[:at], type_name), line[at:].strip()
        except ExpressionError as error:
            first = first or error
    raise first or ExpressionError(f"{line}: needs a map and a key, with a blank between them")
