"""Installing: what is there is taken, what was interrupted is made again, and what can't be had is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures import fetching, toolchains


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(fresh: Path) -> None:
        made.append(fresh)
        fresh.write_text("whole")

    place = tmp_path / "tool"
    assert fetching.once(place, make).read_text() == "whole"
    assert fetching.once(place, make) == place
    assert len(made) == 1


def test_an_interrupted_installation_is_made_again(tmp_path: Path) -> None:
    place = tmp_path / "tool"

    def break_off(fresh: Path) -> None:
        fresh.mkdir()
        (fresh / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetching.once(place, break_off)
    assert not place.exists()
    fetching.once(place, lambda fresh: fresh.mkdir())
    assert list(place.iterdir()) == []


def test_the_cache_goes_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GOMAP_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert fetching.cache() == tmp_path / "xdg" / "gomap"
    monkeypatch.setenv("GOMAP_CACHE", str(tmp_path / "own"))
    assert fetching.cache() == tmp_path / "own"


def test_an_unknown_tool_is_named_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert toolchains.main(["go:1.0"]) == 1
    said = capsys.readouterr().err
    assert "go:1.0" in said
    assert "go:1.27.3" in said


def test_without_apt_it_is_said_which_package_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GOMAP_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(toolchains, "_INSTALLED", tmp_path)
    with pytest.raises(fetching.MissingError, match=r"golang-1\.19-go"):
        toolchains.go("1.19")


def test_a_gdb_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(fetching.MissingError, match="no gdb on this machine"):
        toolchains.system_gdb()
