"""The examples do what they say: the demo shows its maps, and the post-mortem's page can be replayed word by word.

The demo's program is their fixture. What its maps hold can be read in examples/demo/main.go.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

import jsonschema
import pytest

from tests.fixtures import toolchains

_REPOSITORY = Path(__file__).parents[2]
_EXAMPLES = _REPOSITORY / "examples"
_SWISS, _CLASSIC = "1.27.3", "1.23.9"
#: A demo ends within a minute, a report within seconds.
_PATIENCE = 120

pytestmark = pytest.mark.xdist_group("examples")


@pytest.fixture(scope="module")
def gdb() -> Path:
    return toolchains.gdb()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a fresh clone looks like from its root: the demo, once run, leaves its programs in build/demo."""
    root = tmp_path_factory.mktemp("clone")
    for name in ("gdb_gomap", "gomap", "examples"):
        (root / name).symlink_to(_REPOSITORY / name)
    return root


@pytest.fixture(scope="module")
def demo(gdb: Path, root: Path) -> str:
    """What the demo says, run on both kinds of map."""
    return _demo(gdb, root / "build" / "demo", toolchains.go(_SWISS), toolchains.go(_CLASSIC))


def _demo(gdb: Path, place: Path, *go: Path, most_core: str = "hard") -> str:
    """What the demo says where a core may have that many bytes at most."""
    done = subprocess.run(
        ["bash", "-c", f'ulimit -c {most_core}; exec "$@"', "bash", _EXAMPLES / "demo.sh", *go],
        env={**os.environ, "GDB": str(gdb), "DEMO_DIR": str(place)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def _session(demo: str, go: str) -> dict[str, list[str]]:
    """The lines that each command of the demo's session with that Go's program was answered with."""
    _, _, rest = demo.partition(f"=== examples/demo/main.go, compiled by go{go} ===")
    session, without, _ = rest.partition("\n# The same without a debugger")
    assert session and without, demo
    _, *turns = session.split("\n(gdb) ")
    answers = {}
    for turn in turns:
        command, *answer = turn.splitlines()
        answers[command] = [line for line in answer if line and not line.startswith("# ")]
    return answers


@pytest.mark.parametrize("go", [_SWISS, _CLASSIC])
def test_the_demo_tells_whose_cart_was_missing(demo: str, go: str) -> None:
    assert "panic: assignment to entry in nil map" in demo
    shown = "\n".join(_session(demo, go)["gomap-walk main.sessions"])
    assert re.findall(r'full +"(t-\d+)": main.Session\{User:"(.*?)", Cart:map\[string\]int(.*?)\}$', shown, re.M) == [
        ("t-100", "ada", '{"article-7":2}'),
        ("t-102", r"\x1b[31mmallory", "{}"),
        ("t-103", "linus", "(nil)"),
        ("t-104", "ken", '{"article-42":1}'),
    ]


@pytest.mark.parametrize("go", [_SWISS, _CLASSIC])
def test_the_demo_shows_the_stock(demo: str, go: str) -> None:
    session = _session(demo, go)
    assert "1656 entries" in session["gomap-header main.stock"][0]
    (by_state,) = [answer for command, answer in session.items() if command.endswith("uniq -c")]
    counts = {state: int(count) for count, state in (line.split() for line in by_state)}
    assert counts.pop("full") == 1656
    assert set(counts) == ({"empty", "deleted"} if go == _SWISS else {"emptyOne", "emptyRest"})
    # Seven of ten were there, two went into the cart of t-100; article 10 is sold out.
    answers = [line.partition(" = ")[2] for command, lines in session.items() if "gomap_" in command for line in lines]
    assert answers == ["1656", "5", "0"]


@pytest.mark.parametrize("go", [_SWISS, _CLASSIC])
def test_the_demo_ends_with_the_same_without_a_debugger(demo: str, go: str) -> None:
    _, _, rest = demo.partition(f"=== examples/demo/main.go, compiled by go{go} ===")
    _, *turns = rest.partition("\n===")[0].split("\n$ python3 -m gomap core shop core ")
    alone = dict(turn.strip().split("\n", 1) for turn in turns)
    session = _session(demo, go)
    assert len(alone) == 2
    for command, answer in alone.items():
        assert answer.splitlines() == session[command]


def test_the_demo_shows_each_kind_of_map_in_its_states(demo: str) -> None:
    swiss, classic = _session(demo, _SWISS), _session(demo, _CLASSIC)
    (tombstone,) = [answer for command, answer in swiss.items() if "deleted |" in command]
    assert any(re.fullmatch(r"  [0-7]  fe  deleted", line) for line in tombstone)
    (chain,) = [answer for command, answer in classic.items() if "'->'" in command]
    assert sum(line.startswith("  overflow -> 0x") for line in chain) == 1
    moved = classic["gomap-walk -bucket 0 -old main.stock"]
    assert "growing from 256" in moved[0]
    assert re.search(r"^  0  0[234]  evacuated(X|Y|Empty)$", "\n".join(moved), re.M)


def test_the_demo_makes_a_core_where_the_kernel_gives_none(gdb: Path, tmp_path: Path) -> None:
    """As where core_pattern hands cores to a service: here no core may be of any size."""
    said = _demo(gdb, tmp_path, toolchains.go(_SWISS), most_core="0")
    assert "(That left no core here;" in said
    assert "Cart:map[string]int(nil)" in said


def test_the_page_can_be_replayed(demo: str, gdb: Path, root: Path, tmp_path: Path) -> None:
    page = (_EXAMPLES / "postmortem.md").read_text()
    transcripts = re.findall(r"^```console\n(.*?)^```", page, re.M | re.S)
    assert transcripts
    (tmp_path / "gdb").symlink_to(gdb)
    for transcript in transcripts:
        assert _normal(_replay(transcript, root, tmp_path)) == _normal(transcript)


def _replay(transcript: str, root: Path, path: Path) -> str:
    """What a shell in ROOT shows when the transcript's commands are typed, those prompts included."""
    script = "status=0\n"
    for prompts in re.findall(r"^\$ .*\n(?:> .*\n)*", transcript, re.M):
        command = re.sub(r"^[$>] ", "", prompts, flags=re.M)
        script += f"printf %s {shlex.quote(prompts)}; (exit $status)\n{command}status=$?\n"
    return subprocess.run(
        ["bash", "-c", script],
        cwd=root,
        env={**os.environ, "PATH": f"{path}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=_PATIENCE,
        check=True,
    ).stdout


def _normal(transcript: str) -> list[str]:
    """The lines without what is by chance: a hash becomes a word, an address its number in order of appearance."""
    numbers: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        # The blanks that fill a column depend on the address's length.
        return numbers.setdefault(found[1], f"0x#{len(numbers)}") + " "

    lines = []
    for line in transcript.splitlines():
        line = re.sub(r"^(  [0-7]  )[0-9a-f]{2}(  full)", r"\1h2\2", line)
        lines.append(re.sub(r"\b(0x[0-9a-f]{5,})\b *", number, line))
    return lines


@pytest.mark.parametrize("go", [_SWISS, _CLASSIC])
def test_a_report_has_all_entries_as_json(demo: str, gdb: Path, root: Path, tmp_path: Path, go: str) -> None:
    done = _report(gdb, root, tmp_path, *_crashed(root, go), "main.stock")
    assert (done.returncode, done.stderr) == (0, "")
    header, walk = (json.loads((tmp_path / "postmortem" / f"1-{part}.json").read_text()) for part in ("header", "walk"))
    schema = json.loads((_REPOSITORY / "gomap" / "views" / "gomap.schema.json").read_text())
    for document in (header, walk):
        jsonschema.validate(document, schema)
    slots = [slot for bucket in walk["buckets"] for slot in bucket["slots"] if slot["state"] == "full"]
    sold = {"article-7": 2, "article-42": 1}
    left = {f"article-{i}": i % 10 for i in range(1680) if i not in range(10, 1680, 70)}
    assert {slot["key"]["value"]: slot["elem"]["value"] for slot in slots} == {
        article: pieces - sold.get(article, 0) for article, pieces in left.items()
    }
    assert len(slots) == 1656


def test_a_map_is_found_by_its_address(demo: str, gdb: Path, root: Path, tmp_path: Path) -> None:
    _report(gdb, root, tmp_path, *_crashed(root, _CLASSIC), "main.sessions")
    address = json.loads((tmp_path / "postmortem" / "1-header.json").read_text())["address"]
    done = _report(gdb, root, tmp_path, *_crashed(root, _CLASSIC), f"-type 'map[string]main.Session' {address}")
    assert done.returncode == 0
    assert f"map[string]main.Session at {address} (classic): 4 entries in 1 bucket" in done.stdout


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("main.carts", "no variable main.carts"),
        ('main.sessions["t-103"]', 'main.sessions["t-103"] is a main.Session, not a map; its field Cart is'),
        ("-type 'map[string]int' 0x10", "0x10: no map header at 0x10: cannot read 48 bytes at 0x10"),
    ],
)
def test_what_is_no_map_is_told_and_the_others_are_shown(
    demo: str, gdb: Path, root: Path, tmp_path: Path, expression: str, complaint: str
) -> None:
    done = _report(gdb, root, tmp_path, *_crashed(root, _SWISS), expression, "main.sessions")
    assert (done.returncode, done.stderr) == (1, f"postmortem.py: {complaint}\n")
    assert "map[string]main.Session at" in done.stdout
    assert sorted(path.name for path in (tmp_path / "postmortem").iterdir()) == ["2-header.json", "2-walk.json"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["{program}", "nowhere", "main.stock"], "cannot read the core nowhere"),
        (["nothing", "{core}", "main.stock"], "no PROGRAM to read"),
        (["{program}", "{program}", "main.stock"], '"{program}" is not a core dump: file format not recognized'),
        (["{program}", "{core}"], "usage: gdb "),
    ],
)
def test_without_program_core_or_map_there_is_nothing_to_report(
    demo: str, gdb: Path, root: Path, tmp_path: Path, arguments: Sequence[str], complaint: str
) -> None:
    program, core = _crashed(root, _SWISS)
    done = _report(gdb, root, tmp_path, *(word.format(program=program, core=core) for word in arguments))
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"postmortem.py: {complaint.format(program=program)}")
    assert not (tmp_path / "postmortem").exists()


def _crashed(root: Path, go: str) -> tuple[str, str]:
    """The demo's program and its core."""
    place = root / "build" / "demo" / f"go{go}"
    return str(place / "shop"), str(place / "core")


def _report(gdb: Path, root: Path, place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The post-mortem of these, from PLACE."""
    script = root / "examples" / "postmortem.py"
    return subprocess.run(
        [gdb, "-nx", "-q", "-batch", "-iex", "set auto-load off", "-x", script, "--args", *arguments],
        cwd=place,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=_PATIENCE,
        check=False,
    )
