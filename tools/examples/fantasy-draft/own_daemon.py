"""A daemon of the example's own: in a temporary folder, on ports that are free, with the template for this host."""

from __future__ import annotations

import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from checks import Failed, eventually, expect

HERE = Path(__file__).resolve().parent
#: Whom the agents run as: root's daemon starts none as root, another one only its own user's.
USER = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def is_bindable(port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> bool:
    """Whether a server could listen there now. What a closed connection leaves behind for a minute is in nobody's way."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind == socket.SOCK_STREAM))
        try:
            probe.bind(("", port))
            if kind == socket.SOCK_STREAM:
                probe.listen()
        except OSError:
            return False
    return True


def free_range(size: int) -> range:
    """So many consecutive ports that nobody has bound, below Berth's usual pool and the system's own choices."""
    for _ in range(1000):
        first = random.randrange(11_000, 20_000 - size)
        found = range(first, first + size)
        if all(is_bindable(port) and is_bindable(port, socket.SOCK_DGRAM) for port in found):
            return found
    raise Failed(f"this host has no {size} free ports in a row")


class OwnDaemon:
    """Runs Berth, and ends it and whatever it started with the ``with`` block."""

    def __init__(self, binary: Path, venv: Path, size: int) -> None:
        self.binary = binary
        self.pool = free_range(size)
        self._process: subprocess.Popen[bytes] | None = None
        self._router = "127.0.0.1:0"
        # The agents' user reads the folder; the daemon's files in it are for nobody else.
        self.folder = Path(tempfile.mkdtemp(prefix="berth-draft-"))
        self.folder.chmod(0o755)
        (self.folder / "venv").symlink_to(venv)
        shutil.copy(HERE / "agents.py", self.folder)
        self._state = self.folder / "state"
        self._state.mkdir(mode=0o700)
        self.socket = str(self._state / "berth.sock")
        self._log = self._state / "daemon.log"
        self._write_template()

    def _write_template(self) -> None:
        text = (HERE / "berth.yaml").read_text()
        for written, here in (("/srv/fantasy-draft", str(self.folder)), ("user: draft ", f"user: {USER} ")):
            expect(written in text, f"berth.yaml has no '{written}' to be replaced")
            text = text.replace(written, here)
        (self._state / "berth.yaml").write_text(text)

    @property
    def router(self) -> str:
        """The router's URL. It stays when the daemon is started again."""
        return f"http://{self._router}"

    @property
    def log(self) -> str:
        """What the daemon logged."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    async def start(self) -> None:
        """Returns once it is ready."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("BERTH_", "XDG_"))}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self.binary, "serve", "--database", self._state / "berth.db", "--socket", self.socket,
                 "--config", self._state / "berth.yaml", "--listen", "none", "--router", self._router,
                 "--pool", f"default={self.pool[0]}-{self.pool[-1]}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment | {"HOME": str(self._state)},
                start_new_session=True)  # so that Ctrl-C is for the story alone, which then ends it
        await eventually("the daemon is ready", self._is_ready)
        self._router = re.findall(r"router=\"?http://(127\.0\.0\.1:\d+)", self.log)[-1]

    async def _is_ready(self) -> bool:
        assert self._process is not None, "it was started"
        expect(self._process.poll() is None, "the daemon did not start")
        try:
            return (await self._get("/readyz")).is_success
        except httpx.TransportError:
            return False

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Returns once it is dead."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(30)

    async def _get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=self.socket), timeout=30) as client:
            return await client.get(f"http://localhost{path}")

    async def tell(self, path: str) -> Any:
        """What the API answers to a GET."""
        return (await self._get(path)).raise_for_status().json()

    def command(self, *arguments: str) -> str:
        """What a `berth` command prints. Raises Failed where it fails."""
        done = subprocess.run(
            [self.binary, *arguments, "--socket", self.socket], capture_output=True, text=True, check=False, timeout=60)
        expect(done.returncode == 0, f"berth {' '.join(arguments)} exits {done.returncode}: {done.stderr}")
        return done.stdout.strip()

    def agents(self) -> dict[int, str]:
        """The agents that run on this host now, by PID, with their users."""
        program = os.fsencode(self.folder / "agents.py")
        found: dict[int, str] = {}
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and program in (entry / "cmdline").read_bytes().split(b"\0"):
                    found[int(entry.name)] = pwd.getpwuid(entry.stat().st_uid).pw_name
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended in the meantime
        return found

    def __enter__(self) -> OwnDaemon:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.kill(signal.SIGTERM)
        finally:
            self.kill()
            for agent in self.agents():
                os.kill(agent, signal.SIGKILL)
            shutil.rmtree(self.folder)
