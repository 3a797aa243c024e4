"""What the kernel lets one do: look into a running process, and have cores written."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from gomap.elf.ptrace import Stop, StopError
from gomap.shell.doctor.answer import Answer

__all__ = ["cores", "ptrace"]

_PROC = Path("/proc")
_SCOPE = Path("sys/kernel/yama/ptrace_scope")
_PATTERN = Path("sys/kernel/core_pattern")
_CAP_SYS_PTRACE = 19
#: Bit of /proc/PID/coredump_filter: memory that is no file's and nobody else's, as Go's heap is (core(5)).
_ANONYMOUS_PRIVATE = 0

_START = "start the program with GOTRACEBACK=crash, without which Go ends it and leaves none"
#: Programs that core_pattern hands cores to, and where they keep them.
_KEEPERS = {
    "systemd-coredump": "coredumpctl list has them: coredumpctl -o CORE dump PID",
    "apport": "they are in /var/lib/apport/coredump, or in a report in /var/crash: apport-unpack REPORT FOLDER",
    "abrt-hook-ccpp": "they are below /var/spool/abrt: abrt list",
}


def ptrace(proc: Path = _PROC) -> Answer:
    """Whether a process that was not started by the debugger can be looked into; tried on one of our own."""
    refused = _refusal()
    if refused:
        advice = (
            "this is how containers are often set up: docker run --cap-add=SYS_PTRACE; in Kubernetes, kubectl debug "
            "--profile=sysadmin, or capabilities: {add: [SYS_PTRACE]}"
        )
        return Answer("ptrace", "missing", refused, advice)
    scope = _read(proc / _SCOPE)
    privileged = _has_capability(_CAP_SYS_PTRACE, proc)
    if scope in ("", "0"):
        return Answer("ptrace", "ok", f"works on {'processes of all users' if privileged else 'your own processes'}")
    if scope in ("1", "2") and privileged:
        return Answer("ptrace", "ok", f"works: you have CAP_SYS_PTRACE (ptrace_scope is {scope})")
    if scope == "1":
        says = "works on what the debugger starts; to attach to others takes root (ptrace_scope is 1)"
        return Answer("ptrace", "missing", says, "sudo gomap attach PID; or as root: sysctl kernel.yama.ptrace_scope=0")
    if scope == "2":
        says = "takes root, even on what the debugger starts (ptrace_scope is 2)"
        return Answer("ptrace", "missing", says, "sudo gomap attach PID; or as root: sysctl kernel.yama.ptrace_scope=0")
    says = f"is forbidden to everybody until this machine is booted anew (ptrace_scope is {scope})"
    return Answer("ptrace", "missing", says, "have cores written instead")


def cores(proc: Path = _PROC) -> Iterator[Answer]:
    """Whether a program that crashes leaves a core, where, and whether all of it."""
    pattern = _read(proc / _PATTERN)
    yield _where(pattern)
    yield _how_much(piped=pattern.startswith("|"))
    filtered = _read(proc / "self" / "coredump_filter")
    if filtered and not int(filtered, 16) >> _ANONYMOUS_PRIVATE & 1:
        says = f"coredump_filter is 0x{filtered.lstrip('0') or '0'}: cores are without the heap"
        yield Answer(
            "core content", "missing", says, "echo 0x33 > /proc/self/coredump_filter before the program starts"
        )


def _where(pattern: str) -> Answer:
    subject = "core pattern"
    if not pattern:
        return Answer(subject, "missing", "is empty: no cores are written", "as root: sysctl kernel.core_pattern=core")
    if pattern.startswith("|"):
        keeper = os.path.basename(pattern[1:].split(" ")[0])
        known = _KEEPERS.get(keeper)
        if known:
            return Answer(subject, "ok", f"cores are handed to {keeper}", f"{known}; {_START}")
        says = f"cores are handed to '{pattern[1:]}', outside of any container"
        return Answer(
            subject, "note", says, f"look there for them, or as root: sysctl kernel.core_pattern=core; {_START}"
        )
    folder = os.path.dirname(pattern)
    if folder.startswith("/") and "%" not in folder and not os.access(folder, os.W_OK):
        says = f"cores would go to {pattern}, but {folder} is not there or not to be written"
        return Answer(subject, "missing", says, f"make {folder}, or as root: sysctl kernel.core_pattern=core")
    where = "" if folder.startswith("/") else ", in the directory that the program runs in"
    return Answer(subject, "ok", f"cores go to {pattern}{where}", _START)


def _how_much(piped: bool) -> Answer:
    subject = "core size"
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if piped and soft != 1:  # see core(5)
        return Answer(subject, "ok", "is not limited by the kernel where cores are handed to a program")
    if soft == resource.RLIM_INFINITY:
        return Answer(subject, "ok", "is not limited")
    lift = "ulimit -c unlimited in the shell that starts the program"
    if hard != resource.RLIM_INFINITY:
        lift = "as root: ulimit -c unlimited in the shell that starts the program"
    lift += "; systemd: LimitCORE=infinity; docker run --ulimit core=-1"
    if soft == 0:
        return Answer(subject, "missing", "ulimit -c is 0 here: no cores are written", lift)
    return Answer(subject, "missing", f"ulimit -c cuts cores after {soft} bytes here", lift)


def _refusal() -> str:
    """Why a process of our own cannot be stopped; empty if it can."""
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE) as child:
        try:
            with Stop(child.pid):
                return ""
        except StopError as error:
            return str(error)
        finally:
            child.kill()


def _has_capability(number: int, proc: Path) -> bool:
    for line in _read(proc / "self" / "status").splitlines():
        name, _, value = line.partition(":")
        if name == "CapEff":
            return bool(int(value, 16) >> number & 1)
    return False


def _read(path: Path) -> str:
    """What stands there; nothing where this kernel has no such file."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
