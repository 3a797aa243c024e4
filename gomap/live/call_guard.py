"""A guard where there is no hardware watchpoint: by breakpoints on the functions that change maps.

They are given the map (cmd/compile/internal/walk passes type, map, key): mapassign, mapdelete, mapclear and their
variants of package runtime, to which the calls of package reflect lead too; of Swiss maps the deletions and clears are
methods of maps.Map, which may be inlined in those. What an operation leaves is seen where it returns to, on the same
goroutine, which may have another stack by then. One that panics never returns.

Every map of the program stops for a moment at these. What other code writes to the header is seen as the next
operation begins.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gomap.check.checking import FREED
from gomap.expressions.go_values import ExpressionError
from gomap.goruntime.functions import functions_of
from gomap.goruntime.positions import positions_of
from gomap.live.arguments import argument, demand_arguments, return_address
from gomap.live.culprit import Culprit, culprit
from gomap.live.guard import Guarded, Guarding, Moment
from gomap.live.traps import Suspicion, Trap
from gomap.maps.model import GoMap
from gomap.maps.opening import open_map
from gomap.program.memory import ReadError
from gomap.program.program import Program

__all__ = ["CallGuard"]

#: Which of the arguments is the map, by the linker's name of the function.
_MAP_ARGUMENTS = (
    (re.compile(r"runtime\.map(?:assign|delete|clear)(?:_\w+)?"), 1),
    (re.compile(r"internal/runtime/maps\.\(\*Map\)\.(?:Delete|Clear)"), 0),
)
#: Goroutines that are inside an operation at once; of more the oldest has panicked there.
_MOST_BEGUN = 1000


class _Begun(NamedTuple):
    """An operation on the map that is under way: whose, and where it will return to."""

    by: Culprit
    back: int


class CallGuard(Guarding):
    """Learns of operations by the calls of the functions that make them.

    Attributes:
        functions: how many there are.

    Raises ExpressionError as Guarding does, and where it is not known how arguments are passed.
    """

    def __init__(self, program: Program, name: str, map: GoMap, quick: bool = False) -> None:
        super().__init__(program, name, map, quick)
        demand_arguments(program)
        #: At the entry of each function, the number of the argument that is the map.
        self._entries = {
            each.entry: number
            for each in functions_of(program).all()
            for pattern, number in _MAP_ARGUMENTS
            if pattern.fullmatch(each.name)
        }
        if not self._entries:
            raise ExpressionError(
                f"{name}: the program has no function that changes maps, runtime.mapassign or another"
            )
        self.functions = len(self._entries)
        #: By the address of its goroutine's g.
        self._begun: dict[int, _Begun] = {}

    def traps(self) -> list[Trap]:
        if self._over:
            return []
        return [Trap(address) for address in {*self._entries, *(each.back for each in self._begun.values())}]

    def struck(self, trap: Trap, lwp: int, still: bool) -> Guarded | Suspicion | None:
        number = self._entries.get(trap.address)
        if number is None:
            return self._returned(trap, lwp, still)
        if argument(self._program, number, lwp) != self._address:
            self._forget(lwp)
            return None
        return self._begins(trap, lwp, still)

    def _begins(self, trap: Trap, lwp: int, still: bool) -> Guarded | Suspicion | None:
        by = culprit(self._program, lwp, trap)
        goroutine, back = positions_of(self._program).goroutine_on(lwp), return_address(self._program, lwp)
        if goroutine is not None and back is not None:
            while len(self._begun) >= _MOST_BEGUN:
                del self._begun[next(iter(self._begun))]
            self._begun[goroutine] = _Begun(by, back)
        return self._looked_at(Moment.BEFORE, by, still)

    def _returned(self, trap: Trap, lwp: int, still: bool) -> Guarded | Suspicion | None:
        goroutine = positions_of(self._program).goroutine_on(lwp) if self._begun else None
        begun = self._begun.get(goroutine) if goroutine is not None else None
        if goroutine is None or begun is None or begun.back != trap.address:
            return None
        seen = self._looked_at(Moment.AFTER, begun.by, still)
        if not isinstance(seen, Suspicion):
            del self._begun[goroutine]
            self._operations += seen is None
        return seen

    def _forget(self, lwp: int) -> None:
        """The thread's goroutine is at another map: what it had begun here has panicked, and will not return."""
        goroutine = positions_of(self._program).goroutine_on(lwp) if self._begun else None
        if goroutine is not None:
            self._begun.pop(goroutine, None)

    def _looked_at(self, moment: Moment, by: Culprit, still: bool) -> Guarded | Suspicion | None:
        map: GoMap | None = None
        try:
            map = open_map(self._program, self._type, self._address)
            new = self._new(map)
        except ReadError:
            return self._end(Moment.GONE, by, map) if still else Suspicion()
        if not new:
            self._joined = False
            return None
        if not still:
            return Suspicion()
        if any(finding.rule is FREED for finding in new):
            return self._end(Moment.GONE, by, map)
        return self._told(moment, by, map, new)
