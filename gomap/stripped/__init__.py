"""Programs that have neither symbols nor debug information: what can be known of them all the same, and how.

layouts         how the runtimes of released Go versions are laid out, as data, and types made of that
recording       the same of a program that has debug information
sections        memory to search, as bytes and as words
moduledata      runtime.firstmoduledata, by the table of functions and what points to it
instructions    the state of the hash functions, by the code that uses it
variables       the runtime's other variables, by what has to hold of them
types           the program's own types, by the descriptors that its linker lists
target          the Target that all this makes
"""
