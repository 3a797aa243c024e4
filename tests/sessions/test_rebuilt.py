"""Programs built with ``-ldflags="-s -w"``, with another build of the same source that has their debug information.

``-f`` takes the place of each flag: it does nothing, and leaves the flags that the program has in it at their length.
"""

from __future__ import annotations

import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.fixtures.builds import build, kernel_core_of
from tests.sessions.gomap import gomap

pytestmark = pytest.mark.xdist_group("rebuilt")


def built(ldflags: str, module: str = "maps", go: str = "1.27.3", mode: str = "") -> Path:
    return build(module, go, ldflags=ldflags, buildmode=mode, here=True)


@pytest.mark.parametrize(("go", "mode"), [("1.23.9", ""), ("1.27.3", ""), ("1.27.3", "pie")])
def test_a_core(go: str, mode: str) -> None:
    stripped, rebuilt = (built(flags, go=go, mode=mode) for flags in ("-s -w", "-f -f"))
    core = kernel_core_of(stripped, "abort").path
    checked = gomap("core", "-symbols", rebuilt, stripped, core, "check", "-all")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert re.fullmatch(r"\d\d+ maps checked, \d+ entries: no findings.*\n", checked.stdout)
    (thrower,) = re.findall(r"goroutine 1 .*", gomap("core", "-symbols", rebuilt, stripped, core, "goroutines").stdout)
    assert "running" in thrower


def test_a_build_that_does_not_fit() -> None:
    """One whose variables have moved, and one of another source."""
    stripped = built("-s -w")
    core = kernel_core_of(stripped, "abort").path
    for other in (built(""), built("-f -f", "large")):
        refused = gomap("core", "-symbols", other, stripped, core, "check", "-all")
        assert (refused.returncode, refused.stdout) == (2, "")
        assert re.fullmatch(
            rf"gomap: {other} is not laid out as {stripped}, so its debug information does not fit "
            r"\(\.\S+ has \d+ bytes at 0x[0-9a-f]+ in the one, and has \d+ bytes at 0x[0-9a-f]+ in the other\): build "
            r"the same source with -f in place of each -w and -s among -ldflags, in the same folder with the same Go\n",
            refused.stderr,
        ), refused.stderr


def renamed(program: Path, scratch: Path) -> Path:
    """PROGRAM with one of its functions called otherwise, and nothing at another place."""
    content = program.read_bytes()
    assert b"\0main.main\0" in content
    made = scratch / program.parent.name
    made.write_bytes(content.replace(b"\0main.main\0", b"\0main.wain\0"))
    return made


def test_a_process(tmp_path: Path) -> None:
    stripped, rebuilt = (built(flags, "busy") for flags in ("-s -w", "-f -f"))
    with subprocess.Popen([stripped], stdout=subprocess.DEVNULL) as process:
        try:
            time.sleep(0.5)
            bare = gomap("attach", str(process.pid), "check", "-all")
            assert bare.returncode == 2 and bare.stderr.startswith(
                "gomap: the program has no debug information, so none"
            )
            deep = gomap("attach", str(process.pid), "check", "-all", "-deep")
            assert deep.returncode in (0, 2), deep  # 2: nothing tells the type of some map
            assert re.search(r"^\d+ maps? checked, [\d,]+ entr(y|ies): no findings", deep.stdout, re.M), deep
            done = gomap("attach", "-symbols", rebuilt, str(process.pid), "check", "-all")
            assert done.returncode == 0 and " maps checked" in done.stdout, done
            # Other functions at the same places: in the rebuild alone, or in both files, and yet not in memory.
            other = renamed(rebuilt, tmp_path)
            for words, why in (
                ([], "their functions are not the same"),
                (
                    ["-program", renamed(stripped, tmp_path)],
                    "the table of functions in memory is not the one that it has",
                ),
            ):
                refused = gomap("attach", *words, "-symbols", other, str(process.pid), "check", "-all")
                assert refused.returncode == 2 and f"does not fit ({why}): " in refused.stderr, refused
        finally:
            process.send_signal(signal.SIGKILL)
