"""gomap shows what is inside Go maps, from a debugger, and says what is wrong with them.

The package is built in floors; a module imports from floors below its own only:

    gdb                 the face: GDB's API, commands, printers
    commands            how commands' options are declared and read
    views               text and JSON
    check, expressions, the invariants of a healthy map; what a person types to name one;
    census              every map of a process, and what leads to it
    maps, elf           one model, several containers; programs, cores and processes without a debugger
    language, hashing   bytes -> Go literals, Go's names, Go's ==; keys -> hashes
    goruntime           the runtime's own bookkeeping: modules, type descriptors, heap, goroutines
    program             what any debugger gives: memory, types, symbols

Nothing below ``gdb`` knows which debugger it runs in.
"""

__version__ = "0.1.0"
