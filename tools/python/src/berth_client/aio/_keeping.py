"""Renewal by a task, which knows what it keeps only weakly."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable
from typing import Protocol

from .._holding import EXIT_TIMEOUT, Attempt, Hold, Terms, log
from ..errors import BerthError
from ._http import drive
from ._within import within


class Kept(Protocol):
    """What a keeper renews."""

    _terms: Terms

    def _learn(self, attempt: Attempt) -> Awaitable[None]: ...


class Keeper:
    """The task, in the event loop that is running."""

    def __init__(self, kept: Kept, hold: Hold) -> None:
        self._wake = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._finalizer = weakref.finalize(kept, _call_soon, loop, self._wake)
        self._finalizer.atexit = False
        self._task = loop.create_task(
            _keep(weakref.ref(kept), hold, self._wake, kept._terms.interval), name=f"berth {hold.what}")

    def stop(self) -> None:
        self._finalizer.detach()
        # From on_lost this is the task itself, which ends anyway.
        if asyncio.current_task() is not self._task:
            self._task.cancel()

    def look_again(self) -> None:
        """The terms have changed."""
        self._wake.set()


def _call_soon(loop: asyncio.AbstractEventLoop, wake: asyncio.Event) -> None:
    """In a destructor, in whatever thread."""
    try:
        loop.call_soon_threadsafe(wake.set)
    except RuntimeError:
        # The loop is closed; what is held is given back at the end of the process.
        pass


async def _keep(kept: weakref.ref[Kept], hold: Hold, wake: asyncio.Event, pause: float | None) -> None:
    while pause is not None and not hold.is_over:
        try:
            await within(pause, wake.wait())
        except TimeoutError:
            pause = await _renew(kept, hold, pause)
            continue
        wake.clear()
        subject = kept()
        if subject is None:
            await _end_quietly(hold)
        else:
            pause = subject._terms.interval
        del subject


async def _renew(kept: weakref.ref[Kept], hold: Hold, pause: float) -> float | None:
    subject = kept()
    if subject is None or hold.is_ending or not hold.is_ours:
        return pause
    attempt = await drive(subject._terms.attempt())
    if attempt.loss is None or not hold.is_ending:
        await subject._learn(attempt)
    return attempt.pause


async def _end_quietly(hold: Hold) -> None:
    hold.is_ending = True
    try:
        await drive(hold.ending(EXIT_TIMEOUT))
    except BerthError as error:
        log.warning("%s is not given back; it ends with its owner or its TTL: %s", hold.what, error)
    hold.conclude()
