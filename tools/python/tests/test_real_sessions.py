"""Sessions from a template of a real daemon."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest

import berth_client
from berth_client import _http, _requests
from support import BINARY, Daemon, eventually, is_alive

AGENT = (
    "import http.server, json, os, sys\n"
    "class H(http.server.BaseHTTPRequestHandler):\n"
    "    def do_GET(self):\n"
    "        self.send_response(200); self.end_headers()\n"
    "        self.wfile.write(json.dumps({'pid': os.getpid(), 'arguments': sys.argv[1:]}).encode())\n"
    "print('listening', flush=True)\n"
    "http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()\n")


def configuration() -> str:
    command = json.dumps([sys.executable, "-c", AGENT, "{port}", "{url:team-2}"])
    return f"""
templates:
  draft:
    allow: ["uid:{os.getuid()}"]
    agents:
      team-1: {{ command: {command}{_user()} }}
      team-2: {{ command: {command}{_user()} }}
"""


def _user() -> str:
    """A daemon of root's starts nothing for which no user is named."""
    return ", user: root" if os.getuid() == 0 else ""


@pytest.fixture
def templates() -> Iterator[Daemon]:
    if not _knows_templates():
        pytest.skip("this berth has no templates")
    daemon = Daemon(configuration=configuration())
    try:
        yield daemon.start()
    finally:
        daemon.close()


def _knows_templates() -> bool:
    told = subprocess.run([BINARY, "session", "--help"], capture_output=True, text=True, timeout=60, check=False)
    return "start" in told.stdout.partition("SUBCOMMANDS")[2]


def test_agents_answer_and_end(templates: Daemon) -> None:
    pids = []
    with templates.client.create_agent_session("alice", template="draft", ttl=60, wait=30) as made:
        assert list(made["agent_urls"]) == ["team-1", "team-2"]
        assert made.phase == "running"
        for agent in made.agents:
            with urllib.request.urlopen(made.agent_urls[agent.name], timeout=60) as reply:
                told = json.load(reply)
            assert told["pid"] == agent.pid
            assert told["arguments"][0] == str(agent.port)
            pids.append(told["pid"])
        assert "listening" in made.log("team-1")
        with pytest.raises(berth_client.LeaseInUse):
            _http.drive(_requests.release(templates.client._core, made.lease_id))
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


def test_a_template_that_is_not_there_is_told(templates: Daemon) -> None:
    with pytest.raises(berth_client.Refused):
        templates.client.create_agent_session("alice", template="nothing")
    assert templates.active() == []
