"""Programs that have neither symbols nor debug information: what can be known of them all the same, and how.

layouts         how the runtimes of released Go versions are laid out, as data, and the types made of it
recording       notes that layout from a program that has debug information
sections        the memory to search, as bytes and as words
moduledata      finds runtime.firstmoduledata, which points to the program's table of functions
instructions    finds the state of the hash functions in the code that uses it
variables       finds the runtime's other variables by what must be true of them
types           the program's own types, from the descriptors that its linker lists
arguments       the arguments of the runtime's functions on a stack
target          the Target that all this makes
"""
