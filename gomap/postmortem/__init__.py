"""What a program died of, as far as a map is to blame: who died, on which map, who else was at it, and what says so.

    death       who raised what: fatal errors, panics, faults, by the stacks and by what the runtime noted
    sides       who else was at the map, and how far that is certain
    locks       the locks beside a map: their states, who waits, who seems to hold them
    gaps        what could not be looked at, and what would tell more
    keys        what is wrong with the key of an operation
    verdict     what can be concluded, with its evidence
    concluding  how that is come to
    examination the verdict, every map checked, where the memory went

Every fact carries what told it, and nothing is concluded without: where nothing tells, that is the verdict.
"""
