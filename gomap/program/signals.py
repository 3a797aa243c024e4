"""The signal that a core is of, as the kernel told it: who sent it, or which memory could not be had."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Signal"]

#: SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV: si_addr means something in these; in a trap and where it is the kernel that
#: sends it without saying why (SI_KERNEL) it does not.
_FAULTS, _SI_KERNEL = (4, 7, 8, 11), 0x80


class Signal(NamedTuple):
    """What stopped a process, or ended it: the parts of siginfo_t that hold (sigaction(2)).

    Attributes:
        number, code: si_signo, si_code.
        address: si_addr, which means something where ``fault`` is true.
        sender: the process that sent it (si_pid), where ``sent`` is true.
        thread: the one that it came to.
    """

    number: int
    code: int
    address: int
    sender: int
    thread: int

    @property
    def sent(self) -> bool:
        """Whether a process sent it."""
        return self.code <= 0

    @property
    def fault(self) -> bool:
        """Whether an instruction could not have the memory at ADDRESS, or came to nothing there."""
        return self.number in _FAULTS and 0 < self.code < _SI_KERNEL
