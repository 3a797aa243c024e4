"""Every command, declared once for all doors: importing this declares them."""

from gomap.commands import overview, maps, checks, census, addresses  # isort: skip  (their order is that of the overview)
from gomap.commands.command import COMMANDS

__all__ = ["COMMANDS", "addresses", "census", "checks", "maps", "overview"]
