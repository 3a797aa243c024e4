"""Iterators over maps: what ``for range`` keeps on the stack, and package reflect's MapIter in the heap.

Both kinds begin with the key and the element that they are at, the map's type and the map. Where they start is random;
from there on their order is the map's own, so what an iterator will still visit follows from the map's memory.

The rooms
    model       what both kinds share: fields, where it stands, what it will visit
    classic     hiter and its order through buckets
    swiss       Iter and its order through tables
    wording     what they say, in words
    searching   every iterator that is on a stack, or where a stack leads

Sources: mapiterinit and mapiternext in runtime/map.go up to Go 1.23 (map_noswiss.go in 1.24 and 1.25); Iter in
internal/runtime/maps/table.go from 1.24 on.
"""
