"""Text that may come from anywhere, made fit for a terminal: no control character and no formatting character as such.

Names are read from memory and from files that may be damaged. Each goes through here where it enters (GoType, Field and
Symbol see to that themselves), so that nothing that shows a name has to think of it.
"""

from __future__ import annotations

__all__ = ["SHORT_ESCAPES", "Escapes", "printable"]

#: The control characters that Go writes with a letter.
SHORT_ESCAPES = {
    ord("\a"): "\\a",
    ord("\b"): "\\b",
    ord("\f"): "\\f",
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
    ord("\v"): "\\v",
}


class Escapes(dict[int, str]):
    """What str.translate puts in the place of each character, as Go's strconv.Quote has it; found out at first use."""

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


_ESCAPES = Escapes(SHORT_ESCAPES)


def printable(text: str) -> str:
    """TEXT with escapes for all that is not printable; what is stays as it is, quotes and backslashes too.

    >>> print(printable("main.T\\x1b[31m"))
    main.T\\x1b[31m
    """
    return text if text.isprintable() else text.translate(_ESCAPES)
