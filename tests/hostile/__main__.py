"""``python3 -m tests.hostile FIRST [COUNT]``: try the images of those seeds, and say what there is to complain about.

With ``--keep DIRECTORY`` the images stay there: a directory for each seed with complaints.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.hostile.session import Outcome, examine


def main() -> None:
    parser = argparse.ArgumentParser(prog="python3 -m tests.hostile", description="Try gomap on damaged cores.")
    parser.add_argument("first", type=int, help="the first seed")
    parser.add_argument("count", type=int, nargs="?", default=1, help="how many seeds")
    parser.add_argument("--keep", type=Path, help="where images with complaints stay")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()

    def one(seed: int) -> tuple[int, Outcome]:
        with tempfile.TemporaryDirectory(prefix="gomap-hostile-") as scratch:
            outcome = examine(seed, Path(scratch))
            if arguments.keep and outcome.complaints:
                shutil.copytree(scratch, arguments.keep / str(seed), dirs_exist_ok=True)
            return seed, outcome

    with ThreadPoolExecutor(arguments.workers) as pool:
        for seed, outcome in pool.map(one, range(arguments.first, arguments.first + arguments.count)):
            print(f"{seed}: {outcome.seconds:.1f} s, {outcome.memory >> 20} MiB; {outcome.damage}", flush=True)
            for command, what in outcome.complaints:
                print(f"    {command}: {what}", flush=True)


main()
