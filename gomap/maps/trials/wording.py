"""What trying types on a map has told, in words."""

from __future__ import annotations

from gomap.maps.trials.trial import Trial

__all__ = ["doubt_text", "hashes_text", "told_text", "trial_text"]

#: Types that are named.
_MOST = 5


def told_text(trial: Trial) -> str:
    """The type, or those that it may be: ``perhaps map[int64]int or map[uint64]int``."""
    if trial.type is not None:
        return trial.type.name
    names = list(dict.fromkeys(type.name for type in trial.types))
    left = len(names) - _MOST
    shown = [*names[:_MOST], f"{left} others"] if left > 0 else names
    listed = " or ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
    return f"keys are {trial.key}, perhaps {listed}" if trial.key else f"perhaps {listed}"


def hashes_text(fitting: int, keys: int) -> str:
    """What told it: ``by the hashes of 9 of 9 keys``."""
    if not fitting:
        return "by its buckets' or groups' size and pointers"
    return f"by the hashes of {fitting} of {keys} keys" if keys > 1 else "by the hash of one key"


def trial_text(trial: Trial) -> str:
    """What is known of a map's type where it is not certain, and why it is not."""
    by = hashes_text(trial.fitting, trial.entries)
    return f"its type is not certain: {told_text(trial)}, {by}: {doubt_text(trial)}"


def doubt_text(trial: Trial) -> str:
    """Why the type is not certain."""
    if trial.missing:
        return f"the program may have other types: {trial.missing}"
    if not trial.entries:
        return "it has no keys whose hashes could tell"
    if trial.chance == 1:
        return "the hashes of most keys fit no type: they may have changed since they were stored, or are very long"
    if not trial.beyond_chance:
        return f"by so few keys a wrong type fits one map in {1 / trial.chance:,.0f}"
    return "neither hashes nor pointers tell these types apart"
