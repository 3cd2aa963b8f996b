"""Requests and their repeats, sync and async alike, against something that answers as it is told."""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import berth_client
from berth_client import _core, aio
from fake import FakeDaemon, answer, lease, problem

Showing = Callable[..., berth_client.LeaseRecord]


def show_sync(lease: int = 7, **place: str) -> berth_client.LeaseRecord:
    return berth_client.Client(**place).show(lease)


def show_async(lease: int = 7, **place: str) -> berth_client.LeaseRecord:
    return asyncio.run(aio.Client(**place).show(lease))


def renew_sync(path: str) -> None:
    from berth_client import _http, _requests

    _http.drive(_requests.renew(berth_client.Client(socket=path)._core, 7, 5))


def renew_async(path: str) -> None:
    from berth_client import _requests
    from berth_client.aio import _http

    asyncio.run(_http.drive(_requests.renew(aio.Client(socket=path)._core, 7, 5)))


both = pytest.mark.parametrize("show", [show_sync, show_async])
both_renew = pytest.mark.parametrize("renew", [renew_sync, renew_async])


@both
def test_a_lease_is_read(show: Showing, fake: FakeDaemon) -> None:
    fake.answers = [answer(200, lease(7, 20_010, 3))]
    record = show(socket=fake.path)
    assert (record.id, record.ports, record.first_port) == (7, (20_010, 20_011, 20_012), 20_010)
    assert record.expires_at is not None and record.expires_at.microsecond == 123_000
    assert (fake.requests[0].method, fake.requests[0].path) == ("GET", "/v1/leases/7")
    assert "authorization" not in fake.requests[0].headers


@both
def test_a_token_goes_along_over_tcp(show: Showing) -> None:
    with FakeDaemon(answers=[answer(200, lease())]) as fake:
        show(url=f"http://127.0.0.1:{fake.port}", token="secret")
        assert fake.requests[0].headers["authorization"] == "Bearer secret"
        assert fake.requests[0].headers["host"] == f"127.0.0.1:{fake.port}"


@both
def test_replies_may_come_in_chunks_or_until_the_end(show: Showing, fake: FakeDaemon) -> None:
    body = answer(200, lease()).partition(b"\r\n\r\n")[2]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    chunks = b"%x;n=1\r\n%s\r\n%x\r\n%s\r\n0\r\nTrailer: x\r\n\r\n" % (5, body[:5], len(body) - 5, body[5:])
    fake.answers = [head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks, head + b"\r\n" + body,
                    b"HTTP/1.1 100 Continue\r\n\r\n" + head + b"\r\n" + body]
    for _ in range(3):
        assert show(socket=fake.path).id == 7


@both_renew
def test_a_post_whose_answer_was_lost_is_repeated_with_its_key(renew: Callable[[str], None], fake: FakeDaemon) -> None:
    cut = answer(200, lease())[:-3]
    fake.answers = [b"", b"", cut, answer(200, lease())]
    renew(str(fake.path))
    keys = [request.headers["idempotency-key"] for request in fake.requests]
    assert len(keys) == 4 and len(set(keys)) == 1
    assert [request.body for request in fake.requests] == [{"ttl_seconds": 5}] * 4


@both_renew
def test_each_post_has_a_key_of_its_own(renew: Callable[[str], None], fake: FakeDaemon) -> None:
    fake.answers = [answer(200, lease())]
    renew(str(fake.path))
    renew(str(fake.path))
    assert fake.requests[0].headers["idempotency-key"] != fake.requests[1].headers["idempotency-key"]


@both_renew
def test_a_first_request_under_way_is_waited_for(renew: Callable[[str], None], fake: FakeDaemon) -> None:
    fake.answers = [problem(409, "idempotency-in-flight"), answer(200, lease())]
    renew(str(fake.path))
    assert len(fake.requests) == 2


@both
def test_who_never_answers_is_given_up(show: Showing, fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_core, "RETURN_TIME", 0.3)
    fake.answers = [b""]
    with pytest.raises(berth_client.ConnectionLost):
        show(socket=fake.path)
    assert len(fake.requests) > 1


@both
def test_a_daemon_that_was_never_there_is_not_waited_for(show: Showing, tmp_path: Path) -> None:
    with pytest.raises(berth_client.NoDaemon, match="berth serve") as caught:
        show(socket=str(tmp_path / "none.sock"))
    assert (caught.value.code, caught.value.status) == ("no-daemon", None)


