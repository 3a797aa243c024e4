"""Literals for a terminal that knows less than UTF-8."""

from __future__ import annotations

import gdb

from gomap.language import Speller
from gomap.language.quoting import in_ascii

__all__ = ["encoded"]


def encoded(text: Speller) -> Speller:
    """TEXT, whose literals GDB can print in its host charset: all that is not ASCII escaped as Go escapes it."""
    if gdb.host_charset().upper().replace("-", "") == "UTF8":
        return text
    return lambda buffer, offset: in_ascii(text(buffer, offset))
