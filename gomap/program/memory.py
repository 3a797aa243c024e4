"""Memory of the program under inspection: read by address, cached while it stands still.

The memory is hostile, and a debugger's reads are dear: one small read costs some 4 us live and from a core, and a
round trip over the wire under gdbserver. Small reads therefore go through pages of 4 KiB, which turns 100,000
scattered strings into as many dictionary look-ups; large ones go straight through in pieces, so that Ctrl-C is
answered between two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

__all__ = ["Memory", "RawRead", "ReadError"]

#: Reads LENGTH bytes at ADDRESS in one go, or raises ReadError. What a debugger has to offer.
RawRead = Callable[[int, int], bytes]

_PAGE = 4096
#: A read longer than this is not worth caching: it is a scan.
_LARGE = 4 * _PAGE
#: How much goes over in one call to the debugger.
_PIECE = 4 << 20
#: 64 MiB of pages; past that the cache starts anew.
_MOST_PAGES = 16384


class ReadError(Exception):
    """Memory that could not be read.

    Attributes:
        address: where the part of the read begins that failed: the first byte asked for of a page, or of a piece of
            a long read.
        length: how many bytes that part has.
    """

    def __init__(self, address: int, length: int) -> None:
        super().__init__(address, length)
        self.address = address
        self.length = length

    def __str__(self) -> str:
        return f"cannot read {self.length} bytes at {self.address:#x}"


class Memory:
    """Bytes of the target by address.

    Args:
        raw: the debugger's own read.
        pointer_size: 4 or 8; no read reaches past the end of that address space.
        left_out: of an address that cannot be read whether the process could read there, and its core was not given
            what it read: the kernel leaves out files that are mapped.

    Attributes:
        left_out: the same.
    """

    def __init__(
        self, raw: RawRead, pointer_size: int, left_out: Callable[[int], bool] = lambda address: False
    ) -> None:
        self.left_out = left_out
        self._raw = raw
        self._end = 1 << (8 * pointer_size)
        self._pages: dict[int, bytes] = {}

    def clear(self) -> None:
        """Forget all that was read: the program ran, or somebody wrote to it."""
        self._pages.clear()

    @contextmanager
    def supposing(self, others: Mapping[int, bytes]) -> Iterator[None]:
        """For a while, and for every reader, the OTHERS stand at their addresses: what would be if they did.

        Nothing is written to the target. Reads that are made otherwise than through here do not take part. Whole pages
        may be where nothing is.
        """
        raw = self._raw
        pages = {page for at, some in others.items() for page in range(at - at % _PAGE, at + len(some), _PAGE)}

        def changed(address: int, length: int) -> bytes:
            for at, some in others.items():
                if at <= address and address + length <= at + len(some):
                    return some[address - at : address - at + length]
            data = bytearray(raw(address, length))
            for at, some in others.items():
                first, last = max(at, address), min(at + len(some), address + len(data))
                if first < last:
                    data[first - address : last - address] = some[first - at : last - at]
            return bytes(data)

        def forget() -> None:
            for page in pages:
                self._pages.pop(page, None)

        forget()
        self._raw = changed
        try:
            yield
        finally:
            self._raw = raw
            forget()

    def read(self, address: int, length: int) -> bytes:
        """LENGTH bytes at ADDRESS. Raises ReadError, which names the first page of them that failed."""
        start = address % _PAGE
        end = start + length
        if start < end <= _PAGE:  # the common case: one page
            page = self._pages.get(address - start)
            if page is not None:
                return page[start:end]
        if length <= 0:
            return b""
        if address < 0 or address + length > self._end:
            raise ReadError(address, length)
        if length > _LARGE:
            return self._read_pieces(address, length)
        first = address - start
        return b"".join(
            self._read_in_page(base, max(address, base), min(address + length, base + _PAGE))
            for base in range(first, address + length, _PAGE)
        )

    def read_each(
        self, addresses: Sequence[int], lengths: Sequence[int]
    ) -> tuple[Sequence[bytes], Mapping[int, ReadError]]:
        """The bytes at each address, made for a million small reads.

        Returns the bytes of each read, none where it failed; and the errors, by the numbers of the reads that failed.
        """
        contents: list[bytes] = []
        failures: dict[int, ReadError] = {}
        page_at = self._pages.get
        for address, length in zip(addresses, lengths, strict=True):
            start = address & _PAGE - 1
            end = start + length
            page = page_at(address - start)
            if page is not None and end <= _PAGE:
                contents.append(page[start:end])
                continue
            try:
                contents.append(self.read(address, length))
            except ReadError as error:
                failures[len(contents)] = error
                contents.append(b"")
        return contents, failures

    def readable(self, address: int, length: int) -> int:
        """How many of the LENGTH bytes from ADDRESS on can be read before the first that cannot."""
        good = 0
        step = min(length, _LARGE)  # a length may be wild: read nothing twice, and no more than a bit too much
        while step > 0 and good < length:
            piece = min(step, length - good)
            try:
                self.read(address + good, piece)
                good += piece
            except ReadError:
                # Protection is by page: below a page, and at a core's ragged end, halving finds the byte.
                step = piece // 2
        return good

    def _read_in_page(self, base: int, start: int, end: int) -> bytes:
        page = self._pages.get(base)
        if page is None:
            try:
                page = self._raw(base, _PAGE)
            except ReadError:
                # A core file may stop in the middle of a page; what was asked for may still be there.
                try:
                    return self._raw(start, end - start)
                except ReadError:
                    raise ReadError(start, end - start) from None
            if len(self._pages) >= _MOST_PAGES:
                self._pages.clear()
            self._pages[base] = page
        return page[start - base : end - base]

    def _read_pieces(self, address: int, length: int) -> bytes:
        end = address + length
        return b"".join(self._raw(at, min(_PIECE, end - at)) for at in range(address, end, _PIECE))
