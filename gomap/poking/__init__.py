"""Changing something in a map of a process on purpose: one state, hash byte, pointer or field at a time.

    places      what can be changed: from a field's name, or a bucket and a slot, to an address and a size
    values      what to put there: names as the runtime has them, numbers, expressions
    changes     to write it, and to take it back

All that a debugger has to offer is a Process: something to write to.
"""
