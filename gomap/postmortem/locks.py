"""The locks beside a map: every sync.Mutex and sync.RWMutex in the structs that the map is a field of.

Where there are none, those among the variables of the package that the map's own variable is of: no more than that they
are declared there tells that they have to do with it.

A lock says whether it is taken, not by whom. Who waits for it is parked inside package sync, with its address on the
stack there. Who has it can only be guessed: a goroutine that gets to the struct, and that stands in a function between
a call of Lock and a call of Unlock, has probably taken it. (Sources: sync/mutex.go, sync/rwmutex.go; internal/sync
from Go 1.24 on.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from gomap.expressions.brackets import last_group
from gomap.expressions.evaluating import evaluate
from gomap.expressions.go_values import ExpressionError, GoValue, in_memory
from gomap.expressions.scope import Scope
from gomap.goruntime.code import Code, code_of, reads_code
from gomap.goruntime.frames import words_of
from gomap.goruntime.functions import functions_of
from gomap.goruntime.tracebacks import CallFrame, Traceback
from gomap.maps.syncmap import LOCKED
from gomap.program.gotypes import GoType, Kind, LayoutError
from gomap.program.memory import ReadError
from gomap.program.program import Program
from gomap.program.structs import Struct

__all__ = ["Holder", "Lock", "locks_of", "owners", "package_locks", "takes_lock"]

_MUTEX, _RWMUTEX = "sync.Mutex", "sync.RWMutex"
#: sync/mutex.go: mutexWaiterShift; sync/rwmutex.go: rwmutexMaxReaders.
_WAITER_SHIFT, _MOST_READERS = 3, 1 << 30
_WAITS = re.compile(r"(?:internal/)?sync\.runtime_Semacquire|runtime\.semacquire1$")
_INSIDE = re.compile(r"(?:internal/)?sync\.|runtime\.")
#: By the lock's type. Lock is put in place of its call; what is left to call is its slow path.
_LOCKS = {
    _MUTEX: re.compile(r"(?:internal/)?sync\.\(\*Mutex\)\.(?:Lock|lockSlow|TryLock)"),
    _RWMUTEX: re.compile(r"sync\.(?:\(\*RWMutex\)\.(?:Lock|RLock|TryLock|TryRLock)|runtime_SemacquireRWMutex)"),
}
_UNLOCKS = {
    _MUTEX: re.compile(r"(?:internal/)?sync\.\(\*Mutex\)\.(?:Unlock|unlockSlow)"),
    _RWMUTEX: re.compile(r"sync\.\(\*RWMutex\)\.(?:Unlock|RUnlock|rUnlockSlow)"),
}
#: Structs in one another, from the map's outwards.
_MOST_OWNERS = 4
#: Locks of a package that are looked at.
_MOST_OF_PACKAGE = 8


class Holder(NamedTuple):
    """A goroutine that seems to have a lock.

    Attributes:
        trace: its stack.
        call: the call that took it.
        locks, unlocks: where its function's code calls Lock, and behind the place where it stands Unlock.
        entry: where that code begins.
    """

    trace: Traceback
    call: CallFrame
    locks: int
    unlocks: int
    entry: int


class Lock(NamedTuple):
    """A lock.

    Attributes:
        path: ``main.srv.mu``.
        package: it is a variable of that package, as the map is, or what leads to it; empty: both are in one struct.
        type: ``sync.Mutex`` or ``sync.RWMutex``.
        address: of it.
        taken: for writing, or by the one that a Mutex is for.
        readers: how many have it for reading.
        wait: how many it counts that wait.
        waiters: those that do, by their stacks.
        holders: who may have it.
        without: of those at the map whoever has no function on the stack that gets to the struct and locks such a lock.
    """

    path: str
    package: str
    type: str
    address: int
    taken: bool
    readers: int
    wait: int
    waiters: list[Traceback]
    holders: list[Holder]
    without: list[Traceback]


def owners(scope: Scope, path: str) -> Iterator[tuple[str, GoValue]]:
    """The structs that the variable or field of that PATH is a field of, from the innermost outwards."""
    for _ in range(_MOST_OWNERS):
        while (
            group := last_group(path, "[") or last_group(path, "(")
        ) is not None:  # an index, or the type of what is there
            path = group[0].removesuffix(".")
        path = path.rpartition(".")[0]
        if not path:
            return
        try:
            value = evaluate(scope, path).behind()
        except (ExpressionError, LayoutError, ReadError):
            return
        if value.type.kind is Kind.STRUCT and value.address is not None:
            yield path, value


def locks_of(
    program: Program, traces: Sequence[Traceback], path: str, owner: GoValue, at_map: Sequence[Traceback]
) -> Iterator[Lock]:
    """The locks among the fields of the struct OWNER, which is called PATH. Raises LayoutError, ReadError.

    AT_MAP: who is at the map that is a field of it.
    """
    for field in owner.type.fields:
        value = owner.part(field, f"{path}.{field.name}")
        try:
            value = value.behind() if field.type.kind is Kind.POINTER and _is_lock(field.type.elem) else value
        except ExpressionError:  # nil
            continue
        if _is_lock(value.type) and value.address is not None:
            yield _lock(program, traces, value, owner, at_map)


def takes_lock(function: str) -> bool:
    """Whether the function of that name takes a mutex, for writing or for reading."""
    return any(pattern.match(function) for pattern in _LOCKS.values())


def package_locks(
    program: Program, traces: Sequence[Traceback], path: str, at_map: Sequence[Traceback]
) -> tuple[list[Lock], int]:
    """The locks among the variables of the package whose variable PATH begins with, and how many more there are.

    Chosen are foremost those that a function on the stacks of AT_MAP gets to; those that are taken come first.
    Raises LayoutError, ReadError.
    """
    begins = (name for name in program.variable_names if path == name or path.startswith((f"{name}.", f"{name}[")))
    package = max(begins, key=len, default="").rpartition(".")[0]
    found = []
    for name, address, type in program.variables() if package else ():
        if name.rpartition(".")[0] != package:
            continue
        value = in_memory(program, type, name, address)
        if type.kind is Kind.POINTER and _is_lock(type.elem):
            with suppress(ExpressionError):  # nil
                value = value.behind()
        if _is_lock(value.type):
            near = any(_gets_to(program, call, value) for trace in at_map for call in trace.calls)
            found.append((not near, value))
    found.sort(key=lambda each: each[0])
    locks = [_lock(program, traces, value, value, at_map, package) for _, value in found[:_MOST_OF_PACKAGE]]
    return sorted(locks, key=lambda lock: not (lock.taken or lock.readers or lock.wait)), len(found) - len(locks)


def _is_lock(type: GoType) -> bool:
    return type.name in (_MUTEX, _RWMUTEX)


def _lock(
    program: Program,
    traces: Sequence[Traceback],
    value: GoValue,
    owner: GoValue,
    at_map: Sequence[Traceback],
    package: str = "",
) -> Lock:
    address, type = value.address or 0, value.type.name
    if value.type.name == _MUTEX:
        state, readers = _state(program, value.type, address), 0
        taken, wait = bool(state & LOCKED), state >> _WAITER_SHIFT
    else:
        inner = value.type.field("w")
        state = _state(program, inner.type, address + inner.offset)
        count, departing = Struct(value.type, program).some("readerCount", "readerWait").read(program.memory, address)
        # Whoever wants to write takes so many off, and then waits for those that read already.
        wanted = bool(count >> 31)
        taken, readers = wanted and not departing, departing if wanted else count
        wait = state >> _WAITER_SHIFT
        if wanted:
            wait += bool(departing) + max(count - (1 << 32) + _MOST_READERS - departing, 0)
    waiters = [trace for trace in traces if _waits_for(program, trace, address, value.type.size)]
    parked = {trace.goroutine.address for trace in waiters}
    others = [trace for trace in traces if trace.goroutine.address not in parked] if taken or readers else []
    holders = [holder for trace in others if (holder := _holder(program, trace, type, owner)) is not None]
    without = [trace for trace in at_map if reads_code(program) and not _locks(program, trace, type, owner)]
    return Lock(value.text, package, type, address, taken, readers, wait, waiters, holders, without)


def _state(program: Program, mutex: GoType, address: int) -> int:
    """sync.Mutex's state, which internal/sync's has from Go 1.24 on."""
    path = "state" if mutex.find("state") else "mu.state"
    state, _ = Struct(mutex, program).some(path, path.replace("state", "sema")).read(program.memory, address)
    return state


def _waits_for(program: Program, trace: Traceback, address: int, size: int) -> bool:
    """Whether a goroutine is parked for the lock at ADDRESS: inside package sync, with that on its stack there."""
    inside = []
    for call in trace.calls:
        if not _INSIDE.match(call.call.name):
            break
        inside.append(call)
    if trace.state != "waiting" or not any(_WAITS.match(call.call.name) for call in inside):
        return False
    words = words_of(program, inside[0].frame, inside[-1].frame)
    return any(address <= word < address + size for word in words.values())


def _holder(program: Program, trace: Traceback, type: str, owner: GoValue) -> Holder | None:
    """The call that has probably taken a lock of that type of OWNER's; None if there is none."""
    for call in trace.calls:
        if call.call.inlined or _INSIDE.match(call.call.name):
            continue
        code = code_of(program, call.frame.function.entry)
        if code is None:
            continue
        # One that it is in the middle of has not given it the lock yet.
        locks = [site.at for site in code.calls if _LOCKS[type].match(site.function.name) and site.back < call.frame.pc]
        unlocks = _unlocked_behind(program, code, call.frame.pc, type) if locks else 0
        if unlocks and _gets_to(program, call, owner):
            return Holder(trace, call, locks[-1], unlocks, code.function.entry)
    return None


