"""Bytes of the target as Go literals, and as plain values that JSON can carry."""

from gomap.values.contents import Limits, MapReader, OpenMap
from gomap.values.literals import Literals, Text
from gomap.values.plain import Plain

__all__ = ["Limits", "Literals", "MapReader", "OpenMap", "Plain", "Text"]
