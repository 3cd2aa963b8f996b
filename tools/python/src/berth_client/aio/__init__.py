"""Berth for asyncio: the names of berth_client, to be awaited or entered with ``async with``."""

from .client import Client, create_agent_session, lease
from .leases import Lease
from .manager import A2AAgentManager
from .sessions import AgentSession

__all__ = ["A2AAgentManager", "AgentSession", "Client", "Lease", "create_agent_session", "lease"]
