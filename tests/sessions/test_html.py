"""The pages that gomap writes, in a browser: what is shown, by mouse, keys and screen reader; what must not run.

The truth: of tests/fixtures, faults prints which rule its map breaks where, markup prints its keys; large is known.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.builds import build, kernel_core_of
from tests.sessions.browser import Browser, Page, browser, opened
from tests.sessions.gomap import gomap

pytestmark = pytest.mark.xdist_group("html")

_MOST_BYTES, _MOST_SECONDS = 5_000_000, 2.0
_BUILDS = ["1.23.9", "1.27.3"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as there:
        yield there


def written(place: Path, program: str, go: str, arguments: tuple[str, ...], *command: str) -> tuple[Path, Path]:
    """The page that gomap writes of a core, and what the program had printed."""
    binary = build(program, go)
    core = kernel_core_of(binary, *arguments)
    page = place / "page.html"
    done = gomap("core", binary, core.path, "check", "-html", page, *command)
    assert f"-> {page}" in done.stdout.splitlines(), done.stdout + done.stderr
    return page, core.printed


@pytest.mark.parametrize(("go", "mode"), [("1.23.9", "dangling-overflow"), ("1.27.3", "probe-broken")])
def test_findings_are_marked_searched_and_gone_to(chromium: Browser, tmp_path: Path, go: str, mode: str) -> None:
    binary = build("faults", go)
    modes = json.loads(subprocess.run([binary, "list"], capture_output=True, check=True).stdout)
    chosen = next(each for each in modes if each.startswith(mode))
    variable = json.loads(kernel_core_of(binary, chosen, "abort").printed.read_text())["variable"]
    page_file, printed = written(tmp_path, "faults", go, (chosen, "abort"), variable)
    truth: dict[str, Any] = json.loads(printed.read_text())
    with opened(chromium, page_file) as page:
        for must in truth["must"]:
            rows = page.locator("tr.found", has_text=must["rule"])
            assert rows.count() >= 1
        shown = page.get_by_role("button", name=re.compile("in the drawing")).first
        named = shown.get_attribute("aria-label")
        assert named is not None
        rule = named.split()[1]
        shown.click()
        detail = page.locator("#said").text_content()
        assert detail is not None
        assert f" {rule}: " in detail
        assert page.evaluate("document.activeElement.getAttribute('role')") == "application"
        page.get_by_role("searchbox").fill("no such words")
        assert not page.locator("tr.found").first.is_visible()
        page.get_by_role("searchbox").fill(truth["must"][0]["rule"].upper())
        assert page.locator("tr.found", has_text=truth["must"][0]["rule"]).first.is_visible()
        assert re.fullmatch(r"\d+ of \d+ lines have it", page.locator("#hits").text_content() or "")


@pytest.mark.parametrize("go", _BUILDS)
def test_a_key_is_text_whatever_it_says(chromium: Browser, tmp_path: Path, go: str) -> None:
    page_file, printed = written(tmp_path, "markup", go, (), "main.pages")
    with opened(chromium, page_file) as page:
        page.get_by_role("application").focus()
        told = {told_at(page)}
        for _ in range(15):
            page.keyboard.press("ArrowRight")
            told.add(told_at(page))
        keys = [key for key in json.loads(printed.read_text()) if key.isprintable()]
        assert len(keys) == 6
        for key in keys:
            literal = json.dumps(key)
            assert any(f"key {literal}" in text for text in told), literal
        assert page.evaluate("window.ran") is None
        assert page.locator("img, svg").count() == 0
        assert page.locator("script").count() == 2
    # Even what gets into the page as HTML cannot run.
    context = chromium.new_context()
    page = context.new_page()
    page.goto(page_file.as_uri())
    page.evaluate("""document.body.insertAdjacentHTML("beforeend", '<img src=x onerror="window.ran = 6">')""")
    page.evaluate(
        """const script = document.createElement("script");
        script.textContent = "window.ran = 7"; document.body.append(script)"""
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    context.close()


@pytest.mark.parametrize("go", _BUILDS)
def test_a_map_of_a_million_entries_opens_at_once(chromium: Browser, tmp_path: Path, go: str) -> None:
    page_file, _ = written(tmp_path, "large", go, ("abort",), "-quick", "main.million")
    assert page_file.stat().st_size < _MOST_BYTES
    taken = []
    for _ in range(3):
        with opened(chromium, page_file) as page:
            taken.append(float(page.locator("html").get_attribute("data-ready") or "inf") / 1000)
            assert "full 1,000,000" in (page.locator(".legend").text_content() or "")
            grid = page.get_by_role("application")
            grid.focus()
            first = told_at(page)
            page.keyboard.press("End")
            last = told_at(page)
            assert first.startswith("bucket 0 " if go == "1.23.9" else "table 0 group 0 ")
            assert re.match(r"bucket 262143 |table \d+ group 127 ", last)
            found = re.search(r"key (\d+)\s+element (\d+)", first)
            if found:
                assert int(found[2]) == 3 * int(found[1]) + 1
        if taken[-1] < _MOST_SECONDS:
            break
    assert min(taken) < _MOST_SECONDS


def test_colours_follow_the_reader(chromium: Browser, tmp_path: Path) -> None:
    page_file, _ = written(tmp_path, "markup", "1.27.3", (), "main.pages")
    grounds = []
    for colours in ("light", "dark"):
        with opened(chromium, page_file, colours) as page:
            grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            grid = page.locator(".scroller > canvas")
            assert len(page.evaluate("canvas => canvas.toDataURL()", grid.element_handle())) > 1000
    assert grounds == ["rgb(255, 255, 255)", "rgb(13, 17, 23)"]


def test_a_mouse_over_a_slot_tells_what_is_in_it(chromium: Browser, tmp_path: Path) -> None:
    page_file, _ = written(tmp_path, "markup", "1.23.9", (), "main.pages")
    with opened(chromium, page_file) as page:
        box = page.locator(".scroller > canvas").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 12, box["y"] + 26)
        hover = page.locator(".hover")
        assert hover.is_visible()
        assert re.match(r"bucket 0 at 0x[0-9a-f]+, slot 0: full, mark [0-9a-f]{2}", hover.text_content() or "")
        page.mouse.move(2, 2)
        assert not hover.is_visible()


def test_long_lines_are_not_cut_off(chromium: Browser, tmp_path: Path) -> None:
    """The report says some things in more words than a line has room for; and no page need be pushed sideways."""
    binary = build("deaths", "1.27.3")
    core = kernel_core_of(binary, "reused")
    gomap("core", binary, core.path, "postmortem", "-html", tmp_path / "page.html")
    with opened(chromium, tmp_path / "page.html") as page:
        wide = page.locator("pre").first.evaluate("it => [it.scrollWidth, it.clientWidth]")
        assert wide[0] == wide[1]
        page.set_viewport_size({"width": 420, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == 420


def test_a_page_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    binary = build("markup", "1.27.3")
    done = gomap("core", binary, kernel_core_of(binary).path, "check", "-html", tmp_path / "no" / "page", "main.pages")
    assert done.returncode == 2
    assert done.stderr == f"gomap: gomap-check: cannot write {tmp_path}/no/page: No such file or directory\n"


def told_at(page: Page) -> str:
    """What a screen reader is told last."""
    return page.locator("#said").text_content() or ""
