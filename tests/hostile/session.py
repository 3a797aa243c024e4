"""One damaged image in one GDB, all commands, and what is to be complained about."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.fixtures.builds import build, kernel_core_of
from tests.hostile.damage import damage
from tests.hostile.image import Image
from tests.sessions.debugger import GOMAP
from tests.sessions.pairs import CLASSIC, SWISS, Pair
from tests.sessions.targets import debugger

__all__ = ["Complaint", "Outcome", "commands_about", "examine", "image_of", "program_of", "try_commands"]

#: What one command may take: seconds of the processor, bytes.
_MOST_SECONDS, _MOST_MEMORY = 5, 500 << 20
#: Seconds of the processor for all of them, and of time: a GDB that then still runs hangs.
_PROCESSOR, _PATIENCE = 40, 400
#: What GDB may have at most, so that a command which takes all does not take the machine along.
_ADDRESS_SPACE = 6 << 30
_BAD = re.compile(
    r"^(?:Traceback|Python Exception|Error occurred in Python|Undefined )|gomap failed: |A problem internal to GDB",
    re.MULTILINE,
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\udc80-\udcff]")
_MARKER = re.compile(r"^@@ (\d+)\n", re.MULTILINE)
_VARIABLES = (
    "words",
    "numbers",
    "ids",
    "anys",
    "grids",
    "levels",
    "inner",
    "nodes",
    "large",
    "floats",
    "made",
    "growing",
)
_KEYS = {"numbers": "7", "levels": "3", "large": "5", "growing": "9", "floats": "1.5", "anys": "7"}


class Complaint(NamedTuple):
    """What went wrong, in which command; empty if GDB itself ended."""

    command: str
    what: str


class Outcome(NamedTuple):
    """Attributes:
    damage: what was done, in words.
    complaints: none, if all is well.
    seconds, memory: the most that a command took.
    """

    damage: str
    complaints: list[Complaint]
    seconds: float
    memory: int


def program_of(pair: Pair) -> Path:
    """The fixture program as that pair has it."""
    # Names in the debug information can be damaged only if they are not compressed.
    return build("hostile", pair.go, optimised=pair.optimised, ldflags="-compressdwarf=false")


def examine(seed: int, directory: Path) -> Outcome:
    """Make the image that SEED stands for in DIRECTORY, and try all commands on it."""
    random = Random(seed)
    pair, other = random.sample((CLASSIC, SWISS), 2)
    image = image_of(pair, directory)
    done, subject = damage(random, image, program_of(other))
    return try_commands(pair, image, done, commands_about(random, image, subject))


def image_of(pair: Pair, directory: Path) -> Image:
    """An image of the fixture program that nobody has damaged yet."""
    program = program_of(pair)
    core = kernel_core_of(program)
    return Image(program, core.path, core.printed, directory)


def try_commands(pair: Pair, image: Image, done: str, commands: list[str]) -> Outcome:
    """Run COMMANDS on an image to which was DONE what is said there."""
    directory = image.core.parent
    said, status = _run(pair, image, commands, directory)
    costs_file = directory / "commands.costs"
    costs = json.loads(costs_file.read_text()) if costs_file.exists() else []
    complaints = _complaints(commands, said, costs)
    if len(costs) < len(commands):
        last = _MARKER.findall(said)
        command = commands[int(last[-1])] if last else ""
        complaints.append(Complaint(command, f"GDB did not come back: {status}"))
    return Outcome(
        done, complaints, max((cost[0] for cost in costs), default=0), max((cost[1] for cost in costs), default=0)
    )


def commands_about(random: Random, image: Image, subject: str) -> list[str]:
    """All of gomap's commands about the map in the variable SUBJECT; about any, if that is none of the fixture's."""
    name = subject if subject in _VARIABLES else random.choice(_VARIABLES)
    map, variable = f"main.{name}", f"'main.{name}'"
    key = _KEYS.get(name, '"n7"')
    commands = [
        "frame function main.hold",
        f"gomap-header {map}",
        f"gomap-header -json {map}",
        f"gomap-walk {map}",
        f"gomap-walk -json -all {map}",
        f"gomap-check {map}",
        f"gomap-check -json -limit unlimited {map}",
        f"print {variable}",
        "info locals",
        "info args",
        f"print $gomap_len({variable})",
        f'print $gomap_get("{map}", {key})',
        f"print $gomap_has({variable}, {key})",
        f"print $gomap_findings({variable})",
        f"gomap-walk {map}[{key}]",
        f"gomap-find {map} {key}",
        f"gomap-stats {map}",
        f"gomap-diff -json {map} {map}",
        f"gomap-header main.{name}x",
        f"print -elements unlimited -max-depth unlimited -- {variable}",
    ]
    addresses = [random.choice(image.places).address for _ in range(4)]
    addresses += [random.choice([each for each in image.places if each.what == "g"]).address]
    addresses += [image.word(addresses[-1]) + 8, random.randrange(1 << 64), 0, (1 << 64) - 1, 1 << 64, -1]
    commands += [f"gomap-whatis {address:#x}" for address in addresses]
    commands += ["set print elements unlimited", f"gomap-walk -json -all {map}", "set print elements 200"]
    everywhere = ["gomap-list", "gomap-list -json -each -limit unlimited", "gomap-goroutines -stack"]
    everywhere += [f"gomap-refs {map}", f"gomap-refs -json {addresses[0]:#x}", f"gomap-refs {addresses[6]:#x}"]
    return [*commands, *everywhere, "gomap-check -all", "gomap-check -all -json", "gomap-check -all -deep -quick"]


def _run(pair: Pair, image: Image, commands: list[str], directory: Path) -> tuple[str, str]:
    """What GDB said, and how it ended."""
    (directory / "commands").write_text(json.dumps(commands))
    settings = [
        *("auto-load off", "confirm off", "width 0", "debuginfod enabled off", "style enabled off"),
        *("backtrace limit 200", "max-completions 10"),
    ]
    line = [str(debugger(pair.gdb)), "-nx", "-q", "-batch"]
    for setting in settings:
        line += ["-iex", f"set {setting}"]
    probe = Path(__file__).with_name("probe.py")
    line += ["-ex", f"source {GOMAP}", "-ex", f"source {probe}", str(image.program), str(image.core)]
    environment = {
        **os.environ,
        "LC_ALL": "C.UTF-8",
        "HOSTILE_COMMANDS": str(directory / "commands"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    try:
        done = subprocess.run(
            line,
            env=environment,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=_limit,
            timeout=_PATIENCE,
            check=False,
        )
        said, status = done.stdout, f"status {done.returncode}"
    except subprocess.TimeoutExpired as expired:
        said, status = expired.stdout or b"", f"over {_PATIENCE} s"
    (directory / "said").write_bytes(said)
    return said.decode("utf-8", "surrogateescape"), status


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR, _PROCESSOR))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _complaints(commands: list[str], said: str, costs: list[list[float]]) -> list[Complaint]:
    """What GDB said that it must not say, and what took too much."""
    complaints = []
    parts = _MARKER.split(said)
    for number, text in zip(parts[1::2], parts[2::2], strict=True):
        for pattern, what in ((_BAD, ""), (_CONTROL, "raw: ")):
            found = pattern.search(text)
            if found:
                around = text[max(found.start() - 100, 0) : found.end() + 200]
                complaints.append(Complaint(commands[int(number)], what + ascii(around)))
    for command, (seconds, memory) in zip(commands, costs, strict=False):
        if seconds > _MOST_SECONDS:
            complaints.append(Complaint(command, f"{seconds:.1f} s of the processor"))
        if memory > _MOST_MEMORY:
            complaints.append(Complaint(command, f"{memory >> 20} MiB"))
    return complaints
