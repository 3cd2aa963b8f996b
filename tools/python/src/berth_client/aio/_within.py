"""A bound on how long something takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


async def within(seconds: float, work: Coroutine[Any, Any, T], discard: Callable[[T], object] | None = None) -> T:
    """What the work leads to. Raises TimeoutError when it takes longer; ``discard`` gets what comes too late.

    asyncio.wait_for() of Python 3.10 and 3.11 swallows a cancellation that comes at the moment of the outcome, and
    asyncio.timeout() is not in 3.10.
    """
    task = asyncio.get_running_loop().create_task(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        task.add_done_callback(partial(_discarded, discard))
        raise
    if task.done():
        return task.result()
    task.cancel()
    task.add_done_callback(partial(_discarded, discard))
    raise TimeoutError


def _discarded(discard: Callable[[T], object] | None, task: asyncio.Task[T]) -> None:
    # To ask for the exception is what keeps asyncio from logging it.
    if not task.cancelled() and task.exception() is None and discard is not None:
        discard(task.result())
