"""Which calls on a stack are of the program's own functions, and which are of the standard library's."""

from __future__ import annotations

from collections.abc import Iterable

from gomap.goruntime.functions import Call
from gomap.goruntime.tracebacks import CallFrame, Traceback

__all__ = ["library_folder", "of_library", "own_call"]

#: Where in a Go installation the standard library is, and the runtime in it.
_LIBRARY, _RUNTIME = "/src/", "/src/runtime/"


def own_call(trace: Traceback, root: str) -> CallFrame | None:
    """The innermost call of a function of the program's own; failing that, of one outside of the runtime; or any.

    ROOT: the folder that the files of the standard library are in.
    """
    mine = (each for each in trace.calls if not of_library(each.call, root))
    outside = (each for each in trace.calls if not each.call.name.startswith("runtime."))
    return next(mine, None) or next(outside, None) or next(iter(trace.calls), None)


def library_folder(traces: Iterable[Traceback]) -> str:
    """The folder that the files of the standard library are in, as the compiler had it; empty if it left that out."""
    files = (call.call.file for trace in traces for call in trace.calls if call.call.name.startswith("runtime."))
    return next((file[: file.index(_RUNTIME) + len(_LIBRARY)] for file in files if _RUNTIME in file), "")


def of_library(call: Call, root: str) -> bool:
    """Whether a function is of the standard library, by its file or, where files have no folder, its package."""
    if call.name.startswith("main."):
        return False
    if root:
        return call.file.startswith(root) or call.file.startswith("<")
    return "." not in call.name.partition("/")[0] or "/" not in call.name
