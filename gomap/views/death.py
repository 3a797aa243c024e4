"""How a program died, in words: who raised what, and the signal that its core is of."""

from __future__ import annotations

import signal

from gomap.goruntime.tracebacks import Traceback
from gomap.postmortem.death import Death
from gomap.program.signals import Signal

__all__ = ["death_text", "signal_text"]

#: What si_code says, by the signal's number where it depends on that (asm-generic/siginfo.h).
_CODES = {
    (11, 1): "SEGV_MAPERR", (11, 2): "SEGV_ACCERR", (7, 1): "BUS_ADRALN", (7, 2): "BUS_ADRERR", (7, 3): "BUS_OBJERR",
    (0, 0): "SI_USER", (0, -1): "SI_QUEUE", (0, -6): "SI_TKILL", (0, 128): "SI_KERNEL",
}  # fmt: skip


def death_text(death: Death | None) -> str:
    """What the program died of: ``fatal error: concurrent map writes``."""
    if death is None:
        return "nobody has raised an error that ends the program"
    fault = death.fault
    said = f": {death.message}" if death.message else ", whose text cannot be told"
    if fault is None:
        return f"{death.how}{said}"
    at = f"signal {fault.number} ({_signal_name(fault.number)}) at address {fault.address:#x}, pc {fault.pc:#x}"
    if not death.raised:
        return f"{at}; the runtime had not dealt with it yet"
    return f"{at}; {'panic' if 'runtime.gopanic' in _names(death.trace) else 'fatal error'}{said}"


def signal_text(signal: Signal, by_itself: bool) -> str:
    """``11 (SIGSEGV), code 1 (SEGV_MAPERR), at address 0x10``; ``6 (SIGABRT), code 0 (SI_USER), sent by process 1``."""
    code = _CODES.get((signal.number, signal.code)) or _CODES.get((0, signal.code))
    told = f"{signal.number} ({_signal_name(signal.number)}), code {signal.code}{f' ({code})' if code else ''}"
    if signal.fault:
        return f"{told}, at address {signal.address:#x}"
    if signal.sent:
        return f"{told}, sent by {'the program itself' if by_itself else f'process {signal.sender}'}"
    return told


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown here"


def _names(trace: Traceback) -> list[str]:
    return [call.call.name for call in trace.calls]
