"""Hashes as the Go runtime computes them: its own, of real programs, on every version, with AES and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from gomap.goruntime.rtype import RuntimeTypes
from gomap.hashing import HashState, KeyHasher, hasher_for, reflect_hasher_for
from gomap.program.gotypes import GoType
from tests.unit.realhashes import RECORDED, Process, RealHashes, real_hashes

PROCESSES = (
    Process("1.19"),
    Process("1.19", aes=False),
    Process("1.21.13"),
    Process("1.22.10", aes=False),
    Process("1.23.9"),
    Process("1.23.9", aes=False),
    Process("1.24.11"),
    Process("1.24.11", "noswissmap"),
    Process("1.25.5"),
    Process("1.26.6"),
    Process("1.26.6", aes=False),
    Process("1.27.3"),
    Process("1.27.3", "mapsplitgroup"),
    Process("1.27.3", aes=False),
    Process("1.19", goarch="386"),
    Process("1.23.9", goarch="386", aes=False),
    Process("1.27.3", goarch="386"),
    Process("1.27.3", goarch="386", aes=False),
)


@pytest.fixture(params=(*PROCESSES, *RECORDED), ids=str)
def real(request: pytest.FixtureRequest) -> RealHashes:
    return real_hashes(request.param)


def _hashers(
    real: RealHashes, make: Callable[[HashState, object, RuntimeTypes, GoType], KeyHasher]
) -> Callable[[GoType], KeyHasher]:
    state = HashState.read(real.image)
    return lambda key: make(state, real.image, cast(RuntimeTypes, real.types), key)


def test_keys_one_by_one(real: RealHashes) -> None:
    """In a map that the compiler knows, and in one that package reflect made."""
    compiled, reflected = _hashers(real, hasher_for), _hashers(real, reflect_hasher_for)
    for type, keys in real.keys:
        for hasher, expected in (
            (compiled(type), [None if key.random else key.compiled[-1] for key in keys]),
            (reflected(type), [None if key.random else key.reflected[-1] for key in keys]),
        ):
            hashes = [hasher.one(key.content, 0, real.seeds[-1]) for key in keys]
            assert hashes == expected, f"{type}: {[key.text for key in keys]}"


def test_all_keys_of_a_type_at_once(real: RealHashes) -> None:
    """As they lie in buckets: something ahead of each, and something between them."""
    compiled = _hashers(real, hasher_for)
    for type, keys in real.keys:
        hasher = compiled(type)
        stride = type.size + 3
        block = b"\xee" * 5 + b"".join(key.content + b"\xdd" * 3 for key in keys)
        offsets = range(5, 5 + len(keys) * stride, stride)
        for number, seed in enumerate(real.seeds):
            expected = [None if key.random else key.compiled[number] for key in keys]
            assert list(hasher.many(block, offsets, seed)) == expected, type
            assert list(hasher.many(block, list(offsets)[::-1], seed)) == expected[::-1], type


def test_the_state_says_what_is_used() -> None:
    def used(process: Process) -> tuple[str | None, int, int]:
        state = HashState.read(real_hashes(process).image)
        return state.architecture, len(state.schedule), len(state.keys)

    assert used(Process("1.23.9")) == ("amd64", 128, 4)
    assert used(Process("1.27.3", goarch="386")) == ("386", 64, 4)
    assert used(Process("1.27.3", aes=False)) == (None, 0, 4)
