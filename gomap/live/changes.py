"""What was seen to change in a map, as those who watch its parts tell it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from gomap.live.culprit import Culprit

__all__ = ["Change", "Changed"]


class Change(enum.Enum):
    """What has changed."""

    FIELD = "field of the header"
    VALUE = "element"
    STATE = "state of the slot"
    OVERFLOW = "overflow pointer"
    STORED = "the key is there"
    DELETED = "the key is gone"
    FREED = "the map's memory is no longer in use"


@dataclass(frozen=True)
class Changed:
    """A change.

    Attributes:
        what: what has changed.
        name: of who has seen it.
        culprit: whose doing it was.
        old, new: as text; empty where there is none.
        subject: the header's field, or the place of the slot (the old one, of a key that is gone).
        moves: how often growth has moved the entry since it was first seen, of an entry.
        unseen: the bytes that differ are not watched, so that they may have changed at any time since the last look.
        partly: the element has several words, which are stored one after the other: some may be old still.
    """

    what: Change
    name: str
    culprit: Culprit
    old: str
    new: str
    subject: str
    moves: int = 0
    unseen: bool = False
    partly: bool = False

    @property
    def stops(self) -> bool:
        return True
