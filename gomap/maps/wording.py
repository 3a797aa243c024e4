"""Maps in words: what they hold, what their header's fields mean, what is wrong with them, and what told their type.

Everybody who says such a thing takes it from here: the views, and messages that name a map.
"""

from __future__ import annotations

from collections.abc import Sequence

from gomap.maps.classic import EXACT_B, FLAGS, SAME_SIZE_GROW, ClassicMap, unknown_flags
from gomap.maps.hash_trie import HashTrie
from gomap.maps.model import GoMap, HeaderField
from gomap.maps.notes import (
    AbsurdB,
    BadNode,
    BrokenChain,
    ChainTrouble,
    CountTooLarge,
    DirectoryGivenUp,
    DirectoryUnreadable,
    GroupsMismatch,
    HalfUnreadable,
    InHalf,
    NilBuckets,
    NoSuchBucket,
    NoSuchGroup,
    NoSuchNode,
    NoSuchTable,
    NoTable,
    NoTables,
    Note,
    OneGroupOnly,
    RootNil,
    SmallOverfull,
    TableAgain,
    TablesOverfull,
    Unreadable,
    UnusedUnreadable,
    WrongDirLen,
)
from gomap.maps.read_dirty import ReadDirty
from gomap.maps.recognised import Evidence, Occupant, Recognised
from gomap.maps.swiss import SwissMap
from gomap.maps.sync_wording import bad_node, dirty_alone, read_dirty_meaning, trie_derived, trie_meaning
from gomap.program.gotypes import GoType

__all__ = [
    "counted",
    "derived",
    "directory_entries",
    "evidence_text",
    "flag_names",
    "meaning",
    "note_text",
    "numbered",
    "recognised_text",
    "summary",
]

_CORRUPT = "the header is corrupt"


def counted(number: int, one: str, more: str = "") -> str:
    """``1 bucket``, ``256 buckets``; MORE where the plural is irregular."""
    return f"{number} {one if number == 1 else more or one + 's'}"


def numbered(first: int, last: int, one: str, more: str = "") -> str:
    """``bucket 3``, ``buckets 4 to 7``; MORE where the plural is irregular."""
    return f"{one} {first}" if first == last else f"{more or one + 's'} {first} to {last}"


def summary(map: GoMap) -> str:
    """Entries and the room they have: ``1000 entries in 256 buckets + 3 overflow``."""
    if not map.address:
        return "nil map"
    entries = counted(map.count, "entry", "entries")
    match map:
        case ClassicMap():
            return entries + _buckets(map)
        case SwissMap(small=True):
            return f"{entries} in {'1 group' if map.header['dirPtr'] else 'no group yet'}"
        case SwissMap():
            groups = sum(map.groups_of(table) for table in map.tables)
            return f"{entries} in {counted(len(map.tables), 'table')}, {counted(groups, 'group')}"
        case HashTrie():
            return f"{entries} in {counted(map.survey.nodes, 'indirect node')}"
        case ReadDirty():
            return entries + dirty_alone(map)
    return entries


def _buckets(map: ClassicMap) -> str:
    if map.absurd_b:
        return f", B = {map.header['B']}"
    text = f" in {counted(map.buckets, 'bucket')}"
    if map.header["noverflow"]:
        about = "" if map.header["B"] < EXACT_B else "about "
        text += f" + {about}{map.header['noverflow']} overflow"
    if map.header["oldbuckets"]:
        how = "regrouping" if map.header["flags"] & SAME_SIZE_GROW else "growing"
        text += f", {how} from {map.oldbuckets} (evacuated below {map.header['nevacuate']})"
    return text


