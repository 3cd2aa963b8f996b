"""The sync driver: http.client on a Unix socket or TCP, and the thread's own sleep."""

from __future__ import annotations

import http.client
import socket
import ssl
import struct
import time

from ._core import Connect, Conversation, Exchange, Pause, Reply, T
from .endpoints import Endpoint, UnixEndpoint, URLEndpoint
from .errors import BerthError, ConfigurationError, ConnectionLost, NoAnswer, NoDaemon, Untrusted

CONNECT_TIMEOUT = 5.0
KNOCK_TIMEOUT = 1.0


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # Not settimeout(): its non-blocking connect fails at once while the daemon's backlog is full (unix(7), EAGAIN).
        limit = struct.pack("ll", int(CONNECT_TIMEOUT), 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        self.sock.connect(self._path)


def tls_context(endpoint: URLEndpoint) -> ssl.SSLContext:
    """The system's authorities, and those of BERTH_TLS_CA."""
    context = ssl.create_default_context()
    if endpoint.authorities:
        try:
            context.load_verify_locations(cafile=endpoint.authorities)
        except OSError as error:
            raise ConfigurationError(f"BERTH_TLS_CA: {endpoint.authorities} cannot be used: {error}") from error
    return context


def _connection(endpoint: Endpoint) -> http.client.HTTPConnection:
    if isinstance(endpoint, UnixEndpoint):
        return _UnixConnection(endpoint.path)
    if endpoint.is_encrypted:
        return http.client.HTTPSConnection(
            endpoint.host, endpoint.port, timeout=CONNECT_TIMEOUT, context=tls_context(endpoint))
    return http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=CONNECT_TIMEOUT)


def not_connected(endpoint: Endpoint, cause: Exception) -> NoDaemon:
    """The error of a connection that could not be made."""
    error: NoDaemon
    if isinstance(cause, ssl.SSLError):
        error = Untrusted(f"What answers at {endpoint} is not trusted ({cause}). BERTH_TLS_CA names its authority.")
    else:
        error = NoDaemon(f"No daemon answers at {endpoint} ({cause}). Start one with: berth serve")
    error.__cause__ = cause
    return error


def failed(endpoint: Endpoint, cause: Exception) -> BerthError:
    """The error of a connection that was made and then failed."""
    error: BerthError
    if isinstance(cause, TimeoutError):
        error = NoAnswer(f"The daemon at {endpoint} does not answer in time.")
    else:
        error = ConnectionLost(f"The daemon at {endpoint} went away without an answer ({cause!r}).")
    error.__cause__ = cause
    return error


def _exchange(step: Exchange) -> Reply:
    connection = _connection(step.endpoint)
    try:
        try:
            connection.connect()
        except (OSError, ValueError) as cause:
            raise not_connected(step.endpoint, cause) from cause
        connection.sock.settimeout(step.timeout)
        try:
            connection.request(step.method, step.target, body=step.body, headers=dict(step.headers))
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as cause:
            raise failed(step.endpoint, cause) from cause
        return Reply(response.status, body, {name.lower(): value for name, value in response.getheaders()})
    finally:
        connection.close()


def _connect(port: int) -> Reply:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=KNOCK_TIMEOUT):
            return Reply(200, b"")
    except OSError:
        return Reply(0, b"")


def drive(conversation: Conversation[T]) -> T:
    """Carries out a conversation to its end, in this thread."""
    result: Reply | None = None
    error: BerthError | None = None
    while True:
        try:
            step = conversation.send(result) if error is None else conversation.throw(error)
        except StopIteration as stop:
            value: T = stop.value
            return value
        result, error = None, None
        try:
            if isinstance(step, Exchange):
                result = _exchange(step)
            elif isinstance(step, Connect):
                result = _connect(step.port)
            elif isinstance(step, Pause):
                time.sleep(step.seconds)
        except BerthError as failure:
            error = failure
