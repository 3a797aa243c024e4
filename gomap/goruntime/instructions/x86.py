"""The instructions of amd64 and 386.

Both have a CALL with a distance (E8), and instructions with an address in 32 bits: on amd64 its distance from the next
instruction, on 386 the address itself. An instruction may begin at any byte, so bytes within another one can look like
any of these; they would have to hit by chance what the reader looks for.
"""

from __future__ import annotations

import abc
import re
from collections.abc import Iterator
from functools import cache

__all__ = ["I386", "Amd64"]

_CALL = 0xE8
_ADDRESSES = (1 << 64) - 1
#: ModRM of such an address and any register, and the 32 bits.
_ANYWHERE = rb"[\x05\x0d\x15\x1d\x25\x2d\x35\x3d](?P<far>.{4})"


def _pattern(instruction: bytes) -> re.Pattern[bytes]:
    return re.compile(instruction, re.DOTALL)


#: PXOR m128, xmm0 to xmm7; CMPB $0, m8; MOVZX m8.
_PXOR = _pattern(rb"\x66\x0f\xef" + _ANYWHERE)
_CMPB = _pattern(rb"\x80\x3d(?P<far>.{4})\x00")
_MOVZX = _pattern(rb"\x0f\xb6" + _ANYWHERE)


class _X86(abc.ABC):
    """What both share."""

    #: LEA, or MOV from memory; XOR, or MOV, of a word in memory.
    _names: re.Pattern[bytes]
    _word: re.Pattern[bytes]
    _word_size: int

    def calls(self, entry: int, code: bytes) -> Iterator[tuple[int, int, int]]:
        at = code.find(_CALL)
        while 0 <= at <= len(code) - 5:
            yield at, at + 5, entry + at + 5 + _signed(code[at + 1 : at + 5])
            at = code.find(_CALL, at + 1)

    def names(self, entry: int, code: bytes) -> set[int]:
        return {self._address(entry, found) for found in self._names.finditer(code)}

    def operands(self, entry: int, code: bytes, size: int) -> set[int]:
        instructions = {1: (_CMPB, _MOVZX), self._word_size: (self._word,), 16: (_PXOR,)}[size]
        return {self._address(entry, found) for each in instructions for found in each.finditer(code)}

    def _place(self, entry: int, found: re.Match[bytes]) -> tuple[int, int]:
        """What a LEA names: an address, or a place on the stack, as first_argument tells them."""
        if found["far"]:
            return self._address(entry, found), -1
        return 0, _signed(found["near"] or found["distant"])

    @abc.abstractmethod
    def _address(self, entry: int, found: re.Match[bytes]) -> int:
        """The address in an instruction."""


class Amd64(_X86):
    """amd64: addresses are distances, the first two arguments are in rax and rbx."""

    _names = _pattern(rb"[\x48\x4c][\x8b\x8d]" + _ANYWHERE)
    _word = _pattern(rb"[\x48\x4c][\x33\x8b]" + _ANYWHERE)
    _word_size = 8
    #: LEA to rax, of an address or of a place on the stack, by its distance in one byte or four; or MOV of a register.
    _to_rax = _pattern(
        rb"\x48\x8d(?:\x05(?P<far>.{4})|\x44\x24(?P<near>.)|\x84\x24(?P<distant>.{4}))"
        rb"|(?P<rex>[\x48\x4c])\x89(?P<moved>[\xc8\xd0\xd8\xe8\xf0\xf8])"
    )
    #: MOV of a constant to ebx.
    _to_ebx = 0xBB

    def first_argument(self, entry: int, code: bytes, since: int, call: int) -> tuple[int, int]:
        *_, last = (None, *self._to_rax.finditer(code, since, call))
        found = self._lea(code, since, last) if last is not None else None
        if found is None:
            return 0, -1
        return self._place(entry, found)

    def _lea(self, code: bytes, since: int, last: re.Match[bytes]) -> re.Match[bytes] | None:
        """LAST itself, or the LEA of what it takes from a register, if that is what was put there last."""
        if not last["moved"]:
            return last
        *_, found = (None, *_put_in(last["rex"], last["moved"][0] >> 3 & 7).finditer(code, since, last.start()))
        return None if found is None or found["loaded"] else found

    def second_argument(self, code: bytes, since: int, call: int) -> int:
        at = code.rfind(self._to_ebx, since, call)
        return int.from_bytes(code[at + 1 : at + 5], "little") if 0 <= at <= call - 5 else -1

    def _address(self, entry: int, found: re.Match[bytes]) -> int:
        return entry + found.end() + _signed(found["far"]) & _ADDRESSES