def derived(map: GoMap) -> Sequence[tuple[str, str]]:
    """What follows from the header: name and text."""
    if isinstance(map, ClassicMap) and map.buckets:
        return [("load", f"{map.count / map.buckets:.2f} entries per bucket")]
    if isinstance(map, SwissMap) and map.capacity:
        return [("load", f"{map.count} of {map.capacity} slots, {map.count / map.capacity:.0%}")]
    if isinstance(map, HashTrie):
        return trie_derived(map)
    if isinstance(map, ReadDirty):
        halves = [(f"{name} map", f"at {half.address:#x} ({half.kind}): {summary(half)}") for name, half in map.maps]
        return [("amended", str(map.amended).lower()), *halves]
    return []


def meaning(map: GoMap, field: HeaderField) -> str:
    """What the value of a field of the header means; empty where the value says it all."""
    name, value = field.name, field.value
    if field.dangling:
        return "cannot be read"
    match map:
        case ClassicMap():
            return _classic_meaning(map, name, value)
        case SwissMap() if name == "dirPtr":
            return "one group, no directory" if map.small and value else "" if value else "nothing allocated yet"
        case SwissMap(small=True) if name == "dirLen":
            return "small map"
        case SwissMap(small=False) if name == "globalShift":
            return "one table for all hashes" if map.header["dirLen"] == 1 else f"table = directory[hash >> {value}]"
        case SwissMap() if name == "writing" and value:
            return "a write is under way"
        case HashTrie():
            return trie_meaning(map, name, value)
        case ReadDirty():
            return read_dirty_meaning(map, name, value)
    return ""


def _classic_meaning(map: ClassicMap, name: str, value: int) -> str:
    match name:
        case "flags":
            return flag_names(value)
        case "B":
            return "absurd" if map.absurd_b else counted(1 << value, "bucket")
        case "noverflow" if map.header["B"] >= EXACT_B:
            return "approximate from B = 16 on"
        case "oldbuckets":
            return counted(map.oldbuckets, "old bucket") if value else "not growing"
        case "buckets":
            return "" if value else "nothing allocated yet"
        case "nevacuate" if map.oldbuckets:
            return f"old buckets below {value} are evacuated"
    return ""


def flag_names(flags: int) -> str:
    """``iterator, hashWriting`` for 5; a bit that no Go version defines is named by its value."""
    names = [name for bit, name in FLAGS if flags & bit]
    unknown = unknown_flags(flags)
    return ", ".join(names + ([f"unknown {unknown:#x}"] if unknown else []))


def recognised_text(found: Recognised) -> str:
    """What stands at an address: ``header of a map[string]int``."""
    match found.what:
        case Occupant.HEADER:
            return f"header of a {found.type.name if found.type else 'map'}"
        case Occupant.DESCRIPTOR:
            return f"type descriptor of {_name(found.type)}"
        case Occupant.GROUPS:
            return f"groups of a {_name(found.map)}"
        case Occupant.BUCKETS:
            return f"buckets of a {_name(found.map)}"
        case Occupant.OBJECT:
            return _name(found.type) if found.room == 1 else f"one or up to {found.room} of {_name(found.type)}"


def _name(type: GoType | None) -> str:
    return type.name if type else "unknown type"


def evidence_text(by: Evidence) -> str:
    """What told it: ``by its type word``."""
    match by:
        case Evidence.FIELDS:
            return "by its fields"
        case Evidence.TYPE_WORD:
            return "by its type word"
        case Evidence.INVARIANTS:
            return "by its invariants"
        case Evidence.GROUPS_TYPE_WORD:
            return "by its invariants and the type word of its groups"
        case Evidence.BUCKETS_TYPE_WORD:
            return "by its invariants and the type word of its buckets"
        case Evidence.HASHES:
            return "by its invariants and the hashes of its keys"


def directory_entries(first: int, last: int) -> str:
    """``directory entry 3``, ``directory entries 4 to 7``."""
    return numbered(first, last, "directory entry", "directory entries")


