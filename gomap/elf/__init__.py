"""A Go program and its memory from files alone: no debugger, nothing but Python.

    target      the Target protocol over all the rest: FileTarget
    loading     where a program lies in memory, and whether the memory is its
    coredump    a core's memory and threads; what it left out comes from the program's file
    process     the memory of a running process, by /proc; ptrace stops it for a while
    registers   where a thread stands, by its registers
    space       memory put together from parts of files
    gotypes     Go types out of the debug information, as Go's linker writes it
    dwarf       entries of the debug information by offset, and by name without reading all of it
    abbrevs     what an entry consists of; forms, how each part of it is written
    symbols     the symbol table
    layouts     whether two builds are laid out alike
    elffile     sections, segments and notes of an ELF file

What is wrong with a file is said by one error, FileError. Files may be truncated or damaged in any way.
"""
