"""gomap-check finds every corruption that tests/fixtures/faults makes: by its rule, at its address, and nothing else.

The program says what it did to which of its maps, and which rules must fire where: that is the truth. Each of its
modes is looked at on Go 1.23 and 1.27, and of the other versions and layouts on every third one, live or in a core, in
one debugger or the other; with --matrix on all, and in all of these ways.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import pytest

from gomap.check import checking
from gomap.check.finding import RULES
from tests.fixtures.builds import Experiment, build
from tests.fixtures.toolchains import GO_VERSIONS
from tests.sessions.configurations import run_for_each
from tests.sessions.debugger import Gdb
from tests.sessions.sync_rules import SYNC_RULES
from tests.sessions.targets import READY, Debugger, debugger

Way = Literal["live", "core"]

#: Go versions and experiments: every layout of maps that there is.
_COMPILERS: tuple[tuple[str, Experiment | None], ...] = (
    *((version, None) for version in GO_VERSIONS),
    ("1.24.11", "noswissmap"),
    ("1.25.5", "noswissmap"),
    ("1.27.3", "mapsplitgroup"),
)
#: Those of which all faults are looked at.
_WHOLLY = (("1.23.9", None), ("1.27.3", None))
#: Seconds that a program or a command may take.
_PATIENCE = 60
#: Seconds by the clock after which a check has run astray, on a machine that is busy with other tests too.
_LONG = 10


class Subject(NamedTuple):
    """Which build is looked at, how, and by whom."""

    go: str
    experiment: Experiment | None
    way: Way
    debugger: Debugger

    def __str__(self) -> str:
        return "-".join(part for part in (f"go{self.go}", self.experiment, self.way, self.debugger) if part)


def every() -> Iterator[Subject]:
    """The full product."""
    for compiler, way, who in itertools.product(_COMPILERS, get_args(Way), get_args(Debugger)):
        yield Subject(*compiler, way, who)


def some() -> Iterator[Subject]:
    """Each compiler once: the classic ones, and the Swiss, take turns with both ways and both debuggers."""
    turns = len(get_args(Way)) * len(get_args(Debugger))
    for i, subject in enumerate(every()):
        if i % turns == i // turns % turns:
            yield subject


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "subject" in metafunc.fixturenames:
        run_for_each(metafunc, "subject", every() if metafunc.config.getoption("--matrix") else some())


@pytest.fixture(scope="module")
def subject(request: pytest.FixtureRequest) -> Subject:
    chosen = request.param
    assert isinstance(chosen, Subject)
    return chosen


@pytest.fixture(scope="module")
def binary(subject: Subject) -> Path:
    return build("faults", subject.go, experiment=subject.experiment)


@pytest.fixture(scope="module")
def gdb(subject: Subject, binary: Path) -> Iterator[Gdb]:
    with Gdb(debugger(subject.debugger), binary) as session:
        if subject.way == "live":
            session.run(f"break {READY}")
        yield session


def test_each_fault_is_found_where_it_is_and_nothing_else(
    gdb: Gdb, subject: Subject, binary: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    faults = [mode for mode in modes_of(binary) if not mode.startswith(("healthy-", "spinning-"))]
    assert len(faults) > 150
    compiler = (subject.go, subject.experiment)
    if compiler not in _WHOLLY and not request.config.getoption("--matrix"):
        faults = faults[_COMPILERS.index(compiler) % 3 :: 3]
    none_differ(gdb, subject, binary, faults, tmp_path)


def test_healthy_maps_have_no_findings(gdb: Gdb, subject: Subject, binary: Path, tmp_path: Path) -> None:
    healthy = [mode for mode in modes_of(binary) if mode.startswith("healthy-")]
    assert len(healthy) >= 12
    none_differ(gdb, subject, binary, healthy, tmp_path)


@pytest.mark.parametrize("which", get_args(Debugger))
@pytest.mark.parametrize(
    ("go", "experiment"), [("1.24.11", None), ("1.27.3", None), ("1.27.3", "mapsplitgroup")], ids=str
)
def test_a_program_that_spins_in_mapassign(go: str, experiment: Experiment | None, which: Debugger) -> None:
    """golang/go 76641: whoever attaches to the spinning program is told why."""
    binary = build("faults", go, experiment=experiment)
    command = [binary, "spinning-ints", "stop"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        try:
            assert process.stdout
            truth = json.loads(process.stdout.readline())
            await_spinning(process.pid)
            with Gdb(debugger(which), binary) as session:
                session.run(f"attach {process.pid}")
                assert "main.main" in session.run("backtrace")
                answer = session.json(f"gomap-check -json {truth['variable']}")
                text = session.run(f"gomap-check {truth['variable']}")
        finally:
            process.kill()
    assert not list(differences(truth, answer))
    assert answer["beingWritten"]
    assert "spins for ever" in text


def test_every_rule_has_a_fault() -> None:
    broken: set[str] = set()
    for go, experiment in (("1.23.9", None), ("1.27.3", None)):
        binary = build("faults", go, experiment=experiment)
        for mode in modes_of(binary):
            if mode.startswith("spinning-"):
                continue
            printed = subprocess.run(
                [binary, mode, "stop"], stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=True
            )
            broken |= {finding["rule"] for finding in json.loads(printed.stdout)["must"]}
    assert checking, "importing it makes every rule known"
    # Those about sync.Map alone have a fixture of their own: test_syncmaps.py.
    assert broken | SYNC_RULES == set(RULES)


def modes_of(binary: Path) -> list[str]:
    listed = subprocess.run([binary, "list"], capture_output=True, check=True)
    modes: list[str] = json.loads(listed.stdout)
    return modes


def none_differ(gdb: Gdb, subject: Subject, binary: Path, modes: list[str], scratch: Path) -> None:
    """Fails with all that gomap-check says of the modes' maps and should not, or does not and should."""
    found = []
    for mode in modes:
        differs = list(_differs(gdb, subject, binary, mode, scratch))
        if differs and mode.startswith("bit-"):
            # In one map of some hundred another bit would explain it as well, and then none is told.
            differs = list(_differs(gdb, subject, binary, mode, scratch))
        found += [f"{mode}: {difference}" for difference in differs]
    shown = "\n".join(found)
    assert not found, f"{len(found)} differences:\n{shown}"


