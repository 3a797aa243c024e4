"""Sourced in GDB: the command ``ask-target FILE ANSWERS``, which asks GDB's Target what FILE wants to know, in JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import gdb

from gomap.gdb.target import live

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.sessions.described import described


class AskTarget(gdb.Command):
    def __init__(self) -> None:
        super().__init__("ask-target", gdb.COMMAND_DATA)

    def invoke(self, argument: str, from_tty: bool) -> None:
        source, answers = argument.split()
        with open(source) as questions, open(answers, "w") as out:
            json.dump(described(live(), json.load(questions)), out)


AskTarget()
