"""What both kinds of agent manager share: the plan, and starting and stopping as conversations."""

from __future__ import annotations

import atexit
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from . import _requests
from ._agents import AgentConfig, AgentProcess, Places, agent_url, check_alive, check_configs, stopped, until_ready
from ._core import Conversation, Core
from ._holding import HeldPorts, log
from ._http import drive
from ._requests import DEFAULT_TTL
from .errors import BerthError, Forbidden, NoSuchProcess
from .models import LeaseRecord


class HasCore(Protocol):
    """A client of either kind."""

    _core: Core


C = TypeVar("C", bound=HasCore)


class Crew(Generic[C]):
    """The agents of one user's session, on a block of consecutive ports of their own."""

    #: A subclass's agents, in the order of their ports.
    AGENT_CONFIGS: ClassVar[Sequence[AgentConfig]] = ()

    def __init__(
        self, user_session_id: str, *, configs: Sequence[AgentConfig] | None = None, client: C | None = None,
        pool: str | None = None, ttl: int | None = DEFAULT_TTL, wait: int | None = None, ready_timeout: float = 30.0,
        stop_grace: float = 5.0, log_folder: Path | str | None = None,
    ) -> None:
        self.user_session_id = user_session_id
        self._configs = list(self.AGENT_CONFIGS if configs is None else configs)
        check_configs(self._configs)
        self._client = self._new_client() if client is None else client
        self._pool, self._ttl, self._wait = pool, ttl, wait
        self._ready_timeout = ready_timeout
        self._stop_grace = stop_grace
        self._log_folder = None if log_folder is None else Path(log_folder)
        self._agents: list[AgentProcess] = []
        self._held: HeldPorts | None = None

    def _new_client(self) -> C:
        raise NotImplementedError

    @property
    def agent_urls(self) -> dict[str, str]:
        """Where each agent listens, by its name."""
        return {name: agent_url(port) for name, port in self._places.ports.items()}

    @property
    def agent_configs(self) -> list[dict[str, Any]]:
        """The configurations, each with its ``port`` and ``url``."""
        ports = self._places.ports
        return [
            {**config, "port": ports[config["name"]], "url": agent_url(ports[config["name"]])}
            for config in self._configs
        ]

    @property
    def exit_statuses(self) -> dict[str, int | None]:
        """Of each agent that was started: None while it runs, -n for one that signal n ended."""
        return {agent.name: agent.exit_status for agent in self._agents}

    @property
    def pids(self) -> dict[str, int]:
        return {agent.name: agent.pid for agent in self._agents}

    def _range(self) -> range:
        held = self._leased
        return range(held.first_port, held.first_port + len(held.ports))

    @property
    def _names(self) -> list[str]:
        return [config["name"] for config in self._configs]

    @property
    def _leased(self) -> HeldPorts:
        if self._held is None:
            raise RuntimeError("no ports are leased: start() first")
        return self._held

    @property
    def _places(self) -> Places:
        return Places(self._leased.record, self._names)

    def _starting(self) -> Conversation[LeaseRecord]:
        """Starts the agents, tells the daemon of each, and waits until they listen. On failure none is left."""
        core = self._client._core
        _crews[id(self)] = self
        places = self._places
        try:
            if self._log_folder is not None:
                self._log_folder.mkdir(parents=True, exist_ok=True)
            for config in self._configs:
                file = None if self._log_folder is None else self._log_folder / f"{config['name']}.log"
                agent = AgentProcess(config, places, file)
                self._agents.append(agent)
                yield from self._attached(core, agent)
            yield from until_ready(self._agents, self._ready_timeout)
            return (yield from _requests.show(core, self._leased.id))
        except Exception:
            yield from self._stopping()
            raise

    def _attached(self, core: Core, agent: AgentProcess) -> Conversation[None]:
        """The lease then lives as long as the agent does, whatever becomes of us."""
        try:
            yield from _requests.attach(core, self._leased.id, agent.name, agent.pid, agent.port)
        except (NoSuchProcess, Forbidden) as error:
            check_alive(agent)
            # Over TCP, or from another PID namespace: the lease is held by its TTL, which we renew.
            log.info("agent %s is not attached to its lease: %s", agent.name, error)

    def _stopping(self) -> Conversation[None]:
        yield from stopped(self._agents, self._stop_grace)
        _crews.pop(id(self), None)

    def _stop_now(self) -> None:
        """At the end of the process: the agents first, then their ports."""
        held = self._held
        if held is None or not held._hold.is_ours:
            return
        drive(self._stopping())
        held._close_sockets()
        held._hold.end_quietly()


#: Those whose agents run. They are referred to from here, so that no lease ends under running agents.
_crews: dict[int, Crew[Any]] = {}


# Functions that are registered later are called earlier: before leases end, and before multiprocessing waits.
@atexit.register
def _stop_all() -> None:
    for crew in list(_crews.values()):
        try:
            crew._stop_now()
        except (BerthError, OSError) as error:
            log.warning("the agents of %s are not stopped: %s", crew.user_session_id, error)