def test_a_daemon_that_has_answered_is_waited_for(tmp_path: Path) -> None:
    path = str(tmp_path / "fake.sock")
    client = berth_client.Client(socket=path)
    with FakeDaemon(path, [answer(200, lease())]):
        client.show(7)
    Path(path).unlink()
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(client.show(7).id))
    thread.start()
    with FakeDaemon(path, [answer(200, lease())]):
        thread.join(30)
    assert found == [7]


@both
def test_silence_ends_in_time(show: Showing, fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_core.Call.__init__, "__defaults__", (None, None, None, 0.2, True))
    fake.answers = [lambda _: (__import__("time").sleep(1), b"")[1]]
    with pytest.raises(berth_client.NoAnswer):
        show(socket=fake.path)


@both
def test_the_first_place_that_answers_is_taken(
    show: Showing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BERTH_SOCKET", "BERTH_URL", "BERTH_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("berth_client.endpoints.SYSTEM_SOCKET", str(tmp_path / "none.sock"))
    with pytest.raises(berth_client.NoDaemon, match="none.sock .*, nor at .*/berth/berth.sock "):
        show()
    (tmp_path / "berth").mkdir()
    with FakeDaemon(str(tmp_path / "berth" / "berth.sock"), [answer(200, {}), answer(200, lease())]) as fake:
        assert show().id == 7
        assert [request.path for request in fake.requests] == ["/livez", "/v1/leases/7"]


@both
def test_a_problem_is_an_exception_of_its_own(show: Showing, fake: FakeDaemon) -> None:
    fake.answers = [problem(503, "pool-exhausted", "Retry-After: 2", largest_free_block=3, free=5, count=6)]
    with pytest.raises(berth_client.PoolExhausted, match="It is pool-exhausted") as caught:
        show(socket=fake.path)
    error: berth_client.BerthError = pickle.loads(pickle.dumps(caught.value))
    assert (error.code, error.status, error.request_id, error.retry_after) == ("pool-exhausted", 503, "r-1", 2)
    assert error.facts == {"largest_free_block": 3, "free": 5, "count": 6}
    assert type(error) is berth_client.PoolExhausted


@both
def test_a_code_of_a_newer_daemon_is_a_refusal(show: Showing, fake: FakeDaemon) -> None:
    fake.answers = [problem(418, "teapot")]
    with pytest.raises(berth_client.Refused) as caught:
        show(socket=fake.path)
    assert (caught.value.code, caught.value.status) == ("teapot", 418)


@both
@pytest.mark.parametrize("reply", [answer(404, "no"), answer(200, [1]), answer(500)])
def test_another_program_is_told_as_such(show: Showing, reply: bytes, fake: FakeDaemon) -> None:
    fake.answers = [reply]
    with pytest.raises(berth_client.UnexpectedReply):
        show(socket=fake.path)


def test_what_is_no_http_is_no_answer(fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_core, "RETURN_TIME", 0.1)
    fake.answers = [b"SSH-2.0-OpenSSH_9.2\r\n"]
    for show in (show_sync, show_async):
        with pytest.raises(berth_client.ConnectionLost):
            show(socket=fake.path or "")


def test_all_pages_are_read(fake: FakeDaemon) -> None:
    fake.answers = [answer(200, {"leases": [lease(1), lease(2)], "next_cursor": "a=&b"}),
                    answer(200, {"leases": [lease(3)], "next_cursor": None})]
    assert [one.id for one in berth_client.Client(socket=fake.path).leases("alice")] == [1, 2, 3]
    assert "cursor=a%3D%26b" in fake.requests[1].path and "session=alice" in fake.requests[1].path


def test_a_wait_is_a_preference_and_bounded(fake: FakeDaemon) -> None:
    def granted(value: Any) -> bytes:
        return answer(201, lease())

    fake.answers = [granted]
    client = berth_client.Client(socket=fake.path)
    client.lease("alice", wait=30).release()
    assert fake.requests[0].headers["prefer"] == "wait=30"
    with pytest.raises(ValueError, match="3600"):
        client.lease("alice", wait=3601)


def test_names_of_agents_are_a_list(fake: FakeDaemon) -> None:
    with pytest.raises(TypeError):
        berth_client.Client(socket=fake.path).lease("alice", 6, agents="team-1")
    assert fake.requests == []


def test_without_an_owner_there_is_a_ttl() -> None:
    with pytest.raises(ValueError, match="ttl"):
        berth_client.Client(socket="/nowhere").lease("alice", owner=None, ttl=None)
