"""Of which type a map is where nothing says it: the program's map types are tried on it until the hashes fit.

A map's header does not name its type, and neither do small buckets and groups. But beside each key stand bits of its
hash, and the key stands where its hash leads. So a map type by which the keys are read and hashed wrongly is found out
soon: by each entry it gets away with a chance of 1 in 128 at most, and of the bits that choose the bucket or table.

Some types no hash tells apart: keys of one kind and size (int64 and uint64, string and what is defined as string) hash
alike. Of these a map has the type that is the only one of its kind which the program has and memory allows. If there
are several, all of them are named, and none is said to be the map's.

    candidates  the map types that a program has; which of them can be by the buckets' size and pointers
    samples     some of a map's keys, and what their hashes have to be
    contents    which values cannot be of a type
    trial       what is concluded
"""