def _locks(program: Program, trace: Traceback, type: str, owner: GoValue) -> bool:
    """Whether a function on a stack that gets to OWNER locks a lock of that type."""
    for call in trace.calls:
        code = None if _INSIDE.match(call.call.name) else code_of(program, call.frame.function.entry)
        locks = code is not None and any(_LOCKS[type].match(site.function.name) for site in code.calls)
        if locks and _gets_to(program, call, owner):
            return True
    return False


def _unlocked_behind(program: Program, code: Code, pc: int, type: str) -> int:
    """Where a function that stands at PC unlocks from there on; its end, if it has deferred that; 0 if nowhere."""
    sites = (site.at for site in code.calls if site.at >= pc and _UNLOCKS[type].match(site.function.name))
    return next(sites, 0) or (code.function.end if _defers_unlock(program, code, type) else 0)


def _defers_unlock(program: Program, code: Code, type: str) -> bool:
    """Whether it names what the compiler has made of a defer statement that unlocks: it is called by its address."""
    functions = functions_of(program)
    named = (functions.at(address) for address in code.names)
    within = (each for each in named if each is not None and each.name.startswith(f"{code.function.name}."))
    deferred = (code_of(program, each.entry) for each in within if each.entry in code.names)
    return any(_UNLOCKS[type].match(site.function.name) for each in deferred if each for site in each.calls)


def _gets_to(program: Program, call: CallFrame, owner: GoValue) -> bool:
    """Whether a function on a stack gets to that struct: by a word of its frame, or by what its code names."""
    frame, start = call.frame, owner.address or 0
    if any(start <= word < start + owner.type.size for word in words_of(program, frame, frame).values()):
        return True
    code = code_of(program, frame.function.entry)
    return code is not None and any(start <= address < start + owner.type.size for address in code.names)
