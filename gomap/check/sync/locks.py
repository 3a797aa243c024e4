"""The mutexes of a sync.Map."""

from __future__ import annotations

from gomap.check.finding import Finding, Severity, rule

__all__ = ["lock_held"]

HELD = rule("lock-held", "a mutex of a sync.Map is locked only while somebody is inside the map", Severity.WARNING)


def lock_held(address: int, name: str) -> Finding:
    """The finding that the mutex called NAME, whose state is at ADDRESS, is locked and nobody there to unlock it."""
    return HELD.broken(
        address,
        f"{name} is locked, but no thread or goroutine is seen inside sync.Map; if none is, whoever needs it waits "
        "for ever",
    )
