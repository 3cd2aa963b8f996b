"""A daemon of the test's own, and a client that speaks to it. Python's standard library only."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time


class UnixConnection(http.client.HTTPConnection):
    """A kept-alive connection to a daemon's Unix socket."""

    def __init__(self, path, timeout=30):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def call(self, method, path, body=None, headers=None):
        """The status and the decoded body of one request."""
        self.ask(method, path, body, headers)
        return self.answer()

    def ask(self, method, path, body=None, headers=None):
        """Sends a request."""
        headers = dict(headers or {})
        data = None
        if body is not None:
            data = json.dumps(body)
            headers["Content-Type"] = "application/json"
        self.request(method, path, body=data, headers=headers)

    def answer(self):
        """The status and the decoded body of what was asked."""
        response = self.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None


def free_ranges(size, count=1, start=20000, end=32000):
    """`count` ranges of `size` consecutive ports that nobody has bound."""
    found, first = [], start
    while first + size <= end and len(found) < count:
        for port in range(first, first + size):
            try:
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    with socket.socket(socket.AF_INET, kind) as probe:
                        probe.bind(("", port))
            except OSError:
                first = port + 1
                break
        else:
            found.append((first, first + size - 1))
            first += size
    if len(found) < count:
        raise RuntimeError("this host has no free range of that size")
    return found


class Daemon:
    """A daemon with database, socket and token in a temporary folder; it ends with the `with` block."""

    def __init__(self, binary, pool_size=400, prefix=(), options=(), listen="none"):
        self.binary, self.prefix, self.options = binary, list(prefix), list(options)
        self.listen = listen
        self.folder = tempfile.TemporaryDirectory(prefix="berth-torture-")
        self.database = os.path.join(self.folder.name, "berth.db")
        self.socket = os.path.join(self.folder.name, "berth.sock")
        (self.range,) = free_ranges(pool_size)
        self.log = os.path.join(self.folder.name, "daemon.log")
        self.process = None
        # Odd while it is up; whoever finds another number later has met a restart.
        self.turns = 0

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop(signal.SIGKILL)
        self.folder.cleanup()

    def start(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("BERTH_", "XDG_"))}
        environment["HOME"] = self.folder.name
        line = self.prefix + [
            self.binary, "serve", "--database", self.database, "--socket", self.socket, "--listen", self.listen,
            "--pool", "default=%d-%d" % self.range, "--max-sessions", "100000"]
        line += self.options
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(line, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
        deadline = time.monotonic() + 60
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(self.log, encoding="utf-8", errors="replace") as log:
                    raise RuntimeError("the daemon did not start:\n" + log.read()[-2000:])
            time.sleep(0.01)
        self.turns += 1
        return self

    def answers(self):
        try:
            connection = UnixConnection(self.socket, timeout=5)
            status, _ = connection.call("GET", "/readyz")
            connection.close()
            return status == 200
        except (OSError, http.client.HTTPException):
            return False

    def port(self):
        """The TCP port that the daemon says it listens on."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return int(re.findall(r"address=\"?http://127\.0\.0\.1:(\d+)", log.read())[-1])

    def router_port(self):
        """The TCP port that the router says it listens on."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return int(re.findall(r"router=\"?http://127\.0\.0\.1:(\d+)", log.read())[-1])

    def token(self):
        """The administrator's."""
        with open(os.path.join(self.folder.name, "token"), encoding="ascii") as token:
            return token.read().strip()

    def stop(self, number=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.turns += 1
            self.process.send_signal(number)
            self.process.wait(30)
        return self.process.returncode if self.process else None

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def leases(self, state):
        """Every lease in this state, over all pages."""
        connection, found, cursor = UnixConnection(self.socket), [], ""
        while cursor is not None:
            page = f"&cursor={cursor}" if cursor else ""
            _, answer = connection.call("GET", f"/v1/leases?state={state}&limit=1000{page}")
            found += answer["leases"]
            cursor = answer["next_cursor"]
            cursor = cursor.replace("=", "%3D").replace("+", "%2B") if cursor else None
        connection.close()
        return found
