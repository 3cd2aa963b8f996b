from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fake import FakeDaemon
from support import BINARY, Daemon

pytest_plugins = ["pytester"]


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    """A running daemon with a pool of 40 ports."""
    yield from _daemon(Daemon())


@pytest.fixture
def small_daemon() -> Iterator[Daemon]:
    """A running daemon with six ports, one session at once, and a TCP listener."""
    yield from _daemon(Daemon(ports=6, options=("--max-sessions", "1", "--listen", "127.0.0.1:0")))


def _daemon(daemon: Daemon) -> Iterator[Daemon]:
    assert BINARY, "BERTH_BINARY names the program to test; tools/python/run-tests sets it"
    try:
        yield daemon.start()
    finally:
        daemon.close()


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeDaemon]:
    """Something on a Unix socket that answers as it is told."""
    with FakeDaemon(str(tmp_path / "fake.sock")) as fake:
        yield fake
