"""Watching a program run in Delve, by its RPC.

Delve calls nobody back when the program stops, so the command that asks for it resumes the program itself, looks at
each stop, and goes on until its watcher or anything else stops the program. All that it has set is cleared then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from gomap.delve.rpc import INNERMOST, CallError, Rpc, number_at
from gomap.delve.target import reads_core
from gomap.expressions.scope import Scope
from gomap.live.traps import A_CORE, MOST_WATCHED, NoWatchpointError, Trap, Watcher
from gomap.program.program import Program, ProgramError
from gomap.program.structs import variable

__all__ = ["DelveLive"]

#: api.WatchWrite.
_WRITES = 2


class DelveLive:
    """What Delve offers to those who watch a program run.

    Args:
        rpc: the connection.
        program: what the server debugs.
    """

    def __init__(self, rpc: Rpc, program: Program) -> None:
        self._rpc, self._program = rpc, program
        #: By the number that Delve has given them.
        self._set: dict[int, Trap] = {}
        #: The numbers of those that were there before; the addresses at which some were asked for since.
        self._others: set[int] = set()
        self._asked: set[int] = set()

    def demand(self) -> None:
        if reads_core(self._rpc):
            raise ProgramError(A_CORE)

    def keep(
        self, watcher: Watcher[Any], make: Callable[[Scope], Watcher[Any]], told: Callable[[Any], Iterable[str]]
    ) -> Iterator[str]:
        self._others = {each["id"] for each in self._breakpoints()}
        try:
            while True:
                self._follow(watcher.traps())
                if not self._set:
                    return
                state = self._rpc.call("Command", name="continue")["State"]
                self._program.moved()
                if state["exited"]:
                    self._asked.clear()
                    yield f"{watcher.name}: the process has ended, with status {state['exitStatus']}"
                    return
                stays = False
                struck, other = self._struck(state)
                for trap, lwp in struck:
                    seen = watcher.struck(trap, lwp, still=True)
                    if seen is not None:
                        yield from told(seen)
                        stays = stays or seen.stops
                if other:
                    yield f"{watcher.name}: ended by {other}; give it again to go on with it"
                if stays or other:
                    return
        finally:
            self._take_back()

    def drop(self, command: str) -> Sequence[str]:
        return ()

    def _struck(self, state: dict[str, Any]) -> tuple[list[tuple[Trap, int]], str]:
        """The traps that were struck, each with its thread; and what else has stopped the program, if anything."""
        struck, other = [], ""
        for thread in state["Threads"] or ():
            breakpoint = thread.get("breakPoint")
            if not breakpoint:
                continue
            trap = self._set.get(breakpoint["id"])
            if trap is not None:
                struck.append((trap, int(thread["id"])))
            else:
                own = breakpoint.get("name") or "a breakpoint of Delve's own"
                other = f"breakpoint {breakpoint['id']}" if breakpoint["id"] > 0 else own
        return struck, other or ("" if struck else "a stop that is none of its own")

    def _follow(self, traps: Sequence[Trap]) -> None:
        """Have those traps set and no others. Raises ProgramError."""
        for number in [number for number, trap in self._set.items() if trap not in traps]:
            self._rpc.call("ClearBreakpoint", Id=number)
            del self._set[number]
        for trap in [trap for trap in traps if trap not in self._set.values()]:
            for piece in trap.pieces:
                place = number_at(*piece)
                self._set[self._made(piece, "CreateWatchpoint", Scope=INNERMOST, Expr=place, Type=_WRITES)] = trap
            if not trap.size:
                self._set[self._made(trap, "CreateBreakpoint", Breakpoint={"addr": trap.address})] = trap

    def _made(self, trap: Trap, method: str, **argument: Any) -> int:
        """The number of a breakpoint that Delve makes. Raises ProgramError, of a watchpoint NoWatchpointError."""
        self._asked.add(trap.address)
        try:
            try:
                made = self._rpc.call(method, **argument)
            except CallError as error:
                if not trap.size or "invalid argument" not in str(error):
                    raise
                self._forget_length()
                made = self._rpc.call(method, **argument)
        except CallError as error:
            advice = f"; there are {MOST_WATCHED}, 'clear' frees one of yours" if trap.size else ""
            what = NoWatchpointError if trap.size else ProgramError
            raise what(f"nothing can be set at {trap.address:#x}: {error}{advice}") from None
        number: int = (made if trap.size else made["Breakpoint"])["id"]
        return number

    def _forget_length(self) -> None:
        """Have the next watchpoint set where the system takes it.

        Delve leaves the length of a watchpoint that it clears in the processor's register, and the system refuses the
        address of the next one there if it is not aligned to that length. A byte that is aligned to any is taken.
        """
        address, _ = variable(self._program, "runtime.firstmoduledata")
        made = self._rpc.call("CreateWatchpoint", Scope=INNERMOST, Expr=number_at(address, 1), Type=_WRITES)
        self._rpc.call("ClearBreakpoint", Id=made["id"])

    def _take_back(self) -> None:
        """Clear all, whatever the program does by now: an interrupt may have come while it ran.

        Of one that was just being made the number may not have come back.
        """
        if not self._asked:
            return
        if self._rpc.call("State", NonBlocking=True)["State"]["Running"]:
            self._rpc.call("Command", name="halt")
        for each in self._breakpoints():
            if each["addr"] in self._asked and each["id"] not in self._others:
                with suppress(CallError):  # somebody else has cleared it
                    self._rpc.call("ClearBreakpoint", Id=each["id"])

    def _breakpoints(self) -> list[dict[str, Any]]:
        return self._rpc.call("ListBreakpoints", All=True)["Breakpoints"] or []
