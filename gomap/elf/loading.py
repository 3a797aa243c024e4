"""Where a program lies in a process's memory, and whether that memory is this program's at all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence

from gomap.elf.elffile import EXECUTABLE, HEADERS, LOAD, NOTE, POSITION_INDEPENDENT, WRITABLE, ElfFile, FileError
from gomap.goruntime.builds import Elsewhere, elsewhere
from gomap.program.mapped_files import MappedFile
from gomap.program.memory import RawRead, ReadError
from gomap.program.printable import printable
from gomap.program.target import Target

__all__ = ["fits", "load_bias", "other_build", "other_build_id", "other_build_of_file"]

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


def other_build(
    target: Target, program: ElfFile, bias: int, fit: bool | None, address_of: Callable[[str], int | None]
) -> str | None:
    """What shows that TARGET's memory is another build's than PROGRAM; None if it does not seem to be.

    Args:
        bias: how much further up in memory the program lies than its file says.
        fit: what ``fits`` says of it. The same program built without symbols (``-ldflags=-s``) is another file, and
            yet has everything in the same places: it will do.
        address_of: where the program has a symbol.
    """
    places = None if fit else elsewhere(target, address_of)
    if not places:
        return None
    return other_build_id(program, target.memory.read, bias) or _elsewhere_told(places[0])


def other_build_of_file(path: str, read: RawRead, bias: Callable[[], int], places: Sequence[Elsewhere]) -> str:
    """What shows that memory is another build's than the program at PATH, which need not be there any more.

    PLACES: what of it is elsewhere in memory.

    BIAS: gives that of the program; may raise FileError.
    """
    try:
        told = other_build_id(ElfFile(path), read, bias())
    except FileError:  # a debugger has it still, or from elsewhere
        told = None
    return told or _elsewhere_told(places[0])


def other_build_id(program: ElfFile, read: RawRead, bias: int) -> str | None:
    """By which build ID, if by any, memory is of another build than PROGRAM: the end of a sentence about memory."""
    there = _build_ids(program, read, bias)
    for kind, here in program.build_ids.items():
        found = there.get(kind, here)
        if found != here:
            theirs, ours = _spelled(kind, found), _spelled(kind, here)
            return f"is of another build: its {kind} build ID is {theirs}, the file's {ours}"
    return None


def _elsewhere_told(place: Elsewhere) -> str:
    """What shows it where no build ID tells: something of the program is at another PLACE."""
    found = (
        "where memory has nothing"
        if place.found is None
        else f"at {place.found:#x} by what memory has in the place of runtime.firstmoduledata"
    )
    return f"is of another build, or cut short: {place.symbol} is at {place.expected:#x} by the file, {found}"


def _spelled(kind: str, build_id: bytes) -> str:
    """As ``readelf -n`` and ``go tool buildid`` print it."""
    return build_id.hex() if kind == "GNU" else printable(build_id.decode("utf-8", "backslashreplace"))


def _build_ids(program: ElfFile, read: RawRead, bias: int) -> dict[str, bytes]:
    """The build IDs of what memory has in PROGRAM's place, by the ELF header there; none where there is no such header.

    The kernel writes that page to cores too, unless it is told not to (bit 4 of /proc/PID/coredump_filter).
    """
    first = next((each for each in program.segments if each.type == LOAD and each.offset == 0), None)
    if first is None:
        return {}
    with tempfile.TemporaryFile() as page:
        try:
            # Another build may have seemed to lie further up: by a variable, that has another address in it.
            page.write(read(first.address + (bias if program.type == POSITION_INDEPENDENT else 0), _PAGE))
            page.flush()
            return ElfFile(program.path, page).build_ids
        except (ReadError, FileError):  # no program is there at all, or its notes lie behind that page
            return {}
