"""Sessions from a template of a real daemon."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator

import pytest

import berth_client
from berth_client import _http, _requests
from support import Daemon, eventually, is_alive

AGENT = (
    "import http.server, json, os, sys\n"
    "class H(http.server.BaseHTTPRequestHandler):\n"
    "    def do_GET(self):\n"
    "        self.send_response(200); self.end_headers()\n"
    "        self.wfile.write(json.dumps(dict(pid=os.getpid(), arguments=sys.argv[1:])).encode())\n"
    "print('listening', flush=True)\n"
    "http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()\n")


#: Debian's: its agents run as somebody else, who may not read ours.
PYTHON = "/usr/bin/python3"


def configuration() -> str:
    """A daemon of root's starts agents as another user only."""
    user = "    user: nobody\n" if os.getuid() == 0 else ""
    command = json.dumps([PYTHON, "-c", AGENT, "{port}", "{url:team-2}", "{league}"])
    return (
        "templates:\n  draft:\n" + user + "    variables: { league: { pattern: '[a-z]+', default: demo } }\n"
        f"    agents:\n      team-1: {{ command: {command} }}\n      team-2: {{ command: {command} }}\n"
        "  broken:\n" + user + "    agents:\n      bad: { command: [/bin/sh, -c, 'echo no such league; exit 3'],"
        " restart: never }\n")


@pytest.fixture
def templates() -> Iterator[Daemon]:
    daemon = Daemon(configuration=configuration())
    try:
        yield daemon.start()
    finally:
        daemon.close()


def test_agents_answer_and_end(templates: Daemon) -> None:
    pids = []
    variables = {"league": "premier"}
    with templates.client.create_agent_session(
        "alice", template="draft", variables=variables, ttl=60, wait=30
    ) as made:
        assert sorted(made["agent_urls"]) == ["team-1", "team-2"]
        assert made.phase == "running"
        for agent in made.agents:
            with urllib.request.urlopen(made.agent_urls[agent.name], timeout=60) as reply:
                told = json.load(reply)
            assert told["pid"] == agent.pid
            assert told["arguments"] == [str(agent.port), f"http://127.0.0.1:{made.agents[1].port}", "premier"]
            pids.append(told["pid"])
        assert "listening" in made.log("team-1")
        with pytest.raises(berth_client.LeaseInUse):
            _http.drive(_requests.release(templates.client._core, made.lease_id or 0))
    eventually(lambda: not any(map(is_alive, pids)))
    assert templates.active() == []


def test_agents_outlive_the_daemon(templates: Daemon) -> None:
    made = templates.client.create_agent_session("alice", template="draft", ttl=600)
    pids = [agent.pid for agent in made.agents]
    templates.kill()
    templates.start()
    made.refresh()
    assert [agent.pid for agent in made.agents] == pids
    made.end()
    eventually(lambda: not any(is_alive(pid) for pid in pids if pid))


def test_an_agent_that_fails_is_told_and_nothing_is_left(templates: Daemon) -> None:
    with pytest.raises(berth_client.AgentFailed, match="agent bad") as failure:
        templates.client.create_agent_session("alice", template="broken")
    assert "no such league" in str(failure.value.facts["log"])
    assert templates.active() == []


def test_a_template_that_is_not_there_is_told(templates: Daemon) -> None:
    with pytest.raises(berth_client.Refused):
        templates.client.create_agent_session("alice", template="nothing")
    assert templates.active() == []
