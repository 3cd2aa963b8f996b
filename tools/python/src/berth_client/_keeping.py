"""Renewal by a thread, which knows what it keeps only weakly: whoever drops a lease gives it back."""

from __future__ import annotations

import threading
import weakref
from queue import Empty, SimpleQueue
from typing import Protocol

from ._core import Conversation
from ._holding import Attempt, Hold, Terms
from ._http import drive


class Kept(Protocol):
    """What a keeper renews."""

    _terms: Terms

    def _learn(self, attempt: Attempt) -> None: ...


class Keeper:
    """The thread. Its orders come through a queue that destructors may write to (queue.SimpleQueue)."""

    def __init__(self, kept: Kept, hold: Hold) -> None:
        self._orders: SimpleQueue[str] = SimpleQueue()
        self._finalizer = weakref.finalize(kept, self._orders.put, "abandoned")
        # At the end of the process the hold is given back in another way, while threads may not run any more.
        self._finalizer.atexit = False
        arguments = (weakref.ref(kept), hold, self._orders, kept._terms.interval)
        threading.Thread(target=_keep, args=arguments, name=f"berth {hold.what}", daemon=True).start()

    def stop(self) -> None:
        self._finalizer.detach()
        self._orders.put("stop")

    def look_again(self) -> None:
        """The terms have changed."""
        self._orders.put("look")


def _keep(kept: weakref.ref[Kept], hold: Hold, orders: SimpleQueue[str], pause: float | None) -> None:
    while pause is not None and not hold.is_over:
        try:
            order = orders.get(timeout=pause)
        except Empty:
            pause = _renew(kept, hold, pause)
            continue
        if order == "abandoned":
            hold.end_quietly()
        elif order == "look":
            pause = _interval(kept, pause)
            continue
        return


def _interval(kept: weakref.ref[Kept], otherwise: float) -> float:
    subject = kept()
    return otherwise if subject is None else subject._terms.interval


def _renew(kept: weakref.ref[Kept], hold: Hold, pause: float) -> float | None:
    subject = kept()
    if subject is None or hold.is_ending:
        return pause
    conversation: Conversation[Attempt] = subject._terms.attempt()
    attempt = drive(conversation)
    if attempt.loss is None or not hold.is_ending:
        subject._learn(attempt)
    return attempt.pause
