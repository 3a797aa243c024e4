"""Maps as the runtime lays them out in memory.

A map variable is a pointer to a header; a nil map is a nil pointer. What hangs on the header is one of two structures.
Both hash a key with the map's own seed, and both keep eight slots together with eight bytes that say what is in them,
so that most lookups compare one key.

Classic maps (Go up to 1.23)
    The header, ``hmap``, leads to an array of 2^B buckets. The low B bits of a key's hash choose the bucket; the
    hash's top byte, the tophash, stands beside the slot. A full bucket goes on in an overflow bucket, and that in the
    next: a chain. ::

        hmap ── buckets ──> [bucket 0][bucket 1] ... [bucket 2^B - 1][preallocated overflow buckets]
                                │
                                └ tophash[8] keys[8] elems[8] overflow ──> [overflow bucket] ──> ...

    A tophash below 5 is no hash but a state. emptyOne: nothing here. emptyRest: nothing here, nor behind it in the
    whole chain, so that a lookup may stop. evacuatedX, evacuatedY, evacuatedEmpty: the entry has moved, or there was
    none.

    Where a map has over 6.5 entries a bucket it grows: a new array, twice as large, becomes ``buckets``, the old one
    ``oldbuckets``. Each store or deletion then evacuates one or two old buckets: an entry of old bucket i goes to the
    new bucket i (X) or i + 2^(B-1) (Y). Old buckets below ``nevacuate`` are done. Meanwhile an entry is in exactly
    one of the arrays. A map with too many overflow buckets grows at the same size (sameSizeGrow), to pack its entries
    anew. A growth goes on only with further ones: in a map that nobody writes to it stands still for ever.

    If neither keys nor elements have pointers the collector does not look into buckets; then ``extra`` lists the
    overflow buckets, and nothing else keeps them alive.

Swiss maps (Go 1.24 on)
    Slots come in groups: a control word of eight bytes, then eight slots. A control byte is empty (0x80), deleted
    (0xFE, a tombstone), or the low seven bits of the key's hash, H2, of a slot that is full. The bits above are H1.
    ::

        Map ── dirPtr ──> directory ──> table ── groups ──> [group 0][group 1] ...
                          [0][1][2][3]                          │
                                                                └ ctrl[8] slots[8]{key, elem}

    Up to eight entries a map is a single group, to which dirPtr leads (dirLen is 0). A larger one has a directory of
    2^globalDepth pointers to tables, indexed by the top globalDepth bits of the hash. In the table the probe sequence
    begins at group H1 mod the number of groups and goes on by steps of 1, 2, 3, ...; a group with an empty slot ends
    it. So a table without an empty slot would make lookups of missing keys spin for ever.

    A table grows alone: up to 1,024 slots it doubles; then it splits in two by one more bit of the hash, its
    localDepth grows by one, and if that is more than globalDepth the directory doubles. A table of localDepth d
    stands in 2^(globalDepth-d) entries of the directory in a row. Deleting leaves a tombstone where the group has no
    empty slot, since a probe may have passed by; tombstones go when the table is rehashed. A group never gives memory
    back.

sync.Map
    Up to Go 1.23 it is two maps, ``read`` and ``dirty``, from the same keys to the same entries, each of which points
    to a value. ``read`` is never written to, and needs no lock. From Go 1.24 on it is a tree: each indirect node has
    sixteen children, chosen by four bits of the key's hash; the digits of the hash are the path to the key's entry. ::

        Map ── root ──> indirect ── children[0x3] ──> entry{key, value} ── overflow ──> [entry of the same hash]
                           ^        children[0xa] ──> indirect ── children[0x0] ──> entry
                           └──────────── parent ─────────┘

The rooms
    opening     from a type and an address to a map; every package variable that is one
    model       what both kinds share: header fields, buckets, slots, entries, notes about what cannot be read
    classic     hmap and its buckets
    swiss       Map, its directory, tables and groups
    syncmap     what is a sync.Map, and what both kinds of it share
    read_dirty  sync.Map up to Go 1.23
    hash_trie   sync.Map from Go 1.24 on; trie_layout, trie_survey: where things lie in it, and how many there are
    probing     the order in which a lookup visits groups
    lookups     how the runtime looks a key up; iterators: where an iterator stands, and what it comes to
    recognition what tells that a header is one, and its map's type; trials: what tells it where nothing says it
    layout      where in the header, the bucket or group everything lies: by field names, never by Go version
    blocks      large arrays, read block by block
    slots       keys and elements of a bucket or group, made as they are asked for

Sources: runtime/map.go up to Go 1.23 (map_noswiss.go in 1.24 and 1.25); internal/runtime/maps from 1.24 on;
sync/map.go up to 1.23 (oldmap.go in 1.24 and 1.25), internal/sync/hashtriemap.go from 1.24 on.
"""
