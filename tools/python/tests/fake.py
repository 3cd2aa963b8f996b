"""Something that answers on a Unix socket or TCP as it is told, and remembers what it was asked."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


#: The bytes of an answer; none: the connection is closed without one.
Answer = Callable[[Request], bytes]


def answer(status: int, value: Any = None, *headers: str, kind: str = "application/json") -> bytes:
    body = b"" if value is None else json.dumps(value).encode()
    lines = [f"HTTP/1.1 {status} Fake", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def problem(status: int, code: str, *headers: str, **facts: Any) -> bytes:
    value = {"type": f"/problems/{code}", "title": "No", "status": status, "detail": f"It is {code}.", "code": code,
             "request_id": "r-1", **facts}
    return answer(status, value, *headers, kind="application/problem+json")


def lease(number: int = 7, first: int = 20_000, count: int = 1, session: str = "alice", **members: Any) -> dict[str, Any]:
    return {
        "id": number, "session": session, "name": None, "pool": "default", "first_port": first, "count": count,
        "ports": list(range(first, first + count)), "state": "active", "agents": [], "labels": {},
        "expires_at": "2026-11-23T19:10:42.123Z", "end_reason": None, **members}


class _TCPServer(socketserver.ThreadingTCPServer):
    daemon_threads = True


class _UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@dataclass
class FakeDaemon:
    """`answers` are used up one by one, the last one for ever."""

    path: str | None = None
    answers: list[Answer | bytes] = field(default_factory=lambda: [answer(200, {})])
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> FakeDaemon:
        fake = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                fake._serve(self)

        self._server: socketserver.BaseServer
        if self.path is None:
            tcp = _TCPServer(("127.0.0.1", 0), Handler)
            self.port = int(tcp.server_address[1])
            self._server = tcp
        else:
            self._server = _UnixServer(self.path, Handler)
        self._lock = threading.Lock()
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, handler: socketserver.StreamRequestHandler) -> None:
        line = handler.rfile.readline().decode().split()
        headers = {}
        while text := handler.rfile.readline().decode().strip():
            name, _, value = text.partition(":")
            headers[name.lower()] = value.strip()
        body = handler.rfile.read(int(headers.get("content-length", "0")))
        request = Request(line[0], line[1], headers, json.loads(body) if body else None)
        with self._lock:
            self.requests.append(request)
            reply = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        try:
            handler.wfile.write(reply if isinstance(reply, bytes) else reply(request))
        except OSError:
            # The client had no patience.
            pass
