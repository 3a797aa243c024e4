"""Go's hash functions, offline: where a key belongs that the process hashed.

``hash_state`` takes the process's random key, ``hasher_for`` the key's type; the ``KeyHasher`` that comes of both
hashes one key, or tens of thousands at once.
"""

from gomap.hashing.hasher import MOST_BYTES, HashError, KeyHasher, hasher_for, reflect_hasher_for
from gomap.hashing.state import HashState, hash_state

__all__ = ["MOST_BYTES", "HashError", "HashState", "KeyHasher", "hash_state", "hasher_for", "reflect_hasher_for"]