def note_text(note: Note) -> str:
    """What could not be shown, or is not as it must be."""
    match note:
        case Unreadable(what=what, first=first, length=length):
            numbers = numbered(first, first + length - 1, what)
            left = "" if note.tried == length else f"; not tried from {what} {first + note.tried} on"
            return f"{numbers}: {_unreadable(note.address)}{left}"
        case AbsurdB(b=b):
            return f"B is {b}: 2^{b} buckets of {note.size} bytes fit in no address space; {_CORRUPT}"
        case NilBuckets(count=0):
            why = "the first insertion makes one bucket and goes to others"
            return f"B is {note.b}, but buckets is nil: {why}; {_CORRUPT}"
        case NilBuckets():
            return f"buckets is nil in a map whose count is {note.count}; {_CORRUPT}"
        case CountTooLarge():
            return f"count is {note.count}, which {counted(note.buckets, 'bucket')} cannot hold; {_CORRUPT}"
        case NoSuchBucket():
            return f"there is no bucket {note.number}: the map has {note.buckets}"
        case BrokenChain():
            where = f"overflow pointer of {note.role} {note.index} at {note.bucket:#x} -> {note.address:#x}"
            return f"{where}: {_chain_trouble(note)}"
        case UnusedUnreadable():
            return f"extra.nextOverflow of the map: {_unreadable(note.address)}"
        case SmallOverfull():
            return f"used is {note.used}, but a map without directory holds {note.slots} entries at most; {_CORRUPT}"
        case WrongDirLen(length=length, depth=depth):
            what = "no power of two" if length <= 0 or length & (length - 1) else f"not 2^{depth}"
            shown = counted(note.believed, "directory entry", "directory entries")
            return f"dirLen is {length}, {what} (globalDepth is {depth}); showing {shown}"
        case TablesOverfull():
            slots = counted(note.capacity, "slot")
            return f"used is {note.used}, but the tables have {slots}; {_CORRUPT}, or tables are missing"
        case NoSuchTable():
            return f"entry {note.entry} of a directory of {note.length} leads to no table"
        case NoSuchGroup():
            whose = "the table has" if note.tables == 1 else f"the largest of {note.tables} tables has"
            return f"there is no group {note.number}: {whose} {note.most}"
        case OneGroupOnly():
            return "the map is small: all it has is group 0"
        case DirectoryUnreadable():
            return f"{directory_entries(note.first, note.last)}: {_unreadable(note.address)}"
        case TableAgain():
            where = f"{directory_entries(note.first, note.last)} -> {note.table:#x}"
            return f"{where}: the table of directory entry {note.other} again"
        case NoTable():
            where = f"{directory_entries(note.first, note.last)} -> {note.table:#x}"
            return f"{where}: no table there: {_unreadable(note.failed)}"
        case DirectoryGivenUp():
            return f"{note.bad} directory entries in a row lead nowhere; {note.first} to {note.last} are not tried"
        case GroupsMismatch():
            return (
                f"table at {note.address:#x}: lengthMask is {note.length_mask:#x} but capacity is {note.capacity}; "
                f"showing {counted(note.groups, 'group')}"
            )
        case HalfUnreadable():
            return f"{note.half} leads to no map: {_unreadable(note.failed)}"
        case InHalf():
            return f"{note.half}: {note_text(note.note)}"
        case RootNil():
            return "root is nil, though the map is inited: every access faults"
        case NoTables():
            return "a sync.Map has no tables; -bucket takes the number of an indirect node"
        case NoSuchNode():
            return f"there is no indirect node {note.number}: the map has {note.nodes}"
        case BadNode():
            return bad_node(note)
    raise TypeError(f"{note} is a note of no known kind")


def _chain_trouble(note: BrokenChain) -> str:
    match note.trouble:
        case ChainTrouble.CIRCLE:
            return "the chain runs in a circle"
        case ChainTrouble.OTHER_CHAIN:
            return "a bucket of another chain"
        case ChainTrouble.TOO_LONG:
            return f"the chain is over {note.detail} buckets long; the rest is not shown"
        case ChainTrouble.UNREADABLE:
            return _unreadable(note.detail)


def _unreadable(address: int) -> str:
    return f"cannot read memory at {address:#x}"
