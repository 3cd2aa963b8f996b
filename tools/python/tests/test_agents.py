"""The design note's manager: agents as subprocesses on a block of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

import berth_client
from berth_client import A2AAgentManager, AgentConfig, aio
from support import Daemon, can_bind, eventually, is_alive, python

#: Answers with what it was told, its process and a child's, which must not outlive it.
AGENT = """
import json, os, subprocess, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
child = subprocess.Popen(["sleep", "600"])
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        told = {"arguments": sys.argv[1:], "pid": os.getpid(), "child": child.pid, "env": dict(os.environ)}
        self.send_response(200); self.end_headers(); self.wfile.write(json.dumps(told).encode())
    def log_message(self, *_): pass
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def agent(name: str, *arguments: str) -> AgentConfig:
    return {"name": name, "command": [sys.executable, "-c", AGENT, *arguments]}


class Draft(A2AAgentManager):
    AGENT_CONFIGS = [
        agent("team-1", "{port}", "{port:2}", "{port:team-2}", "{url:team-2}", "{name}", "{session}", "${port}"),
        {"name": "team-2", "command": [sys.executable, "-c", AGENT], "env": {"PEER": "{url:team-1}"}},
    ]


def ask(url: str) -> dict[str, Any]:
    import json

    with urllib.request.urlopen(url, timeout=60) as reply:
        told = json.load(reply)
    assert isinstance(told, dict)
    return told


def serve_for_ever(port: int) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

    HTTPServer(("127.0.0.1", port), Handler).serve_forever()


def test_agents_run_on_a_block_and_end_with_it(daemon: Daemon) -> None:
    with Draft("alice", client=daemon.client) as manager:
        first = manager.port_range.start
        assert list(manager.port_range) == [first, first + 1]
        assert manager.agent_urls == {"team-1": f"http://127.0.0.1:{first}/", "team-2": f"http://127.0.0.1:{first + 1}/"}
        told = [ask(url) for url in manager.agent_urls.values()]
        second = str(first + 1)
        assert told[0]["arguments"] == [
            str(first), second, second, f"http://127.0.0.1:{second}/", "team-1", "alice", "${port}"]
        assert told[1]["env"]["PEER"] == f"http://127.0.0.1:{first}/"
        assert told[1]["env"]["TEAM_1_PORT"] == str(first)
        assert [config["port"] for config in manager.agent_configs] == list(manager.port_range)
        (record,) = daemon.client.leases("alice")
        assert [(one.name, one.port, one.state, one.pid) for one in record.agents] == [
            (name, first + index, "running", told[index]["pid"]) for index, name in enumerate(manager.agent_urls)]
        assert manager.exit_statuses == {"team-1": None, "team-2": None}
    assert daemon.active() == []
    assert all(eventually(lambda: not is_alive(one[which])) for one in told for which in ("pid", "child"))
    assert manager.exit_statuses == {"team-1": -signal.SIGTERM, "team-2": -signal.SIGTERM}
    eventually(lambda: all(map(can_bind, manager.port_range)))
    manager.stop()


def test_many_users_have_theirs_at_once(daemon: Daemon) -> None:
    managers = [Draft(f"user-{number}", client=daemon.client) for number in range(3)]
    try:
        for manager in managers:
            manager.start()
        pids = {ask(url)["pid"] for manager in managers for url in manager.agent_urls.values()}
        ports = {port for manager in managers for port in manager.port_range}
        assert len(pids) == len(ports) == 6
    finally:
        for manager in managers:
            manager.stop()
    assert daemon.active() == []


def test_one_user_may_have_two(daemon: Daemon) -> None:
    with Draft("alice", client=daemon.client) as one, Draft("alice", client=daemon.client) as other:
        assert not set(one.port_range) & set(other.port_range)


def test_the_daemon_limits_how_many(small_daemon: Daemon) -> None:
    with Draft("alice", client=small_daemon.client):
        with pytest.raises(berth_client.SessionLimit):
            Draft("bob", client=small_daemon.client).start()


def test_ports_are_leased_before_the_start(daemon: Daemon) -> None:
    manager = Draft("alice", client=daemon.client)
    assert daemon.active() == []
    assert len(manager.port_range) == 2
    assert daemon.active() == [manager.lease.id]
    manager.stop()
    assert daemon.active() == []


def test_a_target_is_called_in_a_process_of_its_own(daemon: Daemon, tmp_path: Path) -> None:
    configs: list[AgentConfig] = [{"name": "one", "target": serve_for_ever}]
    with A2AAgentManager("alice", configs=configs, client=daemon.client, log_folder=tmp_path) as manager:
        with urllib.request.urlopen(manager.agent_urls["one"], timeout=60) as reply:
            assert reply.status == 204
        assert manager.pids["one"] not in (os.getpid(), None)
    assert "GET /" in (tmp_path / "one.log").read_text(encoding="utf-8")
    assert manager.exit_statuses == {"one": -signal.SIGTERM}


def test_an_agent_that_fails_is_told_and_nothing_is_left(daemon: Daemon, tmp_path: Path) -> None:
    configs: list[AgentConfig] = [
        agent("good"), {"name": "bad", "command": "sh -c 'echo no such league; exit 3'"}]
    manager = A2AAgentManager("alice", configs=configs, client=daemon.client, log_folder=tmp_path)
    with pytest.raises(berth_client.AgentFailed, match="agent bad ended with status 3(?s:.*)no such league") as caught:
        manager.start()
    assert caught.value.facts["agent"] == "bad" and caught.value.facts["exit_status"] == 3
    assert daemon.active() == []
    assert not any(map(is_alive, manager.pids.values()))


