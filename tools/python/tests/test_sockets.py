"""Sockets that are open before anybody else can take their ports."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import urllib.request

import pytest

from berth_client import aio, inherited_sockets
from support import BINARY, Daemon, bound, can_bind, eventually

CHILD = """
import json, os, berth_client
found = berth_client.inherited_sockets()
for name, one in found.items():
    peer = __import__("socket").create_connection(one.getsockname())
    accepted, _ = one.accept()
    accepted.sendall(name.encode())
    assert peer.recv(99) == name.encode()
print(json.dumps({
    "ports": {name: one.getsockname()[1] for name, one in found.items()},
    "expected": os.environ["BERTH_PORTS"],
    "again": len(berth_client.inherited_sockets()),
    "left": [name for name in os.environ if name.startswith("LISTEN_")],
    "inheritable": [one.get_inheritable() for one in found.values()],
}))
"""


def test_every_port_listens_until_the_release(daemon: Daemon) -> None:
    with daemon.client.lease("alice", 3) as held:
        sockets = held.sockets()
        assert [one.getsockname() for one in sockets] == [("127.0.0.1", port) for port in held.ports]
        assert not any(map(can_bind, held.ports))
        for port in held.ports:
            socket.create_connection(("127.0.0.1", port)).close()
        assert held.sockets() == sockets
        assert not any(one.get_inheritable() for one in sockets)
    assert all(one.fileno() == -1 for one in sockets)
    with pytest.raises(RuntimeError, match="held no longer"):
        held.sockets()


def test_a_port_that_somebody_took_is_told_and_no_other_is_kept(daemon: Daemon) -> None:
    with daemon.client.lease("alice", 3) as held, socket.socket() as stranger:
        # A neighbour that looks for a range of its own may have the port for a moment.
        eventually(lambda: bound(stranger, held.ports[1]))
        stranger.listen()
        with pytest.raises(OSError, match=f"port {held.ports[1]}"):
            held.sockets()
        # A look of somebody else at this port may be under way.
        eventually(lambda: can_bind(held.ports[0]))


def test_a_server_serves_on_one(daemon: Daemon) -> None:
    async def main() -> bytes:
        async with aio.lease("alice", client=aio.Client(socket=daemon.socket)) as held:
            (one,) = held.sockets()

            async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                writer.write(b"hello")
                writer.close()

            async with await asyncio.start_server(serve, sock=one):
                reader, writer = await asyncio.open_connection("127.0.0.1", held.first_port)
                text = await reader.read()
                writer.close()
        return text

    assert asyncio.run(main()) == b"hello"


def test_a_subprocess_serves_on_one(daemon: Daemon) -> None:
    code = ("import http.server, socket, sys\n"
            "s = http.server.HTTPServer(('', 0), http.server.SimpleHTTPRequestHandler, bind_and_activate=False)\n"
            "s.socket.close(); s.socket = socket.socket(fileno=int(sys.argv[1])); s.handle_request()")
    with daemon.client.lease("alice") as held:
        descriptor = held.sockets()[0].fileno()
        with subprocess.Popen([sys.executable, "-c", code, str(descriptor)], pass_fds=[descriptor],
                              stderr=subprocess.DEVNULL, cwd=daemon.path) as server:
            with urllib.request.urlopen(f"http://127.0.0.1:{held.first_port}/", timeout=60) as reply:
                assert b"berth.db" in reply.read()
            assert server.wait(60) == 0


@pytest.mark.parametrize("count", [1, 3])
def test_what_berth_run_holds_is_taken_over(count: int, daemon: Daemon) -> None:
    outcome = subprocess.run(
        [BINARY, "run", "alice", "-n", str(count), "--hold", "--", sys.executable, "-c", CHILD],
        env=daemon.environment, capture_output=True, text=True, timeout=60, check=False)
    assert outcome.returncode == 0, outcome.stderr
    told = json.loads(outcome.stdout)
    ports = [int(port) for port in told["expected"].split()]
    # The first port is that of the agent `command`.
    names = ["command", *(f"port-{number}" for number in range(2, count + 1))]
    assert told["ports"] == dict(zip(names, ports, strict=True))
    assert (told["again"], told["left"]) == (0, [])
    assert told["inheritable"] == [False] * count


def test_what_was_passed_to_another_process_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", "1")
    assert inherited_sockets() == {}
    monkeypatch.delenv("LISTEN_PID")
    assert inherited_sockets() == {}


def test_names_that_are_missing_or_double(daemon: Daemon) -> None:
    code = ("import os, socket, berth_client\n"
            "a, b, c = (socket.socket() for _ in range(3))\n"
            "[os.dup2(one.detach(), 3 + n) for n, one in enumerate((a, b, c))]\n"
            "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='3', LISTEN_FDNAMES='web:web:')\n"
            "print(*berth_client.inherited_sockets(), sep=' ')")
    text = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True).stdout
    assert text.split() == ["web", "web-2", "port-3"]
