"""The soak's steady client: a grant and a release every 20 ms, in a process of its own, so that nobody's work but the
daemon's and the host's is in its times.

Beside each grant it times what a grant needs of the host, without Berth: a synced write, and a few turns of a process
that has to be woken. It prints a line each: when, the grant's milliseconds, the host's. A grant that met a restart has
no time.
"""

import http.client
import os
import select
import socket
import sys
import time
import uuid

from berth_host import UnixConnection

PAUSE = 0.02
PATIENCE = 60
TURNS = 4


def echo():
    """A process that sends back each byte, until the returned socket is closed."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        while byte := theirs.recv(1):
            theirs.send(byte)
        os._exit(0)
    theirs.close()
    return ours


class Probe:
    """Asks until standard input ends."""

    def __init__(self, path, file):
        self.path, self.connection, self.echo = path, None, echo()
        self.file = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)

    def run(self):
        while not select.select([sys.stdin], [], [], PAUSE)[0]:
            start = time.monotonic()
            os.pwrite(self.file, b"\0" * 4096, 0)
            os.fdatasync(self.file)
            for _ in range(TURNS):
                self.echo.send(b".")
                self.echo.recv(1)
            served = time.monotonic()
            body = {"session": "probe", "count": 6, "ttl_seconds": 60}
            status, lease, is_whole = self.insist("POST", "/v1/leases", body, {"Idempotency-Key": str(uuid.uuid4())})
            granted = time.monotonic()
            if status != 201:
                raise SystemExit(f"the probe was answered with {status} {lease}")
            status, answer, _ = self.insist("DELETE", f"/v1/leases/{lease['id']}")
            if status != 204:
                raise SystemExit(f"the probe's release was answered with {status} {answer}")
            if is_whole:
                print(f"{granted:.6f} {(granted - served) * 1e3:.3f} {(served - start) * 1e3:.3f}", flush=True)

    def insist(self, method, path, body=None, headers=None):
        """Asks until somebody answers; tells whether the first try was answered."""
        deadline, is_whole = time.monotonic() + PATIENCE, True
        while True:
            try:
                if self.connection is None:
                    self.connection = UnixConnection(self.path)
                return *self.connection.call(method, path, body, headers), is_whole
            except (OSError, http.client.HTTPException):
                self.connection.close()
                self.connection, is_whole = None, False
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


if __name__ == "__main__":
    Probe(*sys.argv[1:]).run()
