"""Tells the story of README.md and checks it; `run` starts it:  draft.py BINARY USERS VENV"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from checks import Failed, tell
from league import AGENTS
from own_daemon import OwnDaemon
from story import Story

NAMES = ("alice", "bob", "carol", "dave", "erin", "frank")


async def story(daemon: OwnDaemon, names: Sequence[str]) -> None:
    """All of it. Sessions that are open when it fails are ended."""
    told_to = asyncio.current_task()
    assert told_to is not None, "a coroutine runs in a task"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told_to.cancel)
    await daemon.start()
    async with AsyncExitStack() as stack:
        told = Story(daemon, names)
        await told.everybody_comes(stack)
        first, second, third = told.users[:3]
        await told.everybody_talks()
        await told.everybody_drafts()
        await told.agent_is_killed(first)
        await told.session_is_killed(second)
        await told.daemon_is_killed()
        await told.agent_is_killed(third)
        await told.session_ends(first)
        await told.everybody_leaves()


def main() -> int:
    binary, count, venv = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    names = [*NAMES, *(f"user-{number}" for number in range(len(NAMES) + 1, count + 1))][:count]
    # Some ports more than are needed, should a stranger come to bind one of them.
    with OwnDaemon(binary, venv, (count + 1) * len(AGENTS)) as daemon:
        try:
            asyncio.run(story(daemon, names))
        except (KeyboardInterrupt, asyncio.CancelledError):
            print("Interrupted; all of it is ended.", file=sys.stderr)
            return 1
        except Exception as error:
            print(f"The daemon's log ends:\n{daemon.log[-4000:]}", file=sys.stderr)
            if not isinstance(error, Failed):
                raise
            print(f"This is wrong: {error}", file=sys.stderr)
            return 1
    tell("All of it is as it should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
