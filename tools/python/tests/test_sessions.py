"""Sessions from templates, against something that answers as the daemon does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import berth_client
from berth_client import aio
from fake import FakeDaemon, Request, answer, lease, problem
from support import eventually

URLS = {"team-1": "http://127.0.0.1:7118/s/alice/team-1/", "team-2": "http://127.0.0.1:7118/s/alice/team-2/"}


def session(**members: Any) -> dict[str, Any]:
    return {
        "name": "alice", "state": "active", "principal": "uid:0", "created_at": "2026-11-23T19:10:42.123Z",
        "ended_at": None, "leases": 1, "ports": 2, "template": "draft", "phase": "running", "lease_id": 7,
        "agents": [{"name": name, "port": 20_000 + n, "url": url, "pid": 100 + n, "state": "running"}
                   for n, (name, url) in enumerate(URLS.items())],
        "agent_urls": URLS, **members}


def daemon_like(request: Request) -> bytes:
    if request.path.startswith("/v1/leases/7"):
        return answer(200, lease(7, 20_000, 2))
    if request.path.startswith("/v1/sessions/alice/agents/"):
        return b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhello \xff\n"
    if request.method == "DELETE":
        return answer(204)
    return answer(201, session(token="secret")) if request.method == "POST" else answer(200, session(phase="asleep"))


def test_a_session_is_what_the_design_note_returns(fake: FakeDaemon) -> None:
    fake.answers = [daemon_like]
    client = berth_client.Client(socket=fake.path)
    made = berth_client.create_agent_session(
        "alice", template="draft", variables={"league": "one"}, ttl=600, wait=30, client=client)
    request = fake.requests[0]
    assert (request.method, request.path, request.headers["prefer"]) == ("POST", "/v1/sessions", "wait=30")
    assert request.body == {
        "session": "alice", "template": "draft", "variables": {"league": "one"}, "ttl_seconds": 600}
    assert len(request.headers["idempotency-key"]) > 20
    assert made["agent_urls"] == made.agent_urls == dict(made)["agent_urls"] == URLS
    assert (made.name, made.token, made.phase, made.lease_id) == ("alice", "secret", "running", 7)
    assert made.agents[1] == berth_client.SessionAgent("team-2", 20_001, URLS["team-2"], 101, "running")
    made.refresh()
    assert (made.phase, made.token) == ("asleep", "secret")
    assert made.log("team-1", tail=100) == "hello \ufffd\n"
    assert fake.requests[-1].path == "/v1/sessions/alice/agents/team-1/log?tail=100"
    made.renew()
    assert (fake.requests[-1].path, fake.requests[-1].body) == ("/v1/leases/7/renew", {"ttl_seconds": 600})
    made.end()
    made.end()
    assert [request.method for request in fake.requests].count("DELETE") == 1


def test_a_block_ends_it(fake: FakeDaemon) -> None:
    fake.answers = [daemon_like]
    client = berth_client.Client(socket=fake.path)
    with pytest.raises(KeyError):
        with client.create_agent_session("alice", template="draft") as made:
            _ = made["no such member"]
    assert (fake.requests[-1].method, fake.requests[-1].path) == ("DELETE", "/v1/sessions/alice")


def test_a_block_renews_its_ttl_and_tells_its_loss(fake: FakeDaemon) -> None:
    is_asleep: list[bool] = []

    def falls_asleep_then_ends(request: Request) -> bytes:
        if request.method == "GET" and is_asleep:
            return answer(200, session(state="ended", lease_id=None, phase=None))
        if request.method == "GET" and len(fake.requests) > 3:
            is_asleep.append(True)
            return answer(200, session(lease_id=None, phase="asleep"))
        if "renew" in request.path and len(fake.requests) > 1:
            return problem(409, "lease-ended")
        return daemon_like(request)

    fake.answers = [falls_asleep_then_ends]
    client = berth_client.Client(socket=fake.path)
    with pytest.raises(berth_client.LeaseLost):
        with client.create_agent_session("alice", template="draft", ttl=1) as made:
            eventually(lambda: made._loss is not None)
    look, renewal = ("GET", "/v1/sessions/alice"), ("POST", "/v1/leases/7/renew")
    # A lease that ended while the session fell asleep is no loss; its end is.
    assert [(request.method, request.path) for request in fake.requests[1:]] == [look, renewal, look, look]


def test_an_async_session_is_the_same(fake: FakeDaemon) -> None:
    fake.answers = [daemon_like]

    async def main() -> None:
        client = aio.Client(socket=fake.path)
        async with aio.create_agent_session("alice", template="draft", ttl=1, client=client) as made:
            assert made["agent_urls"] == URLS and made.token == "secret"
            await made.refresh()
            assert made.phase == "asleep"
            assert await made.log("team-1") == "hello \ufffd\n"
            while not any("renew" in request.path for request in fake.requests):
                await asyncio.sleep(0.01)
        await made.end()
        other = await client.create_agent_session("bob", template="draft")
        await other.renew(5)
        await other.end()

    asyncio.run(asyncio.wait_for(main(), 60))
    assert [request.method for request in fake.requests].count("DELETE") == 2


def test_one_too_many_is_told(fake: FakeDaemon) -> None:
    fake.answers = [problem(429, "session-limit", "Retry-After: 5")]
    with pytest.raises(berth_client.SessionLimit) as caught:
        berth_client.create_agent_session("alice", template="draft", client=berth_client.Client(socket=fake.path))
    assert caught.value.retry_after == 5


def test_an_agent_that_did_not_start_is_told(fake: FakeDaemon) -> None:
    fake.answers = [problem(502, "agent-failed", agent="team-2")]
    with pytest.raises(berth_client.AgentFailed) as caught:
        berth_client.create_agent_session("alice", template="draft", client=berth_client.Client(socket=fake.path))
    assert (caught.value.status, caught.value.facts) == (502, {"agent": "team-2"})


def test_a_lost_answer_is_asked_for_again(fake: FakeDaemon) -> None:
    fake.answers = [b"", daemon_like]
    made = berth_client.create_agent_session(
        "alice", template="draft", client=berth_client.Client(socket=fake.path))
    assert made.token == "secret"
    assert len({request.headers["idempotency-key"] for request in fake.requests}) == 1


def test_a_session_that_runs_is_found(fake: FakeDaemon) -> None:
    fake.answers = [daemon_like]
    found = berth_client.Client(socket=fake.path).agent_session("alice")
    assert (found.name, found.token, found.agent_urls) == ("alice", None, URLS)
