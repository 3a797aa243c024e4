"""What unit tests share: a real program's memory."""

from __future__ import annotations

import pytest

from tests.unit.dumped import CONFIGURATIONS, Dump, dump_of


@pytest.fixture(scope="session", params=CONFIGURATIONS, ids=str)
def dump(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Dump:
    """The program's memory and its account of it, in each configuration."""
    return dump_of(request.param, tmp_path_factory.mktemp("dump"))
