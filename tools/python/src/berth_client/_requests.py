"""The API's calls as conversations, for both kinds of client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import urlencode

from ._core import Call, Conversation, Core, path, post
from .endpoints import UnixEndpoint
from .errors import NoSuchProcess
from .models import LeaseRecord

#: Who holds a lease: this process ("self"; "auto" where the kernel can tell the daemon who that is), a PID, or nobody,
#: so that its TTL alone ends it.
Owner = Literal["auto", "self"] | int | None
#: With an owner a TTL is a second bound: it ends what a stopped or hung process holds.
DEFAULT_TTL = 300
#: Agents may take their time until they answer; the template bounds it, and this is only for a daemon that is stuck.
START_TIMEOUT = 900.0


def lease_body(session: str, count: int, ttl: int | None, **optional: Any) -> dict[str, Any]:
    """The body of a request for a lease; what is None is left out."""
    body: dict[str, Any] = {"session": session, "count": count}
    if ttl is not None:
        body["ttl_seconds"] = ttl
    body.update({name: value for name, value in optional.items() if value is not None})
    return body


def grant(core: Core, body: dict[str, Any], owner: Owner, wait: int | None) -> Conversation[LeaseRecord]:
    """Leases a block, with the owner that can be had."""
    endpoint = yield from core.find()
    if isinstance(owner, int):
        body = body | {"owner_pid": owner}
    elif owner == "self" or (owner == "auto" and isinstance(endpoint, UnixEndpoint)):
        body = body | {"owner_self": True}
    elif "ttl_seconds" not in body:
        raise ValueError("a lease without an owner needs a ttl")
    try:
        value = yield from core.json(post("/v1/leases", body, wait))
    except NoSuchProcess:
        # From a container with PIDs of its own the daemon cannot see us.
        if owner != "auto" or "ttl_seconds" not in body:
            raise
        body = {name: member for name, member in body.items() if name != "owner_self"}
        value = yield from core.json(post("/v1/leases", body, wait))
    return LeaseRecord.read(value)


def show(core: Core, lease: int, *, is_patient: bool = True) -> Conversation[LeaseRecord]:
    value = yield from core.json(Call("GET", path("leases", lease), is_patient=is_patient))
    return LeaseRecord.read(value)


def leases(core: Core, session: str | None, state: str) -> Conversation[list[LeaseRecord]]:
    """Over all pages."""
    query = Call("GET", "/v1/leases" + query_text(state=state, session=session, limit="1000"))
    found: list[LeaseRecord] = []
    while True:
        page = yield from core.json(query)
        found += [LeaseRecord.read(value) for value in page["leases"]]
        cursor = page.get("next_cursor")
        if not cursor:
            return found
        query = Call("GET", "/v1/leases" + query_text(state=state, session=session, limit="1000", cursor=cursor))


def query_text(**members: str | None) -> str:
    return "?" + urlencode({name: value for name, value in members.items() if value is not None})


def renew(core: Core, lease: int, ttl: int | None, *, is_patient: bool = True) -> Conversation[LeaseRecord]:
    body: dict[str, Any] = {} if ttl is None else {"ttl_seconds": ttl}
    call = replace(post(path("leases", lease, "renew"), body), is_patient=is_patient)
    value = yield from core.json(call)
    return LeaseRecord.read(value)


def release(core: Core, lease: int, timeout: float | None = None) -> Conversation[None]:
    yield from core.nothing(_deletion(path("leases", lease), timeout))


def attach(core: Core, lease: int, agent: str, pid: int, port: int | None) -> Conversation[LeaseRecord]:
    body = {"pid": pid} | ({} if port is None else {"port": port})
    value = yield from core.json(Call("PUT", path("leases", lease, "agents", agent), body))
    return LeaseRecord.read(value)


def detach(core: Core, lease: int, agent: str) -> Conversation[None]:
    yield from core.nothing(Call("DELETE", path("leases", lease, "agents", agent)))


def end_session(core: Core, session: str, timeout: float | None = None) -> Conversation[None]:
    yield from core.nothing(_deletion(path("sessions", session), timeout))


def _deletion(target: str, timeout: float | None) -> Call:
    """With a timeout of its own it is tried once."""
    if timeout is None:
        return Call("DELETE", target)
    return Call("DELETE", target, timeout=timeout, is_patient=False)


def show_session(core: Core, session: str, *, is_patient: bool = True) -> Conversation[dict[str, Any]]:
    return (yield from core.json(Call("GET", path("sessions", session), is_patient=is_patient)))


def start_session(
    core: Core, session: str, template: str, variables: Mapping[str, str] | None, ttl: int | None, wait: int | None
) -> Conversation[dict[str, Any]]:
    body: dict[str, Any] = {"session": session, "template": template, "variables": dict(variables or {})}
    if ttl is not None:
        body["ttl_seconds"] = ttl
    return (yield from core.json(replace(post("/v1/sessions", body, wait), timeout=START_TIMEOUT)))


def renew_session(core: Core, session: str, ttl: int | None) -> Conversation[None]:
    """Renews the lease that the session has at the moment. While it has none, there is nothing to renew."""
    lease = (yield from show_session(core, session)).get("lease_id")
    if lease is not None:
        yield from renew(core, lease, ttl)


def agent_log(core: Core, session: str, agent: str, tail: int | None) -> Conversation[str]:
    query = "" if tail is None else query_text(tail=str(tail))
    reply = yield from core.request(Call("GET", path("sessions", session, "agents", agent, "log") + query))
    return reply.body.decode("utf-8", errors="replace")


def checked_agents(agents: Sequence[str] | None) -> list[str] | None:
    """A single text is a sequence of texts, too, and never meant as one."""
    if isinstance(agents, str):
        raise TypeError("agents is a list of names, not one name")
    return None if agents is None else list(agents)
