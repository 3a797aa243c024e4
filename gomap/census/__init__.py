"""The census: every map that a program which stands still can reach, and by which path.

What is reachable the collector's own pointer maps say (gomap.goruntime.pointermaps), so nothing is missed for want of a
type; types only give the names. The rooms, from the ground up:

    objects     every object of the heap by number: where it is, and what it is numbered among
    pointers    which object points to which: one pass over the heap
    roots       where the collector begins: package variables, stacks, finalizers
    plans       what the pointers in memory are called, and what is known of that to which they lead
    type_plans  that of values, by their types; map_plans: of maps
    headers     headers of maps to which no type leads, and what tells the map's
    paths       which objects are reached, by which pointer each, and so its path
    following   follows what leads to them: first types alone, then whatever pointer there is
    measure     what a map takes, and what it would take if it were built anew
    retained    what an object keeps alive: dominators
    unreached   what nothing leads to: garbage that was not collected yet
    census      the maps of a program
    referrers   who points to an address, and from which path
"""
