"""What can go wrong. A refusal by the daemon is an RFC 9457 problem; its code chooses the class."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_OWN_MEMBERS = frozenset({"type", "title", "status", "detail", "code", "request_id"})


class BerthError(Exception):
    """A request that failed.

    ``code`` is the problem's code, or one of the client's own (``no-daemon``, ``untrusted``, ``connection-lost``, ``no-answer``,
    ``unexpected-reply``, ``lease-lost``, ``configuration``, ``agent-failed``); ``status`` is None where there was no
    reply. ``facts`` holds the problem's further members, such as ``largest_free_block``.
    """

    #: The code that a subclass stands for.
    default_code = "unknown"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        facts: Mapping[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.status = status
        self.request_id = request_id
        self.facts: dict[str, Any] = dict(facts or {})
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.detail} ({self.code})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions cross process borders (multiprocessing, pytest-xdist); keywords would be lost on the way.
        return (_rebuilt, (type(self), self.detail, dict(self.__dict__)))


def _rebuilt(kind: type[BerthError], detail: str, members: dict[str, Any]) -> BerthError:
    error = kind(detail)
    error.__dict__.update(members)
    return error


class NoDaemon(BerthError):
    """Nobody answers where a daemon was looked for."""

    default_code = "no-daemon"


class Untrusted(NoDaemon):
    """Over TLS somebody answers whose certificate is not to be trusted; see ``BERTH_TLS_CA``."""

    default_code = "untrusted"


class ConnectionLost(BerthError):
    """The daemon went away without an answer, and did not come back in time."""

    default_code = "connection-lost"


class NoAnswer(BerthError):
    """The daemon is connected and says nothing."""

    default_code = "no-answer"


class UnexpectedReply(BerthError):
    """What answers does not speak Berth's API."""

    default_code = "unexpected-reply"


class ConfigurationError(BerthError):
    """An environment variable or a token file cannot be used as it is."""

    default_code = "configuration"


class LeaseLost(BerthError):
    """A lease ended although its holder kept renewing it: somebody ended it or its session."""

    default_code = "lease-lost"


class AgentFailed(BerthError):
    """An agent ended, or did not answer in time, before it was ready: one of a manager's or of a template's."""

    default_code = "agent-failed"


class Refused(BerthError):
    """The daemon said no."""


class Unauthorized(Refused):
    """No token, or one that is not valid."""

    default_code = "unauthorized"


class Forbidden(Refused):
    """Not allowed to this caller, or the session belongs to another one."""

    default_code = "forbidden"


class NotFound(Refused):
    """There is no such thing, or it belongs to somebody else."""

    default_code = "not-found"


class NameConflict(Refused):
    """The session has an active lease of this name with another count, pool or live owner."""

    default_code = "name-conflict"


class PortUnavailable(Refused):
    """The exact block that was asked for is taken; ``facts`` say by whom."""

    default_code = "port-unavailable"


class LeaseEnded(Refused):
    """The lease has ended already."""

    default_code = "lease-ended"


class LeaseInUse(Refused):
    """The lease belongs to a session that runs; end the session."""

    default_code = "lease-in-use"


class InvalidField(Refused):
    """A member of the request is not valid; ``facts["errors"]`` names it."""

    default_code = "invalid-field"


class NoSuchProcess(Refused):
    """The owner or agent is no live process that the daemon can see."""

    default_code = "no-such-process"


class IdempotencyKeyReused(Refused):
    """The same Idempotency-Key came with another request before."""

    default_code = "idempotency-key-reused"


class SessionLimit(Refused):
    """As many sessions as may be are active; ``wait=`` stands in line instead."""

    default_code = "session-limit"


class QuotaExceeded(Refused):
    """More ports than this session or token may hold."""

    default_code = "quota-exceeded"


class QueueFull(Refused):
    """As many wait in line as may."""

    default_code = "queue-full"


class TooManyRequests(Refused):
    """More requests than this caller may make; ``retry_after`` says when to try again."""

    default_code = "too-many-requests"


class PoolExhausted(Refused):
    """No block fits; ``facts`` have ``largest_free_block``, ``free`` and ``count``."""

    default_code = "pool-exhausted"


class StorageUnavailable(Refused):
    """The daemon's disk is full or read-only; nothing was changed."""

    default_code = "storage-unavailable"


_BY_CODE: dict[str, type[BerthError]] = {
    kind.default_code: kind
    for kind in (
        Unauthorized, Forbidden, NotFound, NameConflict, PortUnavailable, LeaseEnded, LeaseInUse, InvalidField,
        NoSuchProcess, IdempotencyKeyReused, SessionLimit, QuotaExceeded, QueueFull, TooManyRequests, PoolExhausted,
        StorageUnavailable, AgentFailed,
    )
}


def refusal(status: int, body: bytes, headers: Mapping[str, str], place: str) -> BerthError:
    """The error for a reply that is no success. ``headers`` have lower-case names."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or not isinstance(problem.get("code"), str):
        return UnexpectedReply(
            f"What answers at {place} (status {status}) does not speak Berth's API. Is another program there?",
            status=status,
        )
    code = problem["code"]
    retry_after = headers.get("retry-after", "")
    return _BY_CODE.get(code, Refused)(
        str(problem.get("detail") or problem.get("title") or code),
        code=code,
        status=status,
        request_id=problem.get("request_id"),
        facts={name: value for name, value in problem.items() if name not in _OWN_MEMBERS},
        retry_after=int(retry_after) if retry_after.isdecimal() else None,
    )
