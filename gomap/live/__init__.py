"""What looks at a map while the program runs: stopped at the right moment, and only then.

    traps       what a debugger has to offer for that, and what it drives: Trap, Watcher, Live
    standing    watchers that stand by, where the debugger calls them at their traps
    culprit     whose doing it was: the goroutine that stands at a trap, its calls, the map function that it is in
    guard       the first operation on a map that leaves it broken; call_guard, without watchpoints
    arguments   what a function was given, at its first instruction
    entry_watch one entry, wherever growth moves it; field_watch, a field of the header
    changes     what these two see
    whereabouts where the map itself lies

A command of this kind makes a Watcher and hands it to the door's Live::

    live = door.live()                            # raises ProgramError where nothing can run: gomap core, attach
    live.demand()                                 # raises ProgramError where nothing runs now, or there is a core
    def make(scope: Scope) -> Guard: ...          # from what was typed; in the next run of the program again
    watcher = make(door.scope())
    yield from live.keep(watcher, make, told)     # told: from what the watcher has seen to lines of text

The watcher says which traps it needs now (``traps``), and is told of each that is struck (``struck``). It answers with
what it has seen, which says whether the program is to stay stopped, or with None. A sighting that does not stop the
program is a line in a log. After each answer the debugger sets the traps that are asked for then: moving one, or ending
with none, is all that a watcher ever does about them.

In GDB other threads run on while a watcher is asked, so what it then sees to stop for is only a Suspicion, and it is
asked again with all of them stopped (STILL): nothing that is in the heap's books can be relied on before. The thread
that struck the trap stands still, and so does a map that nobody else writes to.

Nothing here knows which debugger that is, nor how its traps are set; see gomap.gdb.live and gomap.delve.live.
"""