@cache
def _put_in(rex: bytes, register: int) -> re.Pattern[bytes]:
    """LEA to a register of amd64's, as _to_rax has it, or MOV from memory: by its number, and the bit of it in REX."""
    far, near, distant = (re.escape(bytes([mode | register << 3])) for mode in (0x05, 0x44, 0x84))
    loaded = b"".join(re.escape(bytes([mode | register << 3 | base])) for mode in (0, 0x40, 0x80) for base in range(8))
    lea = rb"%b\x8d(?:%b(?P<far>.{4})|%b\x24(?P<near>.)|%b\x24(?P<distant>.{4}))" % (rex, far, near, distant)
    return _pattern(lea + rb"|[%b%b]\x8b(?P<loaded>[%b])" % (rex, bytes([rex[0] | 1]), loaded))


class I386(_X86):
    """386: addresses are themselves, arguments are on the stack, from the stack pointer on."""

    #: (With GS before it an address is one of the thread's own.)
    _names = _pattern(rb"(?<!\x65)[\x8b\x8d]" + _ANYWHERE)
    _word = _pattern(rb"(?<!\x65)[\x33\x8b]" + _ANYWHERE)
    _word_size = 4
    #: LEA to a register, and MOV of that, or of a constant, to where the first argument is.
    _lea = _pattern(
        rb"\x8d(?:(?P<to>[\x05\x0d\x15\x1d\x2d\x35\x3d])(?P<far>.{4})"
        rb"|(?P<to_near>[\x44\x4c\x54\x5c\x6c\x74\x7c])\x24(?P<near>.)"
        rb"|(?P<to_distant>[\x84\x8c\x94\x9c\xac\xb4\xbc])\x24(?P<distant>.{4}))"
        rb"\x89(?P<stored>[\x04\x0c\x14\x1c\x2c\x34\x3c])\x24"
    )
    _stored_first = _pattern(rb"\x89[\x04\x0c\x14\x1c\x2c\x34\x3c]\x24|\xc7\x04\x24.{4}|\xc6\x04\x24.")
    #: MOV of a constant, or of a register, to where the second one is.
    _stored_second = _pattern(rb"\xc7\x44\x24\x04(?P<constant>.{4})|\x89[\x44\x4c\x54\x5c\x6c\x74\x7c]\x24\x04")

    def first_argument(self, entry: int, code: bytes, since: int, call: int) -> tuple[int, int]:
        *_, stored = (None, *self._stored_first.finditer(code, since, call))
        *_, found = (None, *self._lea.finditer(code, since, call))
        if stored is None or found is None or found.end() != stored.end():
            return 0, -1
        register = found["to"] or found["to_near"] or found["to_distant"]
        if register[0] >> 3 & 7 != found["stored"][0] >> 3 & 7:
            return 0, -1
        return self._place(entry, found)

    def second_argument(self, code: bytes, since: int, call: int) -> int:
        *_, stored = (None, *self._stored_second.finditer(code, since, call))
        constant = None if stored is None else stored["constant"]
        return -1 if constant is None else int.from_bytes(constant, "little")

    def _address(self, entry: int, found: re.Match[bytes]) -> int:
        return int.from_bytes(found["far"], "little")


def _signed(number: bytes) -> int:
    return int.from_bytes(number, "little", signed=True)
