"""``gomap dlv`` and ``gomap connect``: Delve's terminal, in which gomap's commands are typed as in GDB."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from gomap.commands import COMMANDS
from gomap.commands.command import explained
from gomap.commands.plain_door import PlainDoor
from gomap.delve.arguments import DelveArguments
from gomap.delve.bridge import Bridge, Request
from gomap.delve.live import DelveLive
from gomap.delve.rpc import CallError, ConnectionLostError, Rpc
from gomap.delve.scope import DelveScope
from gomap.delve.target import reads_core, served_target
from gomap.delve.terminal import Terminal
from gomap.delve.writing import DelveProcess
from gomap.program.program import Program, ProgramError

__all__ = ["DelveServer", "connect", "start"]

_LISTENS = re.compile(r"API server listening at: (\S+):(\d+)")
_FAILED = 2
_PR_SET_PDEATHSIG = 1
#: Seconds in which the program stops, if it does.
_PATIENCE = 3.0
#: The most bytes that are passed on at once.
_CHUNK = 1 << 16


def start(arguments: Sequence[str]) -> int:
    """Start Delve with ARGUMENTS as a server, and a terminal connected to it; the exit status.

    ``-donor FILE`` before them is gomap's.
    """
    donor = None
    if arguments[:1] in (["-donor"], ["--donor"]):
        if len(arguments) < 2:
            return _fail("-donor needs a file")
        donor, arguments = Path(arguments[1]), arguments[2:]
    delve = os.environ.get("DLV", "dlv")
    given = DelveArguments(arguments)
    refused = given.refused()
    if refused is not None:
        return _fail(refused)
    ours = ["--headless", "--accept-multiclient"]
    if given.options.isdisjoint(("--listen", "-l")):
        ours.append("--listen=127.0.0.1:0")
    try:
        server = subprocess.Popen(
            [delve, *given.delves, *ours, *given.programs],
            stdin=subprocess.DEVNULL,  # what is typed is for Delve's terminal
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,  # so is Ctrl-C
            preexec_fn=_die_with_parent,
        )
    except OSError as error:
        return _fail(f"cannot start {delve}: {error.strerror}; install Delve, or name it in $DLV")
    try:
        address = _listening(server)
        if address is None:
            return server.wait() or _FAILED * given.asks_to_debug
        try:
            rpc = Rpc(*address)
            return _converse(delve, rpc, given.program, given.core, donor, given.init)
        except ConnectionLostError as error:
            try:
                # It listens before it opens what it is to debug; if it could not, it has said why.
                return server.wait(_PATIENCE) or _FAILED
            except subprocess.TimeoutExpired:
                return _fail(str(error))
    finally:
        _end(server)


def connect(address: str, program: Path | None = None, core: Path | None = None, donor: Path | None = None) -> int:
    """A terminal connected to the server at ADDRESS (``HOST:PORT``); the exit status.

    PROGRAM, CORE: what the server has opened, where it does not tell, or has it elsewhere. DONOR: another program, as
    StrippedTarget takes it.
    """
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        return _fail(f"{address}: not HOST:PORT")
    try:
        rpc = Rpc(host or "127.0.0.1", int(port))
        return _converse(os.environ.get("DLV", "dlv"), rpc, program, core, donor, None)
    except ConnectionLostError as error:
        return _fail(str(error))


class DelveDoor(PlainDoor):
    """What Delve offers to a command: the frame that was selected when it was typed.

    Args:
        rpc: the connection.
        program: what the server debugs.
        request: the command.
    """

    def __init__(self, rpc: Rpc, program: Program, request: Request) -> None:
        super().__init__()
        self._rpc, self._program, self._request = rpc, program, request

    def scope(self) -> DelveScope:
        return DelveScope(self._rpc, self._program, self._request.goroutine, self._request.frame)

    def program(self) -> Program:
        return self._program

    def frame(self, number: int) -> DelveScope:
        scope = DelveScope(self._rpc, self._program, self._request.goroutine, number)
        scope.demand()
        return scope

    def live(self) -> DelveLive:
        return DelveLive(self._rpc, self._program)

    def process(self) -> DelveProcess:
        pid = self._rpc.call("State", NonBlocking=True)["State"]["Pid"]
        return DelveProcess(self._rpc, pid, self._program.byte_order)

    def besides(self) -> Iterable[str]:
        yield "'help COMMAND' says more."


class DelveServer:
    """A server's program, opened when it is first asked about; restarting it makes it another one."""

    def __init__(self, rpc: Rpc, program: Path | None, core: Path | None = None, donor: Path | None = None) -> None:
        self._rpc, self._files = rpc, (program, core, donor)
        self._pid = 0
        self._program: Program | None = None

    def answer(self, request: Request) -> Iterator[str]:
        """The lines that a command says; its failure is one."""
        command = COMMANDS[request.command]
        try:
            yield from command.lines(DelveDoor(self._rpc, self._standing_still(), request), request.line)
        except (ConnectionLostError, CallError) as error:
            yield str(error) if isinstance(error, ConnectionLostError) else f"Delve: {error}"
        except Exception as error:
            yield explained(error, command.name)

    def _standing_still(self) -> Program:
        try:
            state = self._rpc.call("State", NonBlocking=True)["State"]
        except CallError as error:  # Process 4711 has exited with status 0
            raise ProgramError(f"no process: {error}") from None
        if state["exited"]:
            raise ProgramError("no process: the program has ended; 'restart' runs it again")
        if state["Running"]:
            raise ProgramError("the program is running: stop it first")
        if self._program is None or self._pid != state["Pid"]:
            self._program, self._pid = Program(served_target(self._rpc, *self._files)), state["Pid"]
        self._program.moved()
        return self._program


