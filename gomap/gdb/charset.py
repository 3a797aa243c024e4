"""Literals for a terminal that knows less than UTF-8."""

from __future__ import annotations

import re

import gdb

from gomap.language import Text

__all__ = ["encoded"]

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def encoded(text: Text) -> Text:
    """TEXT, whose literals GDB can print in its host charset: all that is not ASCII escaped as Go escapes it."""
    if gdb.host_charset().upper().replace("-", "") == "UTF8":
        return text

    def ascii(buffer: bytes, offset: int) -> str:
        literal = text(buffer, offset)
        return literal if literal.isascii() else _NOT_ASCII.sub(_escape, literal)

    return ascii


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
