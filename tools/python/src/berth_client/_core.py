"""What both kinds of client share: requests, replies, the search for a daemon, and repeats.

Nothing here does input or output. A conversation is a generator that yields steps; whoever drives it carries them out
and sends the result back, or throws what went wrong into it.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

from .endpoints import Endpoint, UnixEndpoint
from .errors import BerthError, ConnectionLost, NoDaemon, Refused, StorageUnavailable, UnexpectedReply, refusal

#: A grant can wait for a batch of commits and its fsync; a daemon that takes longer than this is stuck.
CALL_TIMEOUT = 30.0
PROBE_TIMEOUT = 2.0
#: How long a daemon that went away is waited for: it keeps a place in its line for as long.
RETURN_TIME = 9.0
RETURN_PAUSE = 0.1
LONGEST_WAIT = 3600

T = TypeVar("T")


@dataclass(frozen=True)
class Reply:
    """An answer; header names are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Exchange:
    """One request on a connection of its own, and its reply. Fails with NoDaemon, ConnectionLost or NoAnswer."""

    endpoint: Endpoint
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None
    timeout: float


@dataclass(frozen=True)
class Pause:
    """Seconds in which nothing is done."""

    seconds: float


@dataclass(frozen=True)
class Connect:
    """Whether somebody accepts connections on this port of 127.0.0.1: the step's result is a Reply of status 200 or 0."""

    port: int


Step = Exchange | Pause | Connect
Conversation = Generator[Step, Reply | None, T]


@dataclass(frozen=True)
class Call:
    """A request to the API, as yet to no daemon."""

    method: str
    path: str
    body: dict[str, Any] | None = None
    #: Seconds that the daemon may let it stand in line.
    wait: int | None = None
    #: The same for all repeats, so that the change is made once.
    key: str | None = None
    timeout: float = CALL_TIMEOUT
    #: Whether to wait for a daemon that went away; else the first failure is told.
    is_patient: bool = True

    def exchange(self, endpoint: Endpoint) -> Exchange:
        headers = {"Accept": "application/json", "Connection": "close", "User-Agent": "berth-client-python"}
        if isinstance(endpoint, UnixEndpoint):
            headers["Host"] = "localhost"
        else:
            host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
            headers["Host"] = f"{host}:{endpoint.port}"
            if endpoint.token:
                headers["Authorization"] = f"Bearer {endpoint.token}"
        if self.wait is not None:
            headers["Prefer"] = f"wait={self.wait}"
        if self.key is not None:
            headers["Idempotency-Key"] = self.key
        body = None
        if self.body is not None:
            body = json.dumps(self.body).encode()
            headers["Content-Type"] = "application/json"
        return Exchange(endpoint, self.method, self.path, headers, body, self.timeout + (self.wait or 0))


def post(path: str, body: dict[str, Any], wait: int | None = None) -> Call:
    """A POST that can be repeated: it has a key of its own."""
    if wait is not None and not 0 <= wait <= LONGEST_WAIT:
        raise ValueError(f"wait must be from 0 to {LONGEST_WAIT} seconds")
    return Call("POST", path, body, wait=wait, key=uuid.uuid4().hex)


def path(*parts: str | int) -> str:
    """``/v1`` and these parts, with what a path may not hold escaped."""
    return "/v1/" + "/".join(quote(str(part), safe="") for part in parts)


class Core:
    """One daemon, found at the first call and asked ever after."""

    def __init__(self, endpoints: list[Endpoint]) -> None:
        self.endpoints = endpoints
        self.found: Endpoint | None = endpoints[0] if len(endpoints) == 1 else None
        #: Whether there ever was an answer: then a daemon that is not there is one that restarts.
        self.was_heard = False

    def find(self) -> Conversation[Endpoint]:
        """The first place of several where something answers; a single one is taken as it is."""
        if self.found is not None:
            return self.found
        met = []
        for endpoint in self.endpoints:
            probe = Call("GET", "/livez").exchange(endpoint)
            try:
                yield Exchange(endpoint, "GET", "/livez", probe.headers, None, PROBE_TIMEOUT)
            except BerthError as error:
                met.append(f"{endpoint} ({error.__cause__ or error.detail})")
            else:
                self.found = endpoint
                return endpoint
        raise NoDaemon(f"No daemon answers at {', nor at '.join(met)}. Start one with: berth serve")

    def request(self, call: Call) -> Conversation[Reply]:
        """Sends the call. Where the daemon goes away meanwhile and comes back, the call is repeated."""
        endpoint = yield from self.find()
        end = None if call.wait is None else time.monotonic() + call.wait
        lost_since: float | None = None
        while True:
            start = time.monotonic()
            try:
                return (yield from self._once(call, endpoint))
            except BerthError as error:
                now = time.monotonic()
                was_there = self.was_heard or lost_since is not None or not isinstance(error, NoDaemon)
                if not may_pass(error) or not call.is_patient or not was_there:
                    raise
                if lost_since is None or now - start > 1:
                    # What had waited for a while was connected: it is lost anew.
                    lost_since = now
                if now >= lost_since + RETURN_TIME or (end is not None and now >= end):
                    raise
            yield Pause(RETURN_PAUSE)

    def _once(self, call: Call, endpoint: Endpoint) -> Conversation[Reply]:
        reply = yield call.exchange(endpoint)
        if reply is None:
            raise UnexpectedReply(f"{endpoint} gave no reply")
        self.was_heard = True
        if not 200 <= reply.status < 300:
            raise refusal(reply.status, reply.body, reply.headers, str(endpoint))
        return reply

    def json(self, call: Call) -> Conversation[dict[str, Any]]:
        """The object that a successful reply holds."""
        reply = yield from self.request(call)
        try:
            value = json.loads(reply.body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise UnexpectedReply(f"What answers at {self.found} does not speak Berth's API.", status=reply.status)
        return value

    def nothing(self, call: Call) -> Conversation[None]:
        """For a call whose success has nothing to say."""
        yield from self.request(call)


def may_pass(error: BerthError) -> bool:
    """Whether the daemon went away, or is busy with the first of two equal requests: it may be asked again."""
    if isinstance(error, (ConnectionLost, NoDaemon, StorageUnavailable)):
        return True
    return isinstance(error, Refused) and error.code == "idempotency-in-flight"
