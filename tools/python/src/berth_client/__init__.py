"""Ports from Berth: leased, renewed in the background, and given back.

    with berth_client.lease("alice", 6) as held:
        print(held.ports)

The module ``berth_client.aio`` has the same for asyncio.
"""

from .client import Client, create_agent_session, lease
from .errors import (
    AgentFailed, BerthError, ConfigurationError, ConnectionLost, Forbidden, IdempotencyKeyReused, InvalidField,
    LeaseEnded, LeaseInUse, LeaseLost, NameConflict, NoAnswer, NoDaemon, NoSuchProcess, NotFound, PoolExhausted,
    PortUnavailable, QueueFull, QuotaExceeded, Refused, SessionLimit, StorageUnavailable, TooManyRequests,
    Unauthorized, UnexpectedReply, Untrusted,
)
from .inherited import inherited_sockets
from .leases import Lease
from .manager import A2AAgentManager, AgentConfig
from .models import Agent, LeaseRecord, SessionAgent
from .sessions import AgentSession

__version__ = "0.1.0"

__all__ = [
    "A2AAgentManager", "Agent", "AgentConfig", "AgentFailed", "AgentSession", "BerthError", "Client",
    "ConfigurationError", "ConnectionLost", "Forbidden", "IdempotencyKeyReused", "InvalidField", "Lease", "LeaseEnded",
    "LeaseInUse", "LeaseLost", "LeaseRecord", "NameConflict", "NoAnswer", "NoDaemon", "NoSuchProcess", "NotFound",
    "PoolExhausted", "PortUnavailable", "QueueFull", "QuotaExceeded", "Refused", "SessionAgent", "SessionLimit", "StorageUnavailable",
    "TooManyRequests", "Unauthorized", "UnexpectedReply", "Untrusted", "create_agent_session", "inherited_sockets", "lease",
]
