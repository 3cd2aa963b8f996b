"""Sockets that were open before this program started: `berth run --hold`, or systemd's socket activation."""

from __future__ import annotations

import os
import socket

#: Of the first socket that is passed (sd_listen_fds(3)).
FIRST_DESCRIPTOR = 3
_VARIABLES = ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")


def inherited_sockets() -> dict[str, socket.socket]:
    """The listening sockets that were passed to this very process, by name and in the order of their ports.

    ``berth run --hold`` names them like the agents, else ``port-1``, ``port-2`` and so on. A name that was given twice
    gets a number behind it. Nothing was passed: an empty dictionary. The variables are removed, so that no child takes
    the sockets for its own; so a second call finds nothing.
    """
    passed = {name: os.environ.pop(name, "") for name in _VARIABLES} if _is_for_us() else {}
    count = passed.get("LISTEN_FDS", "")
    names = passed.get("LISTEN_FDNAMES", "").split(":")
    sockets: dict[str, socket.socket] = {}
    for index in range(int(count) if count.isdecimal() else 0):
        descriptor = FIRST_DESCRIPTOR + index
        os.set_inheritable(descriptor, False)
        name = names[index] if index < len(names) and names[index] else f"port-{index + 1}"
        sockets[_unused(name, sockets)] = socket.socket(fileno=descriptor)
    return sockets


def _is_for_us() -> bool:
    # A child inherits the variables, but not what they are about.
    return os.environ.get("LISTEN_PID") == str(os.getpid())


def _unused(name: str, taken: dict[str, socket.socket]) -> str:
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate
