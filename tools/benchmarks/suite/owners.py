"""Processes that own leases and do nothing:  owners.py N  prints their numbers, and ends them when its input ends."""

import os
import signal
import subprocess
import sys


class Owners:
    """N processes as children of one parent that shares its memory with them; they end with the `with` block."""

    def __init__(self, count):
        # A program of its own, so that a child has nothing of this process that it could clean up. Its input ends with
        # this process, however that ends.
        self.nursery = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pids = [int(word) for word in self.nursery.stdout.readline().split()]
        if len(self.pids) != count:
            self.__exit__()
            raise RuntimeError(f"this host did not let {count} processes start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.nursery.stdin.close()
        self.nursery.stdout.close()
        self.nursery.wait()


def main(count):
    # A group that is killed as a whole, and that a terminal's Ctrl-C does not reach.
    os.setpgid(0, 0)
    # A dead child is reaped at once, so that no zombies pile up.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    pids = []
    try:
        for _ in range(count):
            pid = os.fork()
            if pid == 0:
                os.close(0)
                os.close(1)
                while True:
                    signal.pause()
            pids.append(pid)
        print(*pids, flush=True)
        sys.stdin.read()
    finally:
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]))
