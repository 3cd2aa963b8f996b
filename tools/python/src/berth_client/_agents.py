"""Agents as processes: what they are told about ports, how they start, and how they are stopped."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from ._core import Connect, Conversation, Pause
from .errors import AgentFailed
from .models import LeaseRecord

_PAUSE = 0.02
_LAST_BYTES = 2000
_PLACEHOLDER = re.compile(r"(?<!\$)\{(port|url|name|session)(?::([a-z0-9-]+))?\}")


class _Named(TypedDict):
    name: str


class AgentConfig(_Named, total=False):
    """One agent. It has a ``command`` or a ``target``, which is called with the port in a process of its own.

    In the command, and in the values of ``env``, ``{port}`` is the agent's port, ``{port:2}`` or ``{port:name}`` another
    one of the block, ``{url:name}`` a peer's URL, ``{name}`` its name and ``{session}`` the session's.
    """

    command: str | Sequence[str]
    target: Callable[[int], object]
    env: Mapping[str, str]
    cwd: str
    #: False for an agent that does not listen on its port; else it is ready when it accepts connections.
    ready: bool


def check_configs(configs: Sequence[AgentConfig]) -> None:
    names = [config["name"] for config in configs]
    if not names:
        raise ValueError("AGENT_CONFIGS is empty")
    if len(set(names)) < len(names):
        raise ValueError(f"an agent's name stands in AGENT_CONFIGS twice: {', '.join(names)}")
    for config in configs:
        if ("command" in config) == ("target" in config):
            raise ValueError(f"agent {config['name']} needs a command or a target, not both")


def agent_url(port: int) -> str:
    return f"http://127.0.0.1:{port}/"


class Places:
    """What an agent may be told: the ports of the block, by number and by name."""

    def __init__(self, record: LeaseRecord, names: Sequence[str]) -> None:
        self.record = record
        self.ports = dict(zip(names, record.ports, strict=True))
        self.numbered = {str(number): port for number, port in enumerate(record.ports, start=1)}

    def fill(self, text: str, agent: str) -> str:
        """Raises ValueError for a placeholder that stands for no port of the block."""

        def value(match: re.Match[str]) -> str:
            kind, which = match.groups()
            if kind in ("name", "session"):
                return agent if kind == "name" else self.record.session
            port = self.ports.get(which or agent) or self.numbered.get(which or "")
            if port is None:
                raise ValueError(f"agent {agent}: {match[0]} is no port of the block")
            return str(port) if kind == "port" else agent_url(port)

        return _PLACEHOLDER.sub(value, text)

    def environment(self, config: AgentConfig) -> dict[str, str]:
        """What is added to ours: the lease's variables, with the agent's own port as ``PORT``."""
        name = config["name"]
        own = {key: self.fill(value, name) for key, value in config.get("env", {}).items()}
        return self.record.env() | {"PORT": str(self.ports[name])} | own


class AgentProcess:
    """An agent's process, which leads a group of its own, so that its children are stopped with it."""

    def __init__(self, config: AgentConfig, places: Places, log: Path | None) -> None:
        self.name = config["name"]
        self.port = places.ports[self.name]
        self.log = log
        self.must_listen = config.get("ready", True)
        self._status: int | None = None
        environment = places.environment(config)
        if "command" in config:
            command = config["command"]
            words = shlex.split(command) if isinstance(command, str) else command
            arguments = [places.fill(word, self.name) for word in words]
            self._process: subprocess.Popen[bytes] | multiprocessing.process.BaseProcess = _popen(
                arguments, environment, config.get("cwd"), log)
        else:
            # A fork would take our threads' locks with it.
            self._process = multiprocessing.get_context("spawn").Process(
                target=_run_target, name=self.name,
                args=(config["target"], self.port, environment, config.get("cwd"), log))
            self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def has_ended(self) -> bool:
        """Looks without taking the exit status: as long as nobody does, the group's number is nobody else's."""
        if self._status is not None:
            return True
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    @property
    def exit_status(self) -> int | None:
        """As subprocess tells it: -n for signal n. None while it runs."""
        if self._status is None and self.has_ended:
            # What it started would keep the port.
            self.signal_group(signal.SIGKILL)
            self._status = self._reaped()
        return self._status

    def signal_group(self, number: signal.Signals) -> None:
        if self._status is not None:
            return
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            # A target that has not come to make its group.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def last_words(self) -> str:
        """The end of its log, on lines of their own."""
        if self.log is None or not self.log.exists():
            return ""
        text = self.log.read_bytes()[-_LAST_BYTES:].decode("utf-8", errors="replace").strip()
        return f"; its last lines:\n{text}" if text else ""

    def _reaped(self) -> int:
        if isinstance(self._process, subprocess.Popen):
            return self._process.wait()
        self._process.join()
        return self._process.exitcode or 0


def _popen(
    arguments: Sequence[str], environment: Mapping[str, str], cwd: str | None, log: Path | None
) -> subprocess.Popen[bytes]:
    with contextlib.ExitStack() as stack:
        output = None if log is None else stack.enter_context(log.open("ab"))
        return subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=cwd,
            env=os.environ | environment, start_new_session=True)


def _run_target(
    target: Callable[[int], object], port: int, environment: Mapping[str, str], cwd: str | None, log: Path | None
) -> None:
    """In the new process."""
    os.setsid()
    os.environ.update(environment)
    if cwd is not None:
        os.chdir(cwd)
    if log is not None:
        with log.open("ab") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
    target(port)


def until_ready(agents: Sequence[AgentProcess], timeout: float) -> Conversation[None]:
    """Waits until each accepts connections. Raises AgentFailed for one that ends before, or takes too long."""
    end = time.monotonic() + timeout
    waiting = [agent for agent in agents if agent.must_listen]
    while waiting:
        agent = waiting[0]
        for one in agents:
            check_alive(one)
        reply = yield Connect(agent.port)
        if reply is not None and reply.status == 200:
            # Whoever answered must have been the agent.
            check_alive(agent)
            waiting.pop(0)
            continue
        if time.monotonic() > end:
            raise AgentFailed(
                f"agent {agent.name} does not listen on port {agent.port} after {timeout:g} s{agent.last_words()}",
                facts={"agent": agent.name, "port": agent.port})
        yield Pause(_PAUSE)


def check_alive(agent: AgentProcess) -> None:
    status = agent.exit_status
    if status is not None:
        raise AgentFailed(
            f"agent {agent.name} ended with status {status} before all agents were ready{agent.last_words()}",
            facts={"agent": agent.name, "port": agent.port, "exit_status": status})


def stopped(agents: Sequence[AgentProcess], grace: float) -> Conversation[None]:
    """Asks each group to end, and kills what has not after `grace` seconds."""
    for agent in agents:
        if agent.exit_status is None:
            agent.signal_group(signal.SIGTERM)
    end = time.monotonic() + grace
    while any(agent.exit_status is None for agent in agents):
        if time.monotonic() > end:
            for agent in agents:
                agent.signal_group(signal.SIGKILL)
        yield Pause(_PAUSE)
