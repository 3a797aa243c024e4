"""The files that debuggers source. They lie beside the package, in a checkout as where it is installed."""

from __future__ import annotations

from pathlib import Path

__all__ = ["DELVE_SCRIPT", "GDB_SCRIPT"]

_BESIDE = Path(__file__).resolve().parents[2]

#: For GDB: loads the package that lies beside it.
GDB_SCRIPT = _BESIDE / "gdb_gomap"
#: For Delve, in Starlark alone.
DELVE_SCRIPT = _BESIDE / "dlv_scripts" / "gomap.star"
