"""pytest fixtures: ports that no other test, worker or run on this host has at the same time.

Each worker leases blocks for the whole run and hands their ports out; without a daemon, ports are found by binding 0,
which promises less, and a warning says so.
"""

from __future__ import annotations

import os
import socket
import uuid
import warnings
from collections import deque
from collections.abc import Callable, Iterator

import pytest

from .client import Client
from .errors import NoDaemon
from .leases import Lease

BLOCK = 16
_ATTEMPTS = 200


class BerthFallbackWarning(UserWarning):
    """There is no daemon, so the ports of a test are only likely to be its own."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("berth").addoption(
        "--berth", choices=("auto", "require", "off"), default="auto",
        help="ports of berth_port and berth_ports: leased where a daemon answers (auto), always leased (require),"
        " or found by binding port 0 (off)")


def is_free(port: int) -> bool:
    """Whether a server could bind it now, on loopback and on all addresses, with SO_REUSEADDR or without."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


class LeasedPorts:
    """The ports of this worker's leases. What a test returns is handed out last."""

    def __init__(self, client: Client, session: str, worker: str) -> None:
        self._client = client
        self._session = session
        self._worker = worker
        self._leases: list[Lease] = []
        self._free: deque[int] = deque()

    def take(self, count: int) -> list[int]:
        """Consecutive ports that nothing is bound to."""
        ports = self._unused(count)
        while not ports:
            self._lease(max(BLOCK, count))
            ports = self._unused(count)
        for port in ports:
            self._free.remove(port)
        return ports

    def give_back(self, ports: list[int]) -> None:
        self._free.extend(ports)

    def release(self) -> None:
        for lease in self._leases:
            lease.release()
        self._leases.clear()
        self._free.clear()

    def _lease(self, count: int) -> None:
        lease = self._client.lease(self._session, count, labels={"worker": self._worker}, wait=60)
        self._leases.append(lease)
        self._free.extend(lease.ports)

    def _unused(self, count: int) -> list[int]:
        """The first row of ports here, in the order of their return, that can be bound; none: an empty list."""
        free = set(self._free)
        for first in self._free:
            ports = list(range(first, first + count))
            # A test may have left a server behind, or a connection in TIME_WAIT.
            if free.issuperset(ports) and self._is_one_block(ports) and all(map(is_free, ports)):
                return ports
        return []

    def _is_one_block(self, ports: list[int]) -> bool:
        return any(set(ports) <= set(lease.ports) and not lease.lost.is_set() for lease in self._leases)


class BoundPorts:
    """Without a daemon: ports that could be bound a moment ago, each once in this process."""

    def __init__(self) -> None:
        self._given: set[int] = set()

    def take(self, count: int) -> list[int]:
        for _ in range(_ATTEMPTS):
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                probe.bind(("127.0.0.1", 0))
                first = int(probe.getsockname()[1])
            ports = list(range(first, first + count))
            if ports[-1] <= 65_535 and not self._given.intersection(ports) and all(map(is_free, ports)):
                self._given.update(ports)
                return ports
        raise RuntimeError(f"{count} consecutive free ports were not found; run a daemon: berth serve")

    def give_back(self, ports: list[int]) -> None:
        # A port that was used before may be in TIME_WAIT, or somebody else's by now.
        pass

    def release(self) -> None:
        pass


Ports = LeasedPorts | BoundPorts


def _source(config: pytest.Config) -> Ports:
    choice = config.getoption("--berth")
    if choice == "off":
        return BoundPorts()
    inputs = getattr(config, "workerinput", {})
    session = f"pytest/{inputs.get('testrunuid') or uuid.uuid4().hex}"
    ports = LeasedPorts(Client(), session, os.environ.get("PYTEST_XDIST_WORKER", "main"))
    try:
        ports._lease(BLOCK)
    except NoDaemon as error:
        if choice == "require":
            raise
        warnings.warn(
            BerthFallbackWarning(f"ports are found by binding 0 and may collide with other runs: {error.detail}"),
            stacklevel=2)
        return BoundPorts()
    return ports


@pytest.fixture(scope="session")
def _berth_source(request: pytest.FixtureRequest) -> Iterator[Ports]:
    ports = _source(request.config)
    yield ports
    ports.release()


@pytest.fixture
def berth_ports(_berth_source: Ports) -> Iterator[Callable[[int], list[int]]]:
    """A function: ``berth_ports(3)`` gives three consecutive ports that are the test's until it ends."""
    taken: list[int] = []

    def take(count: int) -> list[int]:
        if count < 1:
            raise ValueError("berth_ports needs a count of at least 1")
        ports = _berth_source.take(count)
        taken.extend(ports)
        return ports

    yield take
    _berth_source.give_back(taken)


@pytest.fixture
def berth_port(berth_ports: Callable[[int], list[int]]) -> int:
    """A port that is the test's until it ends."""
    return berth_ports(1)[0]
