"""Equal items in a row, and text, in the bytes of a slice or an array."""

from __future__ import annotations

from gomap.language.quoting import whole_runes

__all__ = ["run_of_equals", "text_in"]

#: Control characters that text may hold.
_LAYOUT = str.maketrans("", "", "\t\n\r")


def run_of_equals(buffer: bytes, offset: int, size: int, most: int, least: int) -> int:
    """How many items of SIZE bytes from OFFSET on are equal, MOST of them at most; 1 if they are fewer than LEAST."""
    item = buffer[offset : offset + size]
    if most < least or buffer[offset : offset + least * size] != item * least:
        return 1
    if size == 0:
        return most
    # The longest run that is known to be one doubles until it ends, then the rest is found by halving.
    run, step = least, least
    while step:
        step = min(step, most - run)
        at = offset + run * size
        if buffer[at : at + step * size] == item * step:
            run += step
            step = min(step * 2, most - run)
        else:
            step //= 2
    return run


def text_in(data: bytes, whole: bool, elements: int | None) -> tuple[bytes, bool] | None:
    """The text in some bytes, or the first ELEMENTS bytes of it, and whether that is all; None if they hold none.

    Zeros behind it are room that it does not take. WHOLE: there are no bytes besides.
    """
    body = data.rstrip(b"\0") if whole else data
    shown = body if elements is None or len(body) <= elements else body[:elements]
    complete = whole and len(shown) == len(body)
    if not complete:
        shown = whole_runes(shown)
    try:
        printable = shown.decode().translate(_LAYOUT).isprintable()
    except UnicodeDecodeError:
        return None
    return (shown, complete) if shown and printable and b"\0" not in body else None
