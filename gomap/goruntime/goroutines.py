"""The goroutines and threads that the runtime knows: g structs by runtime.allgs, m structs by runtime.allm.

A g never leaves allgs, and serves another goroutine when its own has ended (runtime/proc.go: allgadd, gfput); the ms
are linked by alllink. In damaged memory allgs may have any length and lead anywhere, so each entry is judged before it
counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gomap.program.memory import ReadError
from gomap.program.program import Program, until_it_moves
from gomap.program.structs import Struct, variable
from gomap.program.target import Target, pointer_at

__all__ = ["GSCAN", "LARGEST_STACK", "Details", "Goroutine", "Goroutines", "goroutines_of", "threads"]

#: runtime.main sets maxstackceiling to twice 10^9 bytes at most; stackalloc hands out powers of two.
LARGEST_STACK = 1 << 30
#: fixedStack in runtime/stack.go: no stack is smaller, and each begins at a multiple of it.
_SMALLEST_STACK = 2048
#: Statuses (runtime/runtime2.go): it ended, and waits for the next go statement; its stack is copied, since it has to
#: grow.
_GDEAD, _GCOPYSTACK = 6, 8
#: What the collector adds to a status while it scans the stack.
GSCAN = 0x1000
#: More than this are not looked at.
_MOST_GOROUTINES = 1 << 20
_MOST_THREADS = 1 << 14
#: Entries in a row that can be no g, after which the rest of allgs is not tried.
_MOST_BAD = 64


class Goroutine(NamedTuple):
    """What a g says.

    Attributes:
        lo, hi: its stack; both 0: it ended, and gave its stack back.
        id: of the goroutine.
        status: atomicstatus.
        sp, pc, lr: where it stands while it is on no thread (g.sched), else 0 or out of date.
        address: of its g.
    """

    lo: int
    hi: int
    id: int
    status: int
    sp: int
    pc: int
    lr: int
    address: int = 0

    @property
    def own_status(self) -> int:
        """Its status, whatever the collector is doing with its stack."""
        return self.status & ~GSCAN

    @property
    def ended(self) -> bool:
        """Whether it has ended; its g may still have a stack."""
        return self.own_status == _GDEAD

    @property
    def moving(self) -> bool:
        """Whether its stack is being copied to another place, so that lo and hi may be of two stacks."""
        return self.own_status == _GCOPYSTACK or bool(self.status & GSCAN)

    @property
    def bounded(self) -> bool:
        """Whether lo and hi bound a stack that stackalloc makes."""
        size = self.hi - self.lo
        return _SMALLEST_STACK <= size <= LARGEST_STACK and not size & size - 1 and not self.lo % _SMALLEST_STACK


class Details(NamedTuple):
    """What more a g says, for those who show it.

    Attributes:
        waitreason: why it waits, as a number: an index into runtime.waitReasonStrings.
        syscallsp, syscallpc: from where it called the system, if it did.
        gopc: the instruction behind the go statement that started it.
        parent: the goroutine that ran that statement; 0 where g does not say (up to Go 1.20).
    """

    waitreason: int
    syscallsp: int
    syscallpc: int
    gopc: int
    parent: int


_FIELDS = ("stack.lo", "stack.hi", "goid", "atomicstatus", "sched.sp", "sched.pc", "sched.lr")


class Goroutines:
    """How g structs are read. Raises LayoutError if the runtime's types are not as expected."""

    def __init__(self, target: Target) -> None:
        self._memory, self._order, self._word = target.memory, target.byte_order, target.pointer_size
        self._allgs, allgs = variable(target, "runtime.allgs")
        self._slice = Struct(allgs, target).some("array", "len")
        self._struct = Struct(allgs.elem.elem, target)
        self._g = self._struct.some(*_FIELDS)

    def at(self, address: int) -> Goroutine:
        """The g at ADDRESS, whatever it says. Raises ReadError."""
        return Goroutine(*(*self._g.read(self._memory, address), address))

    def details(self, one: Goroutine) -> Details:
        """What more it says. Raises ReadError, LayoutError."""
        parent = [name for name in ("parentGoid",) if self._struct.type.find(name)]
        numbers = self._struct.some("waitreason", "syscallsp", "syscallpc", "gopc", *parent)
        return Details(*(*numbers.read(self._memory, one.address), 0)[:5])

    def all(self) -> Iterator[Goroutine]:
        """Each g of allgs that can be one. Entries that lead to none are left out; after many in a row it ends."""
        try:
            pointers, _ = self._listed()
        except ReadError:
            return
        yield from (one for _, one in self._tried(pointers) if one is not None)

    def unread(self) -> int | ReadError:
        """How many entries of allgs are, or lead, where memory cannot be read: as of a core that was cut short.

        After many in a row that can be no g the rest is not tried, and counts as well. ReadError: there is nothing to
        be read of allgs.
        """
        try:
            pointers, missing = self._listed()
        except ReadError as error:
            return error
        tried = list(self._tried(pointers))
        missing += sum(one is None and bool(address) and not self._can_be_read(address) for address, one in tried)
        return missing + len(pointers) - len(tried)

    def _listed(self) -> tuple[list[int], int]:
        """The entries of allgs, and how many more there are where it cannot be read. Raises ReadError."""
        array, length = self._slice.read(self._memory, self._allgs)
        size = min(length, _MOST_GOROUTINES) * self._word
        content = self._memory.read(array, self._memory.readable(array, size) // self._word * self._word)
        pointers = [
            int.from_bytes(content[at : at + self._word], self._order) for at in range(0, len(content), self._word)
        ]
        return pointers, size // self._word - len(pointers)

    def _tried(self, pointers: Sequence[int]) -> Iterator[tuple[int, Goroutine | None]]:
        """Each of the POINTERS, 0 for one that came before, with its g; None: it can be no g. After many it ends."""
        seen = {0}
        bad = 0
        for pointer in pointers:
            address = 0 if pointer in seen else pointer
            seen.add(pointer)
            one = self._plausible(address) if address else None
            yield address, one
            bad = bad + 1 if one is None else 0
            if bad == _MOST_BAD:
                return

    def _can_be_read(self, address: int) -> bool:
        try:
            self.at(address)
        except ReadError:
            return False
        return True

    def _plausible(self, address: int) -> Goroutine | None:
        """The g at ADDRESS; None if it cannot be read, or has no number or a stack that stackalloc does not make."""
        try:
            one = self.at(address)
        except ReadError:
            return None
        moving = one.moving and one.lo and one.hi and not (one.lo | one.hi) % _SMALLEST_STACK
        return one if one.id and (one.bounded or moving or one.lo == one.hi == 0) else None


@until_it_moves
def goroutines_of(program: Program) -> Goroutines:
    """The program's goroutines. Raises LayoutError."""
    return Goroutines(program)


def threads(target: Target, fields: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """FIELDS of each m, the newest first; a chain that cannot be read ends where it breaks. Raises LayoutError."""
    address, allm = variable(target, "runtime.allm")
    m = Struct(allm.elem, target).some("alllink", *fields)
    seen = {0}
    try:
        one = pointer_at(target, address)
        while one not in seen and len(seen) <= _MOST_THREADS:
            seen.add(one)
            one, *read = m.read(target.memory, one)
            yield tuple(read)
    except ReadError:
        return
