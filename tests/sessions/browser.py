"""Chromium without a screen, which opens pages that gomap has written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.fixtures import toolchains

__all__ = ["Browser", "Page", "browser", "opened"]


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=toolchains.chromium())
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def opened(browser: Browser, file: Path, colours: str = "light") -> Iterator[Page]:
    """The page in FILE once its scripts have done their work; what goes wrong in it fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=colours)  # type: ignore[arg-type]
    page = context.new_page()
    wrong: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-ready]", timeout=20_000)
    try:
        yield page
    finally:
        context.close()
    assert not wrong
    assert asked == [file.as_uri()], "a page needs nothing but itself"
