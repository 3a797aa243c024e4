"""How the runtime looks a key up in a map: what it goes by, each slot that it comes to, and where it ends.

    model     a lookup: what the hash chooses, what it came to, why it ends; what becomes of one slot
    classic   in buckets and their chains
    swiss     in tables and groups
    sync      in a sync.Map: in its tree of hashes, or in read and then in dirty
    any_map   whichever of these a map needs

The compiler has variants for keys of 4 or 8 bytes and for strings (mapaccess1_fast64, ...), which find the same in a
sound map. Where they differ Lookup.variant says so.
"""
