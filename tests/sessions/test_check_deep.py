"""gomap-check -all -deep: every map of a process, a damaged one in a field of an item of a slice among them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from gomap import views
from gomap.elf.target import open_core
from gomap.program.program import Program
from tests.fixtures.builds import build, kernel_core_of
from tests.sessions.gomap import gomap

_PATH = "main.Tree.Kids[2].inner.Tags"


@pytest.mark.parametrize("go", ["1.23.9", "1.27.3"])
def test_a_map_that_is_no_variable_is_checked_too(go: str, tmp_path: Path) -> None:
    binary = build("census", go)
    core = kernel_core_of(binary)
    truths = [json.loads(line) for line in core.printed.read_text().splitlines()[:-1]]
    sound = gomap("core", binary, core.path, "check", "-all", "-deep")
    checked = re.search(r"^(\d+) maps checked, [\d]+ entries: no findings", sound.stdout, re.M)
    assert checked, sound.stdout
    # Those of which nothing tells the type are named, and not counted as sound.
    unknown = re.findall(r"^(\S.*?): (?:nothing tells its type|its type is not certain: .*)$", sound.stdout, re.M)
    assert sound.returncode == (2 if unknown else 0)
    assert int(checked[1]) + len(unknown) >= len(truths)

    header = Program(open_core(binary, core.path)).memory.read(
        next(truth["address"] for truth in truths if truth["path"] == _PATH), 32
    )
    content = core.path.read_bytes()
    assert content.count(header) == 1  # the seed is in it
    count = int.from_bytes(header[:8], "little")
    damaged = tmp_path / "core"
    damaged.write_bytes(content.replace(header, (count + 3).to_bytes(8, "little") + header[8:]))
    shallow = gomap("core", binary, damaged, "check", "-all")
    assert shallow.returncode == 0 and _PATH not in shallow.stdout
    deep = gomap("core", binary, damaged, "check", "-all", "-deep")
    assert deep.returncode == 1, deep.stdout
    assert f"{_PATH}:\nmain.Tags at " in deep.stdout and "count-mismatch" in deep.stdout
    assert "1 with findings" in deep.stdout
    document = json.loads(gomap("core", binary, damaged, "check", "-all", "-deep", "-json").stdout)
    schema = json.loads((Path(views.__file__).parent / "gomap.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)
    assert [each["variable"] for each in document["maps"] if each["findings"]] == [_PATH]
    assert "-deep goes with -all" in gomap("core", binary, core.path, "check", "-deep", "main.One").stderr
