"""Finds the runtime's variables in a program without symbols, each by what must be true of it, or not at all.

- runtime.allgs is a slice whose pointers all lead to a g that knows its own address (g.sched.g) and has a number.
- runtime.allm points to an m whose g0 points back to it. By alllink it leads to all other ms; a pointer to one of these
  leads to fewer.
- runtime.mheap_ has the sizes of mspan and mcache in two of its allocators, and the spans that it lists are found again
  in its arenas, by their pages.
- What is written before the program begins to run (the version, tables of names and of sizes) is known by its content.
- The state of the hash functions is known by the instructions that use it (see hash_variables).

Where two places meet the conditions and do not say the same, neither is taken: the variable is not found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from gomap.elf.buildinfo import BuildInfo
from gomap.goruntime.functions import Functions
from gomap.goruntime.goroutines import GSCAN
from gomap.goruntime.moduledata import modules
from gomap.goruntime.spans import Spans, SpanState
from gomap.program.gotypes import GoType, LayoutError
from gomap.program.memory import ReadError
from gomap.program.structs import Struct
from gomap.program.target import Target, pointer_at
from gomap.stripped.hash_variables import aeskeysched_in, hashkey_in, use_aeshash_in
from gomap.stripped.layouts import Layouts
from gomap.stripped.sections import Sections

__all__ = ["Variables"]

#: How many gs of allgs, and how many spans of mheap_, are looked at.
_LOOKED_AT = 64
#: A slice of more gs, and a chain of more ms, is not the runtime's.
_MOST_GOROUTINES, _MOST_THREADS = 1 << 24, 1 << 14
#: No status of a g is higher (runtime/runtime2.go).
_LAST_STATUS = 16


class Variables:
    """The runtime's variables by name, each searched for when it is first asked for.

    Args:
        target: the program; it is asked for types, and for variables that were found already.
        layouts: how its runtime is laid out.
        info: what it was built by.
        moduledata: the address of runtime.firstmoduledata.
    """

    def __init__(self, target: Target, layouts: Layouts, info: BuildInfo, moduledata: int) -> None:
        self._target, self._layouts, self._info = target, layouts, info
        self._memory, self._word, self._order = target.memory, target.pointer_size, target.byte_order
        self._found: dict[str, int | None] = {"runtime.firstmoduledata": moduledata}

    def __contains__(self, name: str) -> bool:
        return name in self._layouts.runtime.variables

    def address_of(self, name: str) -> int | None:
        """The address of a variable; None if the runtime has none of that name, or it was not found."""
        if name not in self:
            return None
        if name not in self._found:
            self._found[name] = None  # while it is looked for
            found = self._search(name)
            del self._found[name]
            if found is None:  # a process may have it later
                return None
            self._found[name] = found
        return self._found[name]

    def _search(self, name: str) -> int | None:
        try:
            if name in self._layouts.runtime.contents:
                return self._with_content(name)
            short = name.rpartition(".")[2]
            search: dict[str, Callable[[], int | None]] = {
                "allgs": self._allgs,
                "allm": self._allm,
                "mheap_": self._mheap,
                "buildVersion": lambda: self._string(self._info.version.encode()),
                "modinfo": lambda: self._string(self._info.modules),
                "hashkey": lambda: self._used_by_code(hashkey_in),
                "aeskeysched": lambda: self._used_by_code(aeskeysched_in),
                "useAeshash": lambda: self._used_by_code(use_aeshash_in),
                "UseAeshash": lambda: self._used_by_code(use_aeshash_in),
            }
            return search[short]() if short in search else None
        except (ReadError, LayoutError):
            return None

    @cached_property
    def _functions(self) -> Functions:
        return Functions(self._target)

    @property
    def _data(self) -> Sections:
        """What the program may write to."""
        bounds = ("noptrdata", "enoptrdata", "data", "edata", "bss", "ebss", "noptrbss", "enoptrbss")
        module = next(modules(self._target, *bounds))
        return Sections(self._memory, self._word, list(zip(module[::2], module[1::2], strict=True)))

    @cached_property
    def _constants(self) -> Sections:
        """What it may not write to, from its types and strings to its data."""
        types, rodata, data = next(modules(self._target, "types", "rodata", "noptrdata"))
        return Sections(self._memory, self._word, [(min(types, rodata), data)])

    def _used_by_code(self, search: Callable[[Functions, Target], int | None]) -> int | None:
        """What SEARCH finds in the program's code; None unless useAeshash is found too.

        Without that, hashkey alone would be taken for the state of a process that does without AES.
        """
        sections = self._data.sections
        for each in (use_aeshash_in, search):
            address = each(self._functions, self._target)
            if address is None or not any(start <= address < start + len(within) for start, within in sections):
                return None
        return address

    def _with_content(self, name: str) -> int | None:
        content = self._layouts.runtime.contents[name]
        if not isinstance(content, str):
            return self._strings([text.encode() for text in content])
        for place in (self._data, self._constants):
            for address in place.find(bytes.fromhex(content), 2):
                return address
        return None

    def _string(self, content: bytes) -> int | None:
        return self._strings([content])

    def _strings(self, contents: Sequence[bytes]) -> int | None:
        """The address of a string, or of an array of strings, with those CONTENTS; None if there is none."""
        lengths = [len(each) for each in contents]
        for place in (self._data, self._constants):
            for start, words in place.words():
                for at in range(len(words) - 2 * len(lengths) + 1):
                    if words[at + 1] == lengths[0] and list(words[at + 1 : at + 2 * len(lengths) : 2]) == lengths:
                        texts = zip(words[at : at + 2 * len(lengths) : 2], contents, strict=True)
                        if all(self._has(text, content) for text, content in texts):
                            return start + at * self._word
        return None

    def _has(self, address: int, content: bytes) -> bool:
        try:
            return not content or self._memory.read(address, len(content)) == content
        except ReadError:
            return False

    def _allgs(self) -> int | None:
        slice = self._type("runtime.allgs")
        g = Struct(slice.elem.elem, self._target)
        own = g.some("sched.g", "goid", "atomicstatus", "stack.lo", "stack.hi")
        found: dict[tuple[int, ...], int] = {}
        for start, words in self._data.words():
            for at in range(len(words) - 2):
                array, length, capacity = words[at : at + 3]
                if array and 0 < length <= capacity <= _MOST_GOROUTINES and not array % self._word:
                    looked_at = min(length, _LOOKED_AT)
                    if self._are_gs(array, looked_at, own.read):
                        found.setdefault((array, length), start + at * self._word)
        # A copy of the slice from before it grew, or a part of it, may be in another variable.
        whole = {key: address for key, address in found.items() if key[1] == max(length for _, length in found)}
        return next(iter(whole.values())) if len(whole) == 1 else None

    def _are_gs(self, array: int, length: int, read: Callable[..., tuple[int, ...]]) -> bool:
        try:
            pointers = self._memory.read(array, length * self._word)
            for at in range(0, len(pointers), self._word):
                address = int.from_bytes(pointers[at : at + self._word], self._order)
                itself, goid, status, low, high = read(self._memory, address)
                if itself != address or not goid or status & ~GSCAN > _LAST_STATUS or low > high:
                    return False
        except ReadError:
            return False
        return True

    def _allm(self) -> int | None:
        m = Struct(self._type("runtime.allm").elem, self._target)
        g = m.type.field("g0").type.elem
        to_g, to_next, back = (
            type.field(name).offset for type, name in ((m.type, "g0"), (m.type, "alllink"), (g, "m"))
        )

        def leads_to_m(address: int) -> bool:
            g0 = pointer_at(self._target, address + to_g)
            return bool(g0) and pointer_at(self._target, g0 + back) == address

        def chain(address: int) -> Iterator[int]:
            seen: set[int] = set()
            while address and address not in seen and len(seen) < _MOST_THREADS and leads_to_m(address):
                seen.add(address)
                yield address
                address = pointer_at(self._target, address + to_next)

        best, longest = None, 0
        known: dict[int, int] = {0: 0}
        for start, words in self._data.words():
            for at, value in enumerate(words):
                if value not in known:
                    try:
                        known[value] = 0 if value % self._word else sum(1 for _ in chain(value))
                    except ReadError:
                        known[value] = 0
                if known[value] > longest:
                    best, longest = start + at * self._word, known[value]
        return best

    def _mheap(self) -> int | None:
        mheap = self._type("runtime.mheap_")
        sizes = []
        for allocator, allocated in (("spanalloc", "runtime.mspan"), ("cachealloc", "runtime.mcache")):
            field, type = mheap.field(allocator), self._target.type_named(allocated)
            if type is None:
                return None
            sizes.append((field.offset + field.type.field("size").offset, type.size))
        found = []
        for at in self._data.find_word(sizes[0][1]):
            address = at - sizes[0][0]
            try:
                if all(pointer_at(self._target, address + offset) == size for offset, size in sizes):
                    found.append(address)
            except ReadError:
                continue
        return next(filter(self._lists_spans, found), None)

    def _lists_spans(self, address: int) -> bool:
        """Whether most of the first spans that a mheap at ADDRESS lists are found again in its arenas."""
        self._found["runtime.mheap_"] = address
        good = bad = 0
        try:
            for span in Spans(self._target).in_use():
                good += isinstance(span, SpanState)
                bad += not isinstance(span, SpanState)
                if good + bad == _LOOKED_AT:
                    break
        except (ReadError, LayoutError):
            return False
        finally:
            self._found["runtime.mheap_"] = None
        return good > bad

    def _type(self, name: str) -> GoType:
        type = self._layouts.of_variable(name)
        if type is None:
            raise LayoutError(f"nothing is noted of {name}")
        return type
