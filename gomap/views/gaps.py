"""In words: what a verdict had to leave open, and what would tell more (see gomap.postmortem.gaps)."""

from __future__ import annotations

from gomap.goruntime.wording import unread_text
from gomap.postmortem.gaps import (
    FirstMapsOnly,
    Gap,
    GoroutinesUnread,
    LocksNotSought,
    MapNotChecked,
    MoreLocks,
    PathNotSought,
    StacksNotFollowed,
    StacksUnread,
    Uncomparable,
    WouldTell,
)

__all__ = ["code_unread_text", "gap_text", "would_tell_text"]

_WOULD_TELL = {
    WouldTell.COPIED: "'go vet -copylocks': a sync.Map that was copied while somebody was in it keeps a locked mutex",
    WouldTell.CALLERS_VARIABLES: "the variables of the function that called for it, "
    "in a build with -gcflags=all='-N -l'",
    WouldTell.NEXT_CORE: "a core of the next time it happens, and whether it is the same map, key and address",
    WouldTell.SANITIZER: "a build with -race, or with -asan if C is called: "
    "whether somebody writes where they must not",
    WouldTell.RACE_DETECTOR: "a build with -race: it names both sides as they meet, with both stacks",
    WouldTell.WHOLE_CORE: "a core that was written to its end",
}


def gap_text(gap: Gap) -> str:
    """``the map was not checked: cannot read 8 bytes at 0xc000012340``."""
    match gap:
        case Uncomparable():
            return f"{gap.method} was given a value to compare with that has no ==, as the message says"
        case PathNotSought():
            return f"no path to the map was looked for: {gap.error or 'interrupted'}"
        case MapNotChecked():
            return f"the map was not checked: {gap.error}"
        case LocksNotSought():
            return f"locks beside the map are not looked at: {gap.error}"
        case MoreLocks():
            return f"{gap.number} more locks are among the variables of package {gap.package}"
        case FirstMapsOnly():
            return f"only the first {gap.number} maps that goroutines are inside of were looked at"
        case GoroutinesUnread():
            return unread_text(gap.unread)
        case StacksUnread():
            return f"{gap.number} stacks cannot be read to their end; of goroutine {gap.goroutine}: {gap.error}"
        case StacksNotFollowed():
            more = f", and so of {gap.number - 1} more" if gap.number > 1 else ""
            return f"goroutine {gap.goroutine} was running, and nothing tells where{more}: it may have been at a map"


def code_unread_text(architecture: str) -> str:
    """``gomap does not read the code of riscv64``."""
    return f"gomap does not read the code of {architecture}"


def would_tell_text(what: WouldTell) -> str:
    """``a core that was written to its end``."""
    return _WOULD_TELL[what]
