"""The invariants of classic maps: header and bucket arrays, chains, the lists of overflow buckets."""
