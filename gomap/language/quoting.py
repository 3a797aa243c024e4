"""Strings as Go's strconv.Quote writes them: no control character or formatting character ever comes out raw.

Both languages call the same characters printable: letters, marks, numbers, punctuation, symbols and the ASCII space.
They differ only in characters that one of the two is too old to know.
"""

from __future__ import annotations

import re

from gomap.program.printable import SHORT_ESCAPES, Escapes

__all__ = ["in_ascii", "quote", "whole_runes"]

_ESCAPES = Escapes({**SHORT_ESCAPES, ord('"'): '\\"', ord("\\"): "\\\\"})
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def quote(body: bytes) -> str:
    """BODY as a Go string literal.

    >>> print(quote(b'a "b"\\n\\xff'))
    "a \\"b\\"\\n\\xff"
    """
    text = body.decode("utf-8", "surrogateescape")
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f'"{text.translate(_ESCAPES)}"'


def in_ascii(literal: str) -> str:
    """LITERAL, what is not ASCII escaped as Go escapes it.

    >>> print(in_ascii('"ä", "😀"'))
    "\\u00e4", "\\U0001f600"
    """
    return literal if literal.isascii() else _NOT_ASCII.sub(_escape, literal)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def whole_runes(body: bytes) -> bytes:
    """BODY, the beginning of a longer string, without the rune that it was cut in the middle of."""
    for back in range(1, min(4, len(body) + 1)):
        byte = body[-back]
        if byte >= 0xC0:  # begins a rune of 2, 3 or 4 bytes
            needed = 2 + (byte >= 0xE0) + (byte >= 0xF0)
            return body[:-back] if needed > back else body
        if byte < 0x80:
            break
    return body
