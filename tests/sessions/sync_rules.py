"""The rules about sync.Map alone."""

from __future__ import annotations

__all__ = ["SYNC_RULES"]

#: What only a sync.Map can break.
SYNC_RULES = {
    *("dangling-node", "node-kind", "node-parent", "node-dead", "node-empty", "node-shared", "path-long"),
    *(
        "overflow-loop",
        "overflow-hash",
        "dangling-half",
        "dangling-entry",
        "dangling-value",
        "amended-wrong",
        "amended-alone",
    ),
    *("misses-impossible", "expunged-impossible", "dirty-differs", "lock-held"),
}
