"""What the benchmarks have in common with tools/torture, and where things are."""

import os
import sys

BENCHMARKS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(os.path.dirname(BENCHMARKS))
sys.path.append(os.path.join(ROOT, "tools", "torture"))

from berth_host import Daemon, UnixConnection, free_ranges  # noqa: E402

__all__ = ["BENCHMARKS", "ROOT", "Daemon", "UnixConnection", "free_ranges", "say"]


def say(text):
    print(text, file=sys.stderr, flush=True)