def _differs(gdb: Gdb, subject: Subject, binary: Path, mode: str, scratch: Path) -> Iterator[str]:
    truth = (run_to_ready if subject.way == "live" else open_core)(gdb, binary, mode, scratch)
    started = time.monotonic()
    said = gdb.run(f"gomap-check -json {truth['variable']}")
    try:
        # In a core GDB 13 may warn of registers before.
        answer = json.loads(said.splitlines()[-1])
    except (IndexError, ValueError):
        yield said[:500]
        return
    yield from differences(truth, answer)
    if (took := time.monotonic() - started) > _LONG:
        yield f"took {took:.1f} s"


def run_to_ready(gdb: Gdb, binary: Path, mode: str, scratch: Path) -> dict[str, Any]:
    printed = scratch / "printed"
    said = gdb.run(f"run {mode} stop < /dev/null > {printed}", _PATIENCE)
    assert f", {READY}" in said, said
    truth: dict[str, Any] = json.loads(printed.read_text())
    return truth


def open_core(gdb: Gdb, binary: Path, mode: str, scratch: Path) -> dict[str, Any]:
    died = subprocess.run(
        [binary, mode, "abort"],
        cwd=scratch,
        env={**os.environ, "GOTRACEBACK": "crash"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        preexec_fn=allow_cores,
        timeout=_PATIENCE,
        check=False,
    )
    cores = list(scratch.glob("core*"))
    assert len(cores) == 1, f"no core: {died.stderr.decode()[-1000:]}"
    # GDB 18 opens the file again when it reads from it.
    core = cores[0].rename(scratch / "opened")
    gdb.run(f"core-file {core}")
    truth: dict[str, Any] = json.loads(died.stdout)
    return truth


def allow_cores() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))


def differences(truth: dict[str, Any], answer: dict[str, Any]) -> Iterator[str]:
    """What the program says of itself against what gomap-check does."""
    found = {(finding["rule"], finding["address"]): finding["text"] for finding in answer["findings"]}
    must = [(finding["rule"], finding["address"]) for finding in truth["must"]]
    for rule, address in must:
        if (rule, address) not in found:
            yield f"no {rule} at {address}"
    for (rule, address), text in found.items():
        if (rule, address) not in must and rule not in truth["may"]:
            yield f"{rule} at {address}, which does not follow: {text}"
    causes = [(cause["kind"], cause["address"]) for cause in answer.get("causes", ())]
    wanted = truth["cause"]["rule"], truth["cause"]["address"]
    if causes != ([wanted] if all(wanted) else []):
        yield f"causes {causes}, not {wanted}"
    if causes:
        loose = [
            each["text"]
            for each in answer["findings"]
            if each["rule"] in (truth["counted"] or ()) and "cause" not in each
        ]
        yield from (f"not counted under its cause: {text}" for text in loose)
        yield from of_the_cause(truth, answer["causes"][0])
    words = {(each["rule"], each["address"]): each["word"] for each in answer["findings"] if "word" in each}
    of_first = words.pop(must[0], {}) if "word" in truth else {}
    if {key: of_first.get(key) for key in truth.get("word", {})} != truth.get("word", {}):
        yield f"the word at {must[0]} is {of_first}, not {truth['word']}"
    yield from (f"no word was overwritten: {word}" for word in words.values() if word["is"] != "address")
    says = truth.get("says", "")
    if must and says not in found.get(must[0], says):
        yield f"{must[0][0]} does not say {says!r}: {found[must[0]]}"


def of_the_cause(truth: dict[str, Any], cause: dict[str, Any]) -> Iterator[str]:
    """What a cause says of itself against what the program knows."""
    for name, shown in truth.get("shown", {}).items():
        wrong = {key: cause.get(name, {}).get(key) for key, value in shown.items() if cause[name].get(key) != value}
        if wrong:
            yield f"{name} of the cause has {wrong}, not {shown}"
    was = truth.get("was", {})
    told = {each["key"]: each["was"] for each in cause.get("shared", {}).get("before", ())}
    if was and not told:
        yield "not one key is told to have been another"
    yield from (
        f"the key at {key} was {was.get(key)}, not {text}" for key, text in told.items() if was.get(key) != text
    )


def await_spinning(pid: int) -> None:
    """Returns when a process has computed for a tenth of a second: it does nothing else any more."""
    end = time.monotonic() + _PATIENCE
    while True:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        if (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") > 0.1:
            return
        assert time.monotonic() < end, "the program does not spin"
        time.sleep(0.02)
