"""What a process mixes into its hashes: which family of hash functions it uses, and its random key.

Source: alginit in runtime/alg.go; from Go 1.27 on AlgInit in internal/runtime/maps/runtime_alg.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gomap.goruntime.versions import go_version
from gomap.hashing.aes_lanes import BLOCK
from gomap.hashing.arm64 import Arm64Hash
from gomap.hashing.fallback import Fallback32, Fallback64
from gomap.hashing.memhash import MemHash
from gomap.hashing.x86 import Amd64Hash, I386Hash
from gomap.program.gotypes import LayoutError
from gomap.program.program import Program, until_it_moves
from gomap.program.target import Target

__all__ = ["HashState", "hash_state"]

#: The packages that the variables may be in, new to old, and what they call the switch.
_HOMES = (("internal/runtime/maps", "UseAeshash"), ("runtime", "useAeshash"))

#: Up to Go 1.22 the 64-bit fallback had wyhash's own words where it later had more random ones.
_WYHASH = (0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3, 0x589965CC75374CC3)


@dataclass(frozen=True)
class HashState:
    """The state of a process's hash functions.

    Attributes:
        version: of Go: (1, 27). It decides details of the functions that leave no trace in the debug information.
        pointer_size, byte_order: the target's.
        architecture: whose AES instructions are used; None: the fallback is.
        schedule: the AES key schedule, 128 bytes, or 64 on 386; empty without AES.
        keys: the fallback's four words.
    """

    version: tuple[int, int]
    pointer_size: int
    byte_order: Literal["little", "big"]
    architecture: Literal["amd64", "386", "arm64"] | None
    schedule: bytes
    keys: Sequence[int]

    @classmethod
    def read(cls, target: Target) -> HashState:
        """The state of the target. Raises LayoutError where it has none that is known, and ReadError."""
        version = go_version(target)
        home, switch = next((home for home in _HOMES if target.variable(f"{home[0]}.hashkey")), _HOMES[-1])
        keys = _content(target, f"{home}.hashkey", 4 * target.pointer_size)
        uses_aes = target.variable(f"{home}.{switch}")
        architecture: Literal["amd64", "386", "arm64"] | None = None
        schedule = b""
        # Other architectures than these three do not even have the switch.
        if uses_aes is not None and target.memory.read(uses_aes[0], 1) != b"\0":
            architecture = _with_aes(target)
            schedule = _content(target, f"{home}.aeskeysched", (4 if architecture == "386" else 8) * BLOCK)
        words = [
            int.from_bytes(keys[at : at + target.pointer_size], target.byte_order)
            for at in range(0, len(keys), target.pointer_size)
        ]
        return cls(version, target.pointer_size, target.byte_order, architecture, schedule, words)

    def memhash(self) -> MemHash:
        """The hash functions of memory that such a process uses."""
        if self.architecture == "amd64":
            return Amd64Hash(self.schedule)
        if self.architecture == "386":
            return I386Hash(self.schedule)
        if self.architecture == "arm64":
            return Arm64Hash(self.schedule, self.version)
        if self.pointer_size == 4:
            return Fallback32(self.keys, self.byte_order)
        keys = self.keys if self.version >= (1, 23) else (self.keys[0] ^ _WYHASH[0], *_WYHASH[1:])
        return Fallback64(keys, self.byte_order)


def _with_aes(target: Target) -> Literal["amd64", "386", "arm64"]:
    """The target's architecture. Raises LayoutError if gomap knows no hash of its that uses AES."""
    if target.architecture not in ("amd64", "386", "arm64"):
        raise LayoutError(f"the program hashes with AES on {target.architecture}, which gomap does not know")
    return target.architecture  # type: ignore[return-value]


def _content(target: Target, name: str, size: int) -> bytes:
    """What a package variable of that size holds."""
    found = target.variable(name)
    if found is None:
        raise LayoutError(f"no {name}: no Go program, or one without debug information")
    address, type = found
    if type.size != size:
        raise LayoutError(f"{name} has {type.size} bytes, not {size}: a Go version whose hash functions are not known")
    return target.memory.read(address, size)


@until_it_moves
def hash_state(program: Program) -> HashState:
    """The state of the program's hash functions. Raises LayoutError where it has none that is known, and ReadError."""
    return HashState.read(program)
