"""Where brackets and quotes end in Go's source text."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["closing", "last_group", "outside", "parts", "unclosed"]

_PAIRS = {"(": ")", "[": "]", "{": "}"}


def closing(text: str, at: int) -> int:
    """Where the bracket stands that closes what is open at AT, behind its opening bracket; -1 if none does."""
    depth = 1
    while at < len(text):
        char = text[at]
        if char in "\"'`":
            at = _behind_quoted(text, at)
            continue
        depth += (char in "([{") - (char in ")]}")
        if depth == 0:
            return at
        at += 1
    return -1


def parts(text: str, separator: str) -> list[str]:
    """TEXT between separators that stand in no brackets and quotes, each stripped."""
    found, start = [], 0
    for at in outside(text):
        if text[at] == separator:
            found.append(text[start:at].strip())
            start = at + 1
    return [*found, text[start:].strip()]


def last_group(text: str, opening: str) -> tuple[str, str] | None:
    """What stands before and in the brackets that TEXT ends with, if they are of the kind that OPENING begins."""
    if not text.endswith(_PAIRS[opening]):
        return None
    starts = [at for at in outside(text) if text[at] == opening]
    if not starts or closing(text, starts[-1] + 1) != len(text) - 1:
        return None
    return text[: starts[-1]].strip(), text[starts[-1] + 1 : -1]


def unclosed(text: str) -> int:
    """Where the innermost bracket stands that TEXT opens and does not close; -1 without one."""
    opened, at = [], 0
    while at < len(text):
        if text[at] in "\"'`":
            at = _behind_quoted(text, at)
            continue
        if text[at] in _PAIRS:
            opened.append(at)
        elif text[at] in _PAIRS.values() and opened:
            opened.pop()
        at += 1
    return opened[-1] if opened else -1


def outside(text: str) -> Iterator[int]:
    """Where characters stand that are in no brackets and quotes; of those in brackets the opening one."""
    at = 0
    while at < len(text):
        yield at
        if text[at] in "\"'`":
            at = _behind_quoted(text, at)
        elif text[at] in _PAIRS:
            end = closing(text, at + 1)
            if end < 0:
                return
            at = end + 1
        else:
            at += 1


def _behind_quoted(text: str, at: int) -> int:
    """Behind the quote that ends what the one at AT begins."""
    quote = text[at]
    at += 1
    while at < len(text) and text[at] != quote:
        at += 2 if text[at] == "\\" and quote != "`" else 1
    return at + 1
