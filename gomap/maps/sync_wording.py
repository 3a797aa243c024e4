"""sync.Map in words, of both kinds; gomap.maps.wording has all other maps, and is whom to ask."""

from __future__ import annotations

from collections.abc import Sequence

from gomap.maps.hash_trie import HashTrie
from gomap.maps.notes import BadNode, NodeTrouble
from gomap.maps.read_dirty import DIRTY, ReadDirty
from gomap.maps.syncmap import LOCKED
from gomap.program.memory import ReadError

__all__ = ["bad_node", "dirty_alone", "read_dirty_meaning", "trie_derived", "trie_meaning"]


def dirty_alone(map: ReadDirty) -> str:
    """``, 3 of them in dirty alone``; nothing where there is no dirty map."""
    return f", {map.counts[DIRTY]} of them in dirty alone" if DIRTY in map.counts else ""


def trie_derived(map: HashTrie) -> Sequence[tuple[str, str]]:
    """What a walk of the tree comes to."""
    found = map.survey
    shown = [
        ("entries", str(found.entries)),
        ("indirect nodes", str(found.nodes)),
        ("longest path", f"{found.longest_path} digits"),
    ]
    if found.longest_chain > 1:
        shown.append(("longest chain", f"{found.longest_chain} entries of one hash"))
    return [*shown, ("locked", f"{found.locked} of its mutexes")] if found.locked else shown


def trie_meaning(map: HashTrie, name: str, value: int) -> str:
    """What the value of a header's field means."""
    if name == "inited":
        return "" if value else "nothing stored or looked up yet"
    if name in ("keyHash", "valEqual") and value:
        try:
            return map.function(value)
        except ReadError:
            return ""
    return "locked" if name == "initMu.state" and value & LOCKED else ""


def read_dirty_meaning(map: ReadDirty, name: str, value: int) -> str:
    """What the value of a header's field means."""
    if name == "mu.state" and value & LOCKED:
        return "locked"
    return "amended: dirty has keys that it lacks" if name == "read" and map.amended else ""


def bad_node(note: BadNode) -> str:
    """Which node, and what is wrong with it."""
    link = f", overflow {note.link}" if note.link else ""
    where = f"{f'path {note.path}' if note.path else 'root'}{link} -> {note.node:#x}"
    match note.trouble:
        case NodeTrouble.AGAIN:
            return f"{where}: a node that stands elsewhere too; not shown again"
        case NodeTrouble.CHAIN_AGAIN:
            return f"{where}: an entry of the same chain again"
        case NodeTrouble.IS_ENTRY:
            return f"{where}: says that it is an entry"
        case NodeTrouble.OTHER_PARENT:
            return f"{where}: says that it is a child of {note.detail:#x}"
        case NodeTrouble.TOO_DEEP:
            return f"{where}: its children's paths are longer than a hash"
        case NodeTrouble.UNREADABLE:
            return f"{where}: cannot read a node there"
