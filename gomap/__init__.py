"""gomap shows what is inside Go maps, from a debugger or from files alone, and says what is wrong with them.

The package is built in floors; a module imports from floors below its own only. The doors are on top:

    gdb                 GDB: its API as a Target, the commands, pretty-printers and functions in it
    delve               Delve: a Target over its JSON-RPC, and its terminal with the commands in it
    shell               no debugger: a core, or a running process, and a prompt

and below them what all doors share:

    commands            each command, or function of a map, declared once: options, help, whom it asks, how it is shown
    views               text, JSON and HTML
    postmortem          what a program died of, as far as a map is to blame
    live                what is looked at while the program runs: operations on a map, changes of an entry
    poking              changing something in a map on purpose, and taking it back
    statistics          how full a map is, how long its lookups are, what it takes
    check               the invariants of a healthy map, and what is wrong with one
    expressions         what a person types to name a map, a key or an address
    census              every map of a process, and what leads to it
    maps                one model of both kinds of map
    elf                 a Target on files: programs, their debug information, cores, /proc
    language            bytes -> Go literals and plain values; Go's names, Go's ==
    hashing             keys -> hashes, one or a million at a time
    goruntime           the runtime's own bookkeeping: modules, type descriptors, heap, stacks, goroutines
    program             what any Target gives (memory, types, symbols, threads), and what is remembered of it

Below the doors nothing knows which debugger it runs in; only ``gdb`` imports GDB's module, only ``delve`` its RPC.
"""

__version__ = "0.1.0"
