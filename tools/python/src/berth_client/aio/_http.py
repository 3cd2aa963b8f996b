"""The async driver: asyncio's streams on a Unix socket or TCP."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from .._core import Connect, Conversation, Exchange, Pause, Reply, T
from .._http import CONNECT_TIMEOUT, KNOCK_TIMEOUT, failed, not_connected, tls_context
from ..endpoints import Endpoint, UnixEndpoint
from ..errors import BerthError
from ._within import within

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _BadReply(Exception):
    """What came is no HTTP."""


async def _open(endpoint: Endpoint) -> _Streams:
    if isinstance(endpoint, UnixEndpoint):
        return await asyncio.open_unix_connection(endpoint.path)
    context = tls_context(endpoint) if endpoint.is_encrypted else None
    return await asyncio.open_connection(endpoint.host, endpoint.port, ssl=context)


def _close(streams: _Streams) -> None:
    # All was said: a farewell of TLS would outlive asyncio.run(), and waiting for it could be cancelled.
    streams[1].transport.abort()


def _request_bytes(step: Exchange) -> bytes:
    body = step.body or b""
    headers = dict(step.headers)
    if step.body is not None or step.method in ("POST", "PUT"):
        headers["Content-Length"] = str(len(body))
    if any("\r" in text or "\n" in text for pair in headers.items() for text in pair):
        raise ValueError("a header's value has a line break")
    lines = [f"{step.method} {step.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def _read_reply(reader: asyncio.StreamReader) -> Reply:
    while True:
        version, _, rest = (await _line(reader)).partition(" ")
        code = rest[:3]
        if not version.startswith("HTTP/1.") or not code.isdecimal():
            raise _BadReply(f"{version} {rest}")
        headers: dict[str, str] = {}
        while line := await _line(reader):
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        status = int(code)
        if status >= 200:
            return Reply(status, await _body(reader, status, headers), headers)


async def _line(reader: asyncio.StreamReader) -> str:
    line = await reader.readline()
    if not line.endswith(b"\n"):
        raise asyncio.IncompleteReadError(line, None)
    return line.decode("latin-1").rstrip("\r\n")


async def _body(reader: asyncio.StreamReader, status: int, headers: dict[str, str]) -> bytes:
    """The body by its framing (RFC 9112, 6.3)."""
    if status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        return b""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        pieces = []
        while size := int((await _line(reader)).partition(";")[0], 16):
            pieces.append(await reader.readexactly(size))
            await _line(reader)
        while await _line(reader):
            pass
        return b"".join(pieces)
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    return await reader.read()


async def _exchange(step: Exchange) -> Reply:
    try:
        reader, writer = await within(CONNECT_TIMEOUT, _open(step.endpoint), _close)
    except (OSError, ValueError) as cause:
        raise not_connected(step.endpoint, cause) from cause
    try:
        writer.write(_request_bytes(step))
        await writer.drain()
        return await within(step.timeout, _read_reply(reader))
    except (OSError, EOFError, ValueError, _BadReply) as cause:
        raise failed(step.endpoint, cause) from cause
    finally:
        _close((reader, writer))


async def _connect(port: int) -> Reply:
    try:
        streams = await within(KNOCK_TIMEOUT, asyncio.open_connection("127.0.0.1", port), _close)
    except OSError:
        return Reply(0, b"")
    _close(streams)
    return Reply(200, b"")


async def drive(conversation: Conversation[T]) -> T:
    """Carries out a conversation to its end, in this task."""
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
                result = await _exchange(step)
            elif isinstance(step, Connect):
                result = await _connect(step.port)
            elif isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
        except BerthError as failure:
            error = failure
