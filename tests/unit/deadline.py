"""How long a look at ruined memory may take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["soon"]

#: Seconds of processor time, so that a busy machine makes no test fail; five times what the slowest takes, as against
#: for ever.
SOON = 5.0


@contextmanager
def soon(seconds: float = SOON) -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < seconds
