"""A measurement of PostgreSQL with its own pgbench, as berth-bench would print it."""

import glob
import math
import os
import subprocess


def measure(server, connections, duration, warm_up):
    """Changes of so many clients at once: single changes from pgbench's log, those that ended in the measured time."""
    log = os.path.join(server.folder, "changes")
    # pgbench takes whole seconds; what it does beyond the measured time is not counted.
    seconds = math.ceil(duration + warm_up + 0.5)
    threads = min(connections, os.cpu_count())
    before = Records(server)
    busy = processor_seconds(server.process.pid)
    pgbench = subprocess.Popen(
        [server.program("pgbench"), "-h", server.folder, "-U", "bench", "--no-vacuum", "--protocol=prepared",
         "--client", str(connections), "--jobs", str(threads), "--time", str(seconds), "--define", "lease=0",
         "--log", "--log-prefix", log, "--file", os.path.join(server.scripts, "change.sql"), "postgres"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=server.environ)
    with pgbench.stdout:
        said = pgbench.stdout.read()
    _, status, usage = os.wait4(pgbench.pid, 0)
    pgbench.returncode = os.waitstatus_to_exitcode(status)
    changes, failed = read_log(log)
    spent = processor_seconds(server.process.pid) - busy
    failures = complaints(pgbench.returncode, said, failed) or before.complaints(server, len(changes), connections)
    whole = max(ended for ended, _ in changes) - min(ended for ended, _ in changes) if changes else seconds
    return {
        "kind": "postgresql", **figures(changes, duration, warm_up),
        "generator_cores": (usage.ru_utime + usage.ru_stime) / (whole or 1), "daemon_cores": spent / (whole or 1),
        "failures": failures}


def read_log(prefix):
    """When each change ended, in seconds, and how long it took, in microseconds; and how many failed. The files go."""
    changes, failed = [], 0
    for path in glob.glob(prefix + ".*"):
        with open(path, encoding="ascii") as log:
            for line in log:
                # client_id transaction_no time script_no time_epoch time_us
                _, _, took, _, seconds, microseconds = line.split()[:6]
                if took.isdigit():
                    changes.append((int(seconds) + int(microseconds) / 1e6, int(took)))
                else:
                    failed += 1
        os.remove(path)
    return changes, failed


def figures(changes, duration, warm_up):
    """The rate and latencies of the changes that ended in the measured time, which begins after the warm-up."""
    start = min((ended - took / 1e6 for ended, took in changes), default=0) + warm_up
    spans = sorted(took for ended, took in changes if start <= ended < start + duration)

    def percentile(share):
        return float(spans[max(0, math.ceil(share * len(spans)) - 1)]) if spans else 0.0

    return {"per_second": len(spans) / duration, "p50_us": percentile(0.5), "p99_us": percentile(0.99),
            "count": len(spans), "seconds": duration}


def complaints(status, said, failed):
    """Whatever pgbench says of a failure."""
    found = [line for line in said.split("\n") if "error:" in line or "aborted" in line]
    if failed:
        found.append(f"{failed} changes failed")
    if status:
        found.append(f"pgbench ended with {status}")
    return found[:5]


class Records:
    """What stood in the audit before: each change must have left a record, and each grant six ports."""

    def __init__(self, server):
        self.count = int(server.query("-c", "SELECT count(*) FROM audit"))

    def complaints(self, server, changes, connections):
        found = []
        if not changes:
            found.append("pgbench made no change")
        records, leases, ports = map(int, server.query("-F", " ", "-c", """
            SELECT (SELECT count(*) FROM audit), (SELECT count(*) FROM leases WHERE ended_at IS NULL),
                (SELECT count(*) FROM ports WHERE lease_id IS NOT NULL)""").split())
        if records - self.count != changes:
            found.append(f"{changes} changes left {records - self.count} records")
        if leases > connections or ports != 6 * leases:
            found.append(f"{leases} leases hold {ports} ports")
        # Nobody holds anything when the next measurement begins.
        server.query("-c", "SELECT release_block(id) FROM leases WHERE ended_at IS NULL")
        return found


def processor_seconds(pid):
    """The CPU time of a process, of its children, and of those that have ended (proc_pid_stat(5))."""
    total = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(name) == pid:
            total += sum(map(int, fields[11:15]))
        elif int(fields[1]) == pid:
            total += sum(map(int, fields[11:13]))
    return total / os.sysconf("SC_CLK_TCK")
