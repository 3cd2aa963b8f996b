"""What the daemon tells, as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Agent:
    """A named port of a lease and the process on it; ``state`` is ``reserved``, ``running`` or ``exited``."""

    name: str
    port: int
    state: str
    pid: int | None = None

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> Agent:
        return cls(value["name"], value["port"], value["state"], value.get("pid"))


@dataclass(frozen=True)
class SessionAgent:
    """An agent of a template's session. While that sleeps it has no process, and perhaps no port."""

    name: str
    port: int | None
    url: str | None
    pid: int | None
    state: str

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> SessionAgent:
        return cls(value["name"], value["port"], value["url"], value["pid"], value["state"])


@dataclass(frozen=True)
class LeaseRecord:
    """A lease as the daemon described it last. ``id`` is its fencing token: it only ever grows."""

    id: int
    session: str
    name: str | None
    pool: str
    ports: tuple[int, ...]
    state: str
    agents: tuple[Agent, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    expires_at: datetime | None = None
    end_reason: str | None = None

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> LeaseRecord:
        expires_at = value.get("expires_at")
        return cls(
            id=value["id"], session=value["session"], name=value.get("name"), pool=value["pool"],
            ports=tuple(value["ports"]), state=value["state"],
            agents=tuple(Agent.read(agent) for agent in value.get("agents", ())),
            labels=dict(value.get("labels") or {}),
            # Python before 3.11 does not read the Z.
            expires_at=datetime.fromisoformat(expires_at.replace("Z", "+00:00")) if expires_at else None,
            end_reason=value.get("end_reason"),
        )

    @property
    def first_port(self) -> int:
        return self.ports[0]

    def env(self) -> dict[str, str]:
        """The variables that ``berth run`` gives a program: ``PORT``, ``PORT_1``…, ``HOST``, ``BERTH_LEASE``,
        ``BERTH_SESSION``, ``BERTH_PORTS``, ``USER_PORT_1``… and for an agent ``team-1`` its ``TEAM_1_PORT``."""
        variables = {"PORT": str(self.first_port)}
        variables |= _numbered("PORT", self.ports)
        variables |= {"HOST": "127.0.0.1", "BERTH_LEASE": str(self.id), "BERTH_SESSION": self.session}
        variables["BERTH_PORTS"] = " ".join(map(str, self.ports))
        variables |= _numbered("USER_PORT", self.ports)
        # No shell could read a name that begins with a digit (POSIX, 3.216 Name).
        named = (agent for agent in self.agents if not agent.name[0].isdigit())
        return variables | {agent.name.upper().replace("-", "_") + "_PORT": str(agent.port) for agent in named}


def _numbered(prefix: str, ports: Iterable[int]) -> dict[str, str]:
    return {f"{prefix}_{number}": str(port) for number, port in enumerate(ports, start=1)}
