"""Options of the whole test run, and what becomes of a test whose tools are not to be had."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

from tests.fixtures.fetching import MissingError


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--matrix",
        action="store_true",
        help="run sessions for the full product of Go versions, builds, debuggers and ways to a process",
    )


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup() -> Generator[None, object, object]:
    with _said_if_missing():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Generator[None, object, object]:
    with _said_if_missing():
        return (yield)


@contextmanager
def _said_if_missing() -> Iterator[None]:
    """Where a tool is missing a test is skipped, and the run's end says why; in CI it fails."""
    try:
        yield
    except MissingError as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(missing))
