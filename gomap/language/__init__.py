"""Bytes of the target as Go literals, and as plain values that JSON can carry."""

from gomap.language.json_values import Plain
from gomap.language.limits import BRIEF, FULL, Limits
from gomap.language.literals import Literals, Speller
from gomap.language.references import LeftOut, MapReader, OpenMap, unreadable

__all__ = ["BRIEF", "FULL", "LeftOut", "Limits", "Literals", "MapReader", "OpenMap", "Plain", "Speller", "unreadable"]
