"""Where a program lies in a process's memory, and whether that memory is this program's at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from gomap.elf.coredump import MappedFile
from gomap.elf.elffile import EXECUTABLE, HEADERS, LOAD, NOTE, POSITION_INDEPENDENT, WRITABLE, ElfFile
from gomap.goruntime.builds import same_build
from gomap.program.memory import RawRead, ReadError
from gomap.program.target import Target

__all__ = ["fits", "load_bias", "of_another_build"]

#: AT_PHDR, AT_ENTRY: where the program headers and the first instruction are.
_AT_PHDR, _AT_ENTRY = 3, 9
_PAGE = 4096


def load_bias(program: ElfFile, read: RawRead, auxiliary: Mapping[int, int], mapped_files: Sequence[MappedFile]) -> int:
    """How much further up in memory the program lies than its file says; 0 where it does not say."""
    if program.type != POSITION_INDEPENDENT:
        return 0
    candidates = list(dict.fromkeys(_candidates(program, auxiliary, mapped_files)))
    # What the kernel told is right, unless the program was started by naming the dynamic linker.
    fitting = (bias for bias in candidates if fits(program, read, bias))
    return next(fitting, candidates[0] if candidates else 0)


def _candidates(program: ElfFile, auxiliary: Mapping[int, int], mapped_files: Sequence[MappedFile]) -> Iterator[int]:
    found = []
    if _AT_ENTRY in auxiliary:
        found.append(auxiliary[_AT_ENTRY] - program.entry)
    headers = next((each.address for each in program.segments if each.type == HEADERS), None)
    if _AT_PHDR in auxiliary and headers is not None:
        found.append(auxiliary[_AT_PHDR] - headers)
    first = next((each for each in program.segments if each.type == LOAD), None)
    if first is not None:
        found += [file.start - first.address for file in mapped_files if file.offset == first.offset]
    return (bias for bias in found if bias >= 0 and bias % _PAGE == 0)


def fits(program: ElfFile, read: RawRead, bias: int) -> bool | None:
    """Whether what memory has of the program is what its file has; None if memory has nothing to go by.

    Compared are the notes, among which is the identity of the build, and the beginnings of what can't be written to.
    Code is left out: a debugger that wrote the core may have had breakpoints in it.
    """
    answer = None
    for segment in program.segments:
        constant = segment.type == LOAD and not segment.flags & (WRITABLE | EXECUTABLE)
        if not constant and segment.type != NOTE:
            continue
        size = min(segment.file_size, _PAGE)
        try:
            found = read(segment.address + bias, size)
        except ReadError:
            continue
        if found != program.bytes_at(segment.offset, size):
            return False
        answer = True
    return answer


def of_another_build(target: Target, fit: bool | None, address_of: Callable[[str], int | None]) -> bool:
    """Whether TARGET's memory is another build's.

    Args:
        fit: what ``fits`` says of it. The same program built without symbols (``-ldflags=-s``) is another file, and
            yet has everything in the same places: it will do.
        address_of: where the program has a symbol.
    """
    return not fit and same_build(target, address_of) is False
