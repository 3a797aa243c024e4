"""A census as a profile that ``go tool pprof`` opens: maps in place of allocations, paths in place of stacks.

The format is profile.proto of github.com/google/pprof, gzipped. Of each map type at each origin there is one sample;
its stack is the path, with a function for each longer beginning of it, so that ``-top -cum`` adds up what hangs at a
variable, and ``-base`` compares two cores. What a map keeps of another one counts for that one, as each byte is to be
there once.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from operator import add

from gomap.census.census import Census, FoundMap
from gomap.views.census import found_type_text

__all__ = ["census_profile"]

#: What each sample has, and in which unit; the last one is shown unless another is asked for.
_VALUES = (("maps", "count"), ("entries", "count"), ("structure", "bytes"), ("waste", "bytes"), ("retained", "bytes"))

# Numbers of fields in profile.proto.
_SAMPLE_TYPE, _SAMPLE, _LOCATION, _FUNCTION, _STRING_TABLE, _DEFAULT_SAMPLE_TYPE = 1, 2, 4, 5, 6, 14
_TYPE, _UNIT = 1, 2  # of ValueType
_LOCATION_ID, _VALUE, _LABEL = 1, 2, 3  # of Sample
_KEY, _STR = 1, 2  # of Label
_ID, _LINE = 1, 4  # of Location
_FUNCTION_ID = 1  # of Line
_NAME = 2  # of Function, beside its id; one whose system name is the same pprof would shorten as it does C++'s
# Wire types of protocol buffers.
_VARINT, _BYTES = 0, 2


def census_profile(census: Census) -> bytes:
    """The bytes of the file with the profile. It has retained bytes only if the census has worked them out."""
    values = _VALUES if census.apart is not None else _VALUES[:-1]
    strings = _Strings()
    profile = bytearray()
    for name, unit in values:
        profile += _message(_SAMPLE_TYPE, _number(_TYPE, strings.of(name)) + _number(_UNIT, strings.of(unit)))
    samples: dict[tuple[int, str], list[int]] = {}
    for found in census.maps:
        key = census.survey.paths.origin[found.number], found_type_text(found)
        before = samples.get(key, [0] * len(values))
        samples[key] = [*map(add, before, _values(census, found))]
    functions: dict[str, int] = {}
    for (origin, type), sums in samples.items():
        path = census.survey.paths.origins.beginnings(origin)
        ids = [functions.setdefault(text, len(functions) + 1) for text in path]
        label = _number(_KEY, strings.of("type")) + _number(_STR, strings.of(type))
        sample = _packed(_LOCATION_ID, reversed(ids)) + _packed(_VALUE, sums) + _message(_LABEL, label)
        profile += _message(_SAMPLE, sample)
    for text, id in functions.items():
        profile += _message(_LOCATION, _number(_ID, id) + _message(_LINE, _number(_FUNCTION_ID, id)))
        profile += _message(_FUNCTION, _number(_ID, id) + _number(_NAME, strings.of(text)))
    profile += _number(_DEFAULT_SAMPLE_TYPE, strings.of(values[-1][0]))
    for string in strings.all:
        profile += _message(_STRING_TABLE, string.encode("utf-8", "backslashreplace"))
    return gzip.compress(bytes(profile), mtime=0)


def _values(census: Census, found: FoundMap) -> Sequence[int]:
    measured = found.measured
    numbers = [1, *((measured.entries, measured.structure, measured.waste) if measured else (0, 0, 0))]
    return [*numbers, census.apart[found.number]] if census.apart is not None else numbers


class _Strings:
    """The profile's table of strings, to which all else refers by number; the first one is empty."""

    def __init__(self) -> None:
        self.all = [""]
        self._numbers = {"": 0}

    def of(self, text: str) -> int:
        if text not in self._numbers:
            self._numbers[text] = len(self.all)
            self.all.append(text)
        return self._numbers[text]


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1  # negative ones are their 64 bits
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(number)


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(content)) + content


def _packed(field: int, numbers: Iterable[int]) -> bytes:
    return _message(field, b"".join(map(_varint, numbers)))