def _converse(
    delve: str, rpc: Rpc, program: Path | None, core: Path | None, donor: Path | None, init: str | None
) -> int:
    """Raises ConnectionLostError if the server goes away before anything has begun."""
    if core is None and reads_core(rpc):
        print(
            "gomap: this Delve reads a core, and does not tell which: name it with -core FILE, "
            "or what the core has not got of mapped files is shown as something else",
            file=sys.stderr,
        )
    server = DelveServer(rpc, program, core, donor)
    busy = threading.Event()

    def interrupt() -> bool:
        """Ctrl-C ends the command of gomap's that runs, or stops the program if it runs; else it is Delve's."""
        if busy.is_set():
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            return True
        return _halted(rpc.host, rpc.port)

    bridge = Bridge({name: command.help for name, command in COMMANDS.items()})
    script = bridge.script.with_name("init")
    script.write_text("".join(f"source {each}\n" for each in (bridge.script, init) if each is not None))
    arguments = [delve, "connect", f"{rpc.host}:{rpc.port}", "--init", str(script)]
    if not sys.stdin.isatty():
        arguments.append("--allow-non-terminal-interactive=true")
    # Who started us may have had it ignored, as a shell does for what it puts in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _leave)
    terminal = Terminal(arguments, os.environ, interrupt)
    try:
        while (request := bridge.request(terminal.ended)) is not None:
            with suppress(KeyboardInterrupt):
                try:
                    busy.set()
                    bridge.answer(server.answer(request), terminal.ended)
                finally:
                    busy.clear()
    finally:
        terminal.close()
        bridge.close()
        rpc.close()
    return terminal.status


def _halted(host: str, port: int) -> bool:
    """Stop the program, if it runs. (Delve's terminal would ask first whether to leave the server.)

    What a client has resumed by DAP, an IDE say, Delve lets no other one stop: it answers when that one has.
    """
    try:
        rpc = Rpc(host, port)
        if not rpc.call("State", NonBlocking=True)["State"]["Running"]:
            rpc.close()
            return False
    except (ConnectionLostError, CallError):
        return False
    halt = threading.Thread(target=_halt, args=(rpc,), daemon=True)
    halt.start()
    halt.join(_PATIENCE)
    if halt.is_alive():
        print("\ngomap: the program goes on: stop it in the IDE that let it run", flush=True)
    return True


def _halt(rpc: Rpc) -> None:
    with suppress(ConnectionLostError, CallError):
        rpc.call("Command", name="halt")
    rpc.close()


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    """A signal that ends gomap: what it began is ended too, and the terminal is as it was."""
    sys.exit(128 + number)


def _listening(server: subprocess.Popen[bytes]) -> tuple[str, int] | None:
    """Where SERVER listens, once it says so; None if it ends first. What else it says is passed on."""
    assert server.stdout is not None
    for line in iter(server.stdout.readline, b""):
        found = _LISTENS.search(text := line.decode("utf-8", "replace"))
        if found:
            # What the program prints comes from there too.
            threading.Thread(target=_pass_on, args=(server,), daemon=True).start()
            return found[1], int(found[2])
        sys.stdout.write(text)
    return None


def _pass_on(server: subprocess.Popen[bytes]) -> None:
    assert server.stdout is not None
    while printed := server.stdout.read(_CHUNK):
        sys.stdout.buffer.write(printed)
        sys.stdout.buffer.flush()


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _die_with_parent() -> None:
    """The server is not to outlive gomap, however that ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _fail(text: str) -> int:
    print(f"gomap: {text}", file=sys.stderr)
    return _FAILED
