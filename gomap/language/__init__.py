"""Bytes of the target as Go literals, and as plain values that JSON can carry."""

from gomap.language.json_values import Plain
from gomap.language.literals import Literals, Speller
from gomap.language.references import FULL, LeftOut, Limits, MapReader, OpenMap, unreadable

__all__ = ["FULL", "LeftOut", "Limits", "Literals", "MapReader", "OpenMap", "Plain", "Speller", "unreadable"]
