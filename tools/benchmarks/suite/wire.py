"""Requests as bytes over one kept-alive connection: as little of Python as can be between sending and the answer."""

import json
import socket


class Connection:
    """A connection to a daemon's Unix socket, or with a token over TCP."""

    def __init__(self, address, token=None, timeout=120):
        is_path = isinstance(address, str)
        self.socket = socket.socket(socket.AF_UNIX if is_path else socket.AF_INET, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        if not is_path:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = "Host: localhost\r\n" + (f"Authorization: Bearer {token}\r\n" if token else "")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def request(self, method, path, body=None, prefer=None):
        """A request's bytes."""
        head = f"{method} {path} HTTP/1.1\r\n{self.head}"
        if prefer:
            head += f"Prefer: {prefer}\r\n"
        data = b""
        if body is not None:
            data = json.dumps(body).encode()
            head += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n"
        return head.encode() + b"\r\n" + data

    def send(self, method, path, body=None, prefer=None):
        self.socket.sendall(self.request(method, path, body, prefer))

    def receive(self):
        """The status, and the body as bytes."""
        data = self.piece()
        while b"\r\n\r\n" not in data:
            data += self.piece()
        head, _, body = data.partition(b"\r\n\r\n")
        at = head.lower().find(b"content-length:")
        length = int(head[at + 15:].split(b"\r", 1)[0]) if at >= 0 else 0
        while len(body) < length:
            body += self.piece()
        return int(head[9:12]), body

    def piece(self):
        data = self.socket.recv(1 << 18)
        if not data:
            raise RuntimeError("the daemon closed the connection")
        return data

    def expect(self, status):
        """The decoded body of an answer that must have this status."""
        got, body = self.receive()
        if got != status:
            raise RuntimeError(f"expected {status} and got {got} {body[:300]}")
        return json.loads(body) if body else None

    def call(self, status, method, path, body=None, prefer=None):
        self.send(method, path, body, prefer)
        return self.expect(status)
