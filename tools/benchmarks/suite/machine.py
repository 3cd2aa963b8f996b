"""What the figures depend on beside Berth, and what a process costs: read from the kernel."""

import ctypes
import os
import platform
import signal
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36


def cpu_seconds(pid):
    """The CPU time of all threads of a process, ended ones too, in nanoseconds' steps (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def memory(pid):
    """What is resident of a process, now and at most, in MiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        fields = dict(line.split(":", 1) for line in status)
    return [int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")]


def adopt_descendants():
    """Processes whose parents end become this process's children, so that none is lost."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children():
    """The process ids of this process's children, zombies too."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as stat:
                if int(stat.read().rsplit(")", 1)[1].split()[1]) == os.getpid():
                    found.append(int(name))
        except OSError:
            pass
    return found


def end_descendants():
    """Kills whatever is left of this process's children, and of theirs."""
    while left := children():
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except OSError:
                pass


def output(*command):
    """The first line that a command prints, or nothing where it can't."""
    try:
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    return text.strip().split("\n")[-1].strip()


def filesystem(folder):
    return output("stat", "--file-system", "--format", "%T", folder)


def processor():
    """`model name` of the first processor (proc_cpuinfo(5)); other architectures than x86 do not have it."""
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def facts(folder):
    """Names and values of the machine."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return [
        ("Kernel", f"{platform.system()} {platform.release()} {platform.machine()}"),
        ("Cores", str(os.cpu_count())),
        ("Processor", processor()),
        ("Memory", f"{total:.0f} GiB"),
        ("Disk", f"{filesystem(folder)}, {output('df', '--output=source', folder)}"),
    ]
