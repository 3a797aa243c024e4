"""The invariants of sync.Map, of both kinds."""