def test_an_agent_that_does_not_listen_is_told(daemon: Daemon) -> None:
    configs: list[AgentConfig] = [{"name": "deaf", "command": ["sleep", "600"]}]
    with pytest.raises(berth_client.AgentFailed, match="does not listen on port"):
        A2AAgentManager("alice", configs=configs, client=daemon.client, ready_timeout=0.3).start()
    assert daemon.active() == []
    configs[0]["ready"] = False
    with A2AAgentManager("alice", configs=configs, client=daemon.client) as manager:
        assert manager.exit_statuses == {"deaf": None}


def test_an_agent_that_cannot_be_executed_is_told(daemon: Daemon) -> None:
    configs: list[AgentConfig] = [agent("good"), {"name": "none", "command": ["/no/such/program"]}]
    with pytest.raises(FileNotFoundError):
        A2AAgentManager("alice", configs=configs, client=daemon.client).start()
    assert daemon.active() == []


def test_one_that_does_not_want_to_end_is_killed(daemon: Daemon) -> None:
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + AGENT
    configs: list[AgentConfig] = [{"name": "stubborn", "command": [sys.executable, "-c", code]}]
    with A2AAgentManager("alice", configs=configs, client=daemon.client, stop_grace=0.2) as manager:
        child = ask(manager.agent_urls["stubborn"])["child"]
    assert manager.exit_statuses == {"stubborn": -signal.SIGKILL}
    eventually(lambda: not is_alive(child))


@pytest.mark.parametrize(
    ("configs", "what"),
    [
        ([], "empty"),
        ([agent("a"), agent("a")], "twice"),
        ([{"name": "a"}], "a command or a target"),
        ([{"name": "a", "command": "x", "target": serve_for_ever}], "not both"),
    ],
)
def test_configurations_are_checked(configs: list[AgentConfig], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        A2AAgentManager("alice", configs=configs)


def test_a_placeholder_without_a_port_is_told(daemon: Daemon) -> None:
    configs: list[AgentConfig] = [{"name": "a", "command": ["x", "{port:2}"]}]
    with pytest.raises(ValueError, match=r"\{port:2\} is no port of the block"):
        A2AAgentManager("alice", configs=configs, client=daemon.client).start()
    assert daemon.active() == []


PROGRAM = """
import sys, os, signal, berth_client
configs = [{"name": "a", "command": [sys.executable, "-c", AGENT]}]
manager = berth_client.A2AAgentManager("alice", configs=configs)
manager.start()
print(manager.lease.id, manager.pids["a"], flush=True)
"""


def program(end: str) -> str:
    return f"AGENT = {AGENT!r}\n{PROGRAM}{end}"


@pytest.mark.parametrize("end", ["", "raise SystemExit(0)", "os.kill(os.getpid(), signal.SIGINT)"])
def test_agents_end_with_the_program(end: str, daemon: Daemon) -> None:
    with python(program(end), daemon.environment) as process:
        assert process.stdout is not None
        lease, pid = map(int, process.stdout.readline().split())
        process.wait(60)
    assert not is_alive(pid)
    assert daemon.client.show(lease).state == "released"


def test_a_killed_manager_leaves_the_ports_to_its_living_agents(daemon: Daemon) -> None:
    with python(program("signal.pause()"), daemon.environment) as process:
        assert process.stdout is not None
        lease, pid = map(int, process.stdout.readline().split())
        process.kill()
    try:
        eventually(lambda: not daemon.berth("reap").returncode)
        assert daemon.client.show(lease).state == "active"
    finally:
        os.killpg(pid, signal.SIGKILL)
    eventually(lambda: daemon.client.show(lease).state == "orphaned")


@pytest.mark.filterwarnings("ignore:This process.*fork:DeprecationWarning")
def test_a_forked_child_stops_nothing(daemon: Daemon) -> None:
    with Draft("alice", client=daemon.client) as manager:
        child = os.fork()
        if child == 0:
            code = 99
            try:
                manager.__exit__(None, None, None)
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        assert manager.exit_statuses == {"team-1": None, "team-2": None}
        assert daemon.active() == [manager.lease.id]


class AsyncDraft(aio.A2AAgentManager):
    AGENT_CONFIGS = Draft.AGENT_CONFIGS


def run(main: Callable[[], Any]) -> None:
    asyncio.run(asyncio.wait_for(main(), 120))


def test_async_managers_are_the_same(daemon: Daemon) -> None:
    async def main() -> None:
        managers = [AsyncDraft(f"user-{n}", client=aio.Client(socket=daemon.socket)) for n in range(2)]
        with pytest.raises(RuntimeError, match="start"):
            _ = managers[0].port_range
        urls = await asyncio.gather(*(manager.start() for manager in managers))
        assert len({url for some in urls for url in some.values()}) == 4
        told = [await asyncio.to_thread(ask, url) for some in urls for url in some.values()]
        assert len({one["pid"] for one in told}) == 4
        await asyncio.gather(*(manager.stop() for manager in managers))
        assert not any(is_alive(one["pid"]) for one in told)
        bad: list[AgentConfig] = [{"name": "bad", "command": ["false"]}]
        with pytest.raises(berth_client.AgentFailed):
            async with aio.A2AAgentManager("alice", configs=bad, client=aio.Client(socket=daemon.socket)):
                pass

    run(main)
    assert daemon.active() == []


def test_a_cancelled_async_start_leaves_nothing(daemon: Daemon) -> None:
    async def main() -> list[int]:
        configs: list[AgentConfig] = [{"name": "deaf", "command": ["sleep", "600"]}]
        manager = aio.A2AAgentManager("alice", configs=configs, client=aio.Client(socket=daemon.socket))
        task = asyncio.create_task(manager.start())
        while not manager.pids:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return list(manager.pids.values())

    (pid,) = asyncio.run(asyncio.wait_for(main(), 60))
    assert not is_alive(pid)
    assert daemon.active() == []
