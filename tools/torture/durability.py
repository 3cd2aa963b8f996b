"""Each acknowledgement has a sync of its own: after its own write to the log, before its reply. Read from strace."""

import re
import signal
import subprocess

from berth_host import Daemon, UnixConnection

CALL = re.compile(r"^(\d+)\s+(\w+)\((.*)$")
RESUMED = re.compile(r"^(\d+)\s+<\.\.\. (\w+) resumed>")


def events(lines):
    """The writes to the log, its finished syncs and the replies' starts, in order."""
    unfinished, writes = {}, 0
    for line in lines:
        resumed = RESUMED.match(line)
        if resumed:
            # A sync covers only the writes that were made before it set out, and only when it succeeds.
            if unfinished.pop(resumed.group(1), None) == writes and line.rstrip().endswith("= 0"):
                yield "sync"
            continue
        call = CALL.match(line)
        if not call:
            continue
        thread, name, rest = call.groups()
        if name == "pwrite64" and "berth.db-wal>" in rest:
            writes += 1
            yield "write"
        elif name in ("fdatasync", "fsync") and "berth.db-wal>" in rest:
            # A sync counts when it has come back, a reply when it sets out.
            if "<unfinished" in rest:
                unfinished[thread] = writes
            elif line.rstrip().endswith("= 0"):
                yield "sync"
        elif name in ("write", "writev", "sendto", "sendmsg") and re.search(r"HTTP/1\.1 20[14]", rest):
            yield "reply"


def unsynced_replies(sequence):
    """How many replies there are, and how many lack a sync between their own log write and themselves."""
    replies = bad = 0
    has_write = is_synced = False
    for event in sequence:
        if event == "write":
            has_write, is_synced = True, False
        elif event == "sync":
            is_synced = has_write
        else:
            replies += 1
            bad += not (has_write and is_synced)
            has_write = is_synced = False
    return replies, bad


def run(binary, pairs):
    """Traces a daemon while one client leases and releases in series. Returns the faults found."""
    with Daemon(binary) as daemon:
        trace = daemon.folder.name + "/trace"
        tracer = subprocess.Popen(
            ["strace", "-f", "-y", "-s", "32", "-o", trace, "-e",
             "trace=pwrite64,fdatasync,fsync,write,writev,sendto,sendmsg", "-p", str(daemon.process.pid)],
            stderr=subprocess.PIPE, text=True)
        tracer.stderr.readline()  # "attached": every thread is traced from here on
        client = UnixConnection(daemon.socket)
        for _ in range(pairs):
            status, lease = client.call("POST", "/v1/leases", {"session": "one", "count": 6})
            assert status == 201, lease
            status, answer = client.call("DELETE", f"/v1/leases/{lease['id']}")
            assert status == 204, answer
        tracer.send_signal(signal.SIGINT)
        tracer.wait(30)
        with open(trace, encoding="utf-8", errors="replace") as lines:
            sequence = list(events(lines))
    replies, bad = unsynced_replies(sequence)
    syncs = sequence.count("sync")
    print(f"durability: {replies} acknowledgements, {syncs} syncs of the log")
    faults = []
    if replies != 2 * pairs:
        faults.append(f"strace saw {replies} replies of {2 * pairs}")
    if bad:
        faults.append(f"{bad} replies left without a sync of their own")
    # The check itself must fail on a daemon that syncs less: the same trace with every third sync left out.
    left_out = [event for index, event in enumerate(sequence) if event != "sync" or index % 3]
    if unsynced_replies(left_out)[1] == 0:
        faults.append("the check does not notice a missing sync")
    return faults
