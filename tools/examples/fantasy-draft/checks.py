"""How the story is told, and checked: what must be so, and what must become so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
#: Nothing takes that long unless it hangs.
DEADLINE = 60.0
START = time.monotonic()


class Failed(Exception):
    """The story went otherwise than it is told."""


def tell(text: str) -> None:
    """A line of the story, with the seconds since its beginning."""
    print(f"{time.monotonic() - START:6.1f}  {text}", flush=True)


def expect(condition: object, otherwise: str) -> None:
    """Raises Failed, with what is wrong, where the condition does not hold."""
    if not condition:
        raise Failed(otherwise)


async def eventually(what: str, look: Callable[[], Awaitable[T]]) -> T:
    """Looks until there is something true to be seen, and returns it. Raises Failed at the deadline."""
    deadline = time.monotonic() + DEADLINE
    while True:
        seen = await look()
        if seen:
            return seen
        expect(time.monotonic() < deadline, f"still not after {DEADLINE:.0f} s: {what}")
        await asyncio.sleep(0.05)
