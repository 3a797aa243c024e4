"""What gomap says of maps in a stripped program whose types nothing but their keys' hashes tells."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.fixtures.builds import build, core_of
from tests.fixtures.toolchains import GO_VERSIONS
from tests.sessions.debugger import schema
from tests.sessions.gomap import gomap

_USUAL = ("1.23.9", "1.27.3")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "go" in metafunc.fixturenames:
        everything = metafunc.config.getoption("--matrix")
        built = [(go, "amd64") for go in (GO_VERSIONS[1:] if everything else _USUAL)]
        built += [(go, machine) for go in _USUAL[not everything :] for machine in ("386", "arm64")]
        metafunc.parametrize(("go", "machine"), built)


def test_the_census_says_what_told_a_type_and_what_it_may_be(go: str, machine: str) -> None:
    binary, core, said = stripped(go, machine)
    typed = "".join(f"list {each}\n" for each in ("-each", "-json", "-json -type map[int32]string"))
    text = gomap("core", binary, core, typed=typed.replace("\n", " -limit 300\n")).stdout
    assert re.search(r"  map\[interface \{\}\]int, by the hashes of \d of \d keys$", text, re.M)
    assert re.search(
        r"  perhaps map\[int32\]string or map\[uint32\]string, by the hashes of [5-8] of [5-8] keys\n"
        r"      neither hashes nor pointers tell these types apart$",
        text,
        re.M,
    )
    assert re.search(
        r"  perhaps map\[.*, by the hash of one key\n      by so few keys a wrong type fits one map in \d+$", text, re.M
    )
    listed, only = (json.loads(line) for line in text.splitlines() if line.startswith("{"))
    schema().validate(listed)
    by_address = {int(each["address"], 16): each for each in listed["maps"]}
    for address, type in said.items():
        each = by_address[address]
        assert type in (each["type"], *each.get("perhaps", ())) or type == "main.headers"
        assert ("perhaps" in each) == (each["type"] is None) == ("problem" in each)
    assert {int(each["address"], 16) for each in only["maps"]} >= {
        address for address, type in said.items() if type == "map[int32]string"
    }


def test_an_address_alone_names_a_map_if_only_one_type_fits(go: str, machine: str) -> None:
    binary, core, said = stripped(go, machine)
    listed = json.loads(gomap("core", binary, core, "list", "-json", "-limit", "300").stdout)["maps"]
    by_hashes = [each for each in listed if "typeBy" in each and int(each["address"], 16) in said]
    certain = next(each for each in by_hashes if each["type"])
    doubtful = next(each for each in by_hashes if not each["type"] and len(each["perhaps"]) > 1)
    checks = "".join(f"check -type '{type}' {doubtful['address']}\n" for type in doubtful["perhaps"])
    done = gomap("core", binary, core, typed=f"header {certain['address']}\ncheck {doubtful['address']}\n{checks}")
    assert done.stdout.startswith(
        f"{certain['type']} at {certain['address']} ({certain['kind']}, "
        f"recognised by its invariants and the hashes of its keys): "
    )
    assert f"its type is not certain: {'keys are' if doubtful['keys'] else 'perhaps'} " in done.stderr
    assert done.stderr.rstrip().endswith("; give -type 'map[K]V'"), done.stderr
    assert done.stdout.count(f" at {doubtful['address']} ({certain['kind']}): no findings in") == len(
        doubtful["perhaps"]
    )


def stripped(go: str, machine: str) -> tuple[Path, Path, dict[int, str]]:
    """The fixture untyped, a core of it, and the types of its maps by their addresses, as it had said."""
    binary = build("untyped", go, ldflags="-s -w", goarch=machine)
    core = core_of(binary)
    lines = (line.split("\t") for line in core.printed.read_text().splitlines())
    return binary, core.path, {int(address, 16): type for address, _, type in lines}
