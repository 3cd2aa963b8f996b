"""The fixtures, as other projects' tests use them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from support import Daemon, eventually

#: Each test binds its ports as servers may, strictly and on all addresses, talks over them, and records from when until
#: when. Workers begin once all of both runs are there.
TESTS = """
import json, os, pathlib, socket, time
import pytest

@pytest.fixture(scope="session", autouse=True)
def together():
    place = pathlib.Path(os.environ["MEETING"])
    (place / f"{os.environ['RUN']}-{os.environ['PYTEST_XDIST_WORKER']}").touch()
    while len(list(place.iterdir())) < 6:
        time.sleep(0.01)

def hold(ports):
    sockets = []
    start = time.monotonic()
    for port in ports:
        one = socket.socket()
        one.bind(("", port))
        one.listen()
        sockets.append(one)
    for port, one in zip(ports, sockets):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            accepted, peer = one.accept()
            assert peer == client.getsockname()
            # The client closes first: the port has no TIME_WAIT.
            client.close()
            accepted.close()
    for one in sockets:
        one.close()
    line = json.dumps({"run": os.environ["RUN"], "ports": ports, "start": start, "end": time.monotonic()}) + "\\n"
    with open(os.environ["RECORD"], "a") as record:
        record.write(line)

@pytest.mark.parametrize("number", range(60))
def test_one(number, berth_port):
    hold([berth_port])

@pytest.mark.parametrize("number", range(40))
def test_some(number, berth_ports, berth_port):
    first, second = berth_ports(4), berth_ports(2)
    assert first == list(range(first[0], first[0] + 4)) and second[1] == second[0] + 1
    assert len({berth_port, *first, *second}) == 7
    hold([berth_port, *first, *second])
"""


class Held(NamedTuple):
    port: int
    start: float
    end: float


def overlaps(held: list[Held]) -> list[tuple[Held, Held]]:
    """The neighbours in time that had the same port at once."""
    ordered = sorted(held)
    return [(one, other) for one, other in zip(ordered, ordered[1:]) if one.port == other.port and other.start < one.end]


def test_overlaps_are_found() -> None:
    apart = [Held(1, 0, 1), Held(1, 1, 2), Held(2, 0, 5)]
    assert overlaps(apart) == []
    assert overlaps([*apart, Held(1, 1.5, 3)]) == [(Held(1, 1, 2), Held(1, 1.5, 3))]


def start(folder: Path, environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, str(folder)], cwd=folder,
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_two_runs_at_once_never_collide(tmp_path: Path) -> None:
    (tmp_path / "test_ports.py").write_text(TESTS, encoding="utf-8")
    record = tmp_path / "record"
    # As many as six workers need: whoever asks for more would wait.
    daemon = Daemon(ports=16 * 6 + 3)
    try:
        daemon.start()
        (tmp_path / "meeting").mkdir()
        environment = daemon.environment | {"RECORD": str(record), "MEETING": str(tmp_path / "meeting")}
        runs = [
            start(tmp_path, environment | {"RUN": str(run)}, "-n", "3", "--berth=require") for run in range(2)]
        for run in runs:
            text, _ = run.communicate(timeout=240)
            assert run.returncode == 0, text
            assert "100 passed" in text
        lines = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
        assert len(lines) == 200
        held = [Held(port, line["start"], line["end"]) for line in lines for port in line["ports"]]
        assert overlaps(held) == []
        both = [line for line in lines if line["run"] == "0"], [line for line in lines if line["run"] == "1"]
        # They did run at the same time, else this shows nothing.
        starts = [min(line["start"] for line in run) for run in both]
        assert max(starts) < min(max(line["end"] for line in run) for run in both)
        assert daemon.active() == []
    finally:
        daemon.close()


def test_ports_are_leased_for_the_run_and_given_back(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import os, berth_client\n"
        "def test_it(berth_port, berth_ports):\n"
        "    (lease,) = berth_client.Client().leases()\n"
        "    assert berth_port in lease.ports and lease.session.startswith('pytest/')\n"
        "    assert lease.labels == {'worker': 'main'}\n"
        "    big = berth_ports(20)\n"
        "    assert len(berth_client.Client().leases()) == 2\n",
        encoding="utf-8")
    with start(tmp_path, daemon.environment) as run:
        text, _ = run.communicate(timeout=120)
        assert run.returncode == 0, text
    assert daemon.active() == []


def test_what_a_test_leaves_bound_is_handed_to_nobody(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import socket\nimport pytest\nleft = []\n"
        "@pytest.mark.parametrize('n', range(20))\n"
        "def test_it(n, berth_port):\n"
        "    one = socket.socket(); one.bind(('127.0.0.1', berth_port)); left.append(one)\n",
        encoding="utf-8")
    with start(tmp_path, daemon.environment) as run:
        text, _ = run.communicate(timeout=120)
        assert run.returncode == 0, text


def test_a_killed_run_gives_its_ports_back(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import threading\ndef test_it(berth_port):\n    threading.Event().wait(600)\n", encoding="utf-8")
    with start(tmp_path, daemon.environment) as run:
        eventually(daemon.active)
        run.kill()
    eventually(lambda: not daemon.active())


@pytest.mark.parametrize("workers", [0, 2])
def test_without_a_daemon_it_falls_back_and_says_so(workers: int, tmp_path: Path) -> None:
    (tmp_path / "test_ports.py").write_text(
        "import socket\nimport pytest\n@pytest.mark.parametrize('n', range(10))\n"
        "def test_it(n, berth_ports):\n"
        "    ports = berth_ports(3)\n    assert ports[2] == ports[0] + 2\n"
        "    for port in ports:\n        with socket.socket() as one:\n            one.bind(('', port))\n", encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("BERTH_", "XDG_", "PYTEST_"))}
    environment |= {"BERTH_SOCKET": str(tmp_path / "none.sock")}
    with start(tmp_path, environment, "-n", str(workers)) as run:
        text, _ = run.communicate(timeout=120)
        assert run.returncode == 0, text
    assert "10 passed" in text and "none.sock" in text
    # Once, or once for each worker.
    assert f"{max(1, workers)} warning" in text
    with start(tmp_path, environment, "--berth=require") as run:
        text, _ = run.communicate(timeout=120)
        assert run.returncode == 1 and "NoDaemon" in text
    with start(tmp_path, environment, "--berth=off", "-W", "error:ports are") as run:
        text, _ = run.communicate(timeout=120)
        assert run.returncode == 0, text


def test_a_daemon_that_refuses_is_no_missing_one(small_daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(berth_port): pass\n", encoding="utf-8")
    environment = small_daemon.environment | {"BERTH_SOCKET": "none", "BERTH_URL": small_daemon.url(), "BERTH_TOKEN": "x"}
    with start(tmp_path, environment) as run:
        text, _ = run.communicate(timeout=120)
    assert run.returncode == 1 and "Unauthorized" in text
