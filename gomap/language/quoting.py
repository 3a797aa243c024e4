"""Strings as Go's strconv.Quote writes them: no control character or formatting character ever comes out raw.

Both languages call the same characters printable: letters, marks, numbers, punctuation, symbols and the ASCII space.
They differ only in characters that one of the two is too old to know.
"""

from __future__ import annotations

__all__ = ["quote", "whole_runes"]

_SHORT = {
    ord("\a"): "\\a",
    ord("\b"): "\\b",
    ord("\f"): "\\f",
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
    ord("\v"): "\\v",
    ord('"'): '\\"',
    ord("\\"): "\\\\",
}


class _Escapes(dict[int, str]):
    """What str.translate puts in the place of each character, found out at its first use."""

    def __missing__(self, rune: int) -> str:
        if 0xDC80 <= rune <= 0xDCFF:  # a byte that is not UTF-8, as surrogateescape hides it
            text = f"\\x{rune - 0xDC00:02x}"
        elif chr(rune).isprintable():
            text = chr(rune)
        elif rune < 0x20 or rune == 0x7F:
            text = f"\\x{rune:02x}"
        else:
            text = f"\\u{rune:04x}" if rune < 0x10000 else f"\\U{rune:08x}"
        self[rune] = text
        return text


_ESCAPES = _Escapes(_SHORT)


def quote(body: bytes) -> str:
    """BODY as a Go string literal.

    >>> print(quote(b'a "b"\\n\\xff'))
    "a \\"b\\"\\n\\xff"
    """
    text = body.decode("utf-8", "surrogateescape")
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f'"{text.translate(_ESCAPES)}"'


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
