"""Every command, declared once for all doors: importing this declares them."""

# Their order is that of the overview.
from gomap.commands import overview, maps, find, stats, layout, diff, checks, census  # isort: skip
from gomap.commands import goroutines, iterators, why, postmortem, addresses, live, poke  # isort: skip
from gomap.commands.command import COMMANDS

__all__ = [
    "COMMANDS",
    "addresses",
    "census",
    "checks",
    "diff",
    "find",
    "goroutines",
    "iterators",
    "layout",
    "live",
    "maps",
    "overview",
    "poke",
    "postmortem",
    "stats",
    "why",
]
