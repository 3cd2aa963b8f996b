"""A daemon of the test's own, on ports that no other test's daemon has, and conditions to wait for."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import berth_client

T = TypeVar("T")
BINARY = os.environ.get("BERTH_BINARY", "")
#: Below the ephemeral range, and above what other tests begin with.
FIRST, LAST, SLOT = 24_000, 31_999, 100


def eventually(condition: Callable[[], T], within: float = 60) -> T:
    """The condition's first value that is true. Fails when there is none in time."""
    end = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"this did not come true within {within} s"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def can_bind(port: int) -> bool:
    """As servers do: a connection in TIME_WAIT is no reason not to."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def bound(server: socket.socket, port: int) -> bool:
    """Binds the socket there, if nobody else has the port just now."""
    try:
        server.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


class Slot:
    """Ports that no other test on this host claims: an abstract socket is the claim, and ends with its process."""

    def __init__(self) -> None:
        self.claim = socket.socket(socket.AF_UNIX)
        slots = list(range(FIRST, LAST, SLOT))
        start = os.getpid() * 7 % len(slots)
        for first in slots[start:] + slots[:start]:
            try:
                self.claim.bind(f"\0berth-python-tests-{first}")
            except OSError:
                continue
            if all(can_bind(port) for port in range(first, first + SLOT)):
                self.first = first
                return
            self.claim.close()
            self.claim = socket.socket(socket.AF_UNIX)
        raise RuntimeError("this host has no room for another test")


class Daemon:
    """`berth serve` with database, socket and token in a temporary folder."""

    def __init__(self, ports: int = 40, options: tuple[str, ...] = (), configuration: str | None = None) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="berth-python-")
        self.path = Path(self.folder.name)
        self.socket = str(self.path / "berth.sock")
        self.slot = Slot()
        self.first = self.slot.first
        self.last = self.first + ports - 1
        self.options = list(options)
        if configuration is not None:
            (self.path / "berth.yaml").write_text(configuration, encoding="utf-8")
            self.options += ["--config", str(self.path / "berth.yaml")]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def client(self) -> berth_client.Client:
        return berth_client.Client(socket=self.socket)

    @property
    def environment(self) -> dict[str, str]:
        """For a program that is to find this daemon and no other."""
        others = {key: value for key, value in os.environ.items() if not key.startswith(("BERTH_", "XDG_", "PYTEST_"))}
        return others | {"BERTH_SOCKET": self.socket, "HOME": str(self.path)}

    @property
    def log(self) -> str:
        return (self.path / "daemon.log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> Daemon:
        line = [
            BINARY, "serve", "--database", str(self.path / "berth.db"), "--socket", self.socket,
            "--pool", f"default={self.first}-{self.last}"]
        if "--listen" not in self.options:
            line += ["--listen", "none"]
        environment = {key: value for key, value in self.environment.items() if key != "BERTH_SOCKET"}
        with open(self.path / "daemon.log", "ab") as log:
            self.process = subprocess.Popen(
                line + self.options, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        eventually(self._answers)
        return self

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the daemon did not start:\n{self.log[-2000:]}"
        try:
            self.client.leases()
        except berth_client.NoDaemon:
            return False
        return True

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(30)
            self.process = None

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def close(self) -> None:
        self.kill()
        self.slot.claim.close()
        self.folder.cleanup()

    def token(self, name: str, *options: str) -> str:
        return self.berth("token", "create", name, *options).stdout.strip()

    def url(self) -> str:
        """Of the TCP listener that the daemon says it has."""
        found = re.search(r"https?://127\.0\.0\.1:\d+", self.log)
        assert found is not None, self.log
        return found[0]

    def berth(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What the `berth` command does, and prints."""
        return subprocess.run(
            [BINARY, *arguments], env=self.environment, capture_output=True, text=True, timeout=60, check=True)

    def active(self, session: str | None = None) -> list[int]:
        return [lease.id for lease in self.client.leases(session)]


INTERRUPTIBLE = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"


def python(code: str, environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[str]:
    """A Python program beside ours, whose output is read. It can be interrupted, though tests in the background cannot."""
    return subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE + code, *arguments], env=dict(environment), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
