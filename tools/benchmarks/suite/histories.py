"""Databases with a long history, made once and kept for the next time."""

import hashlib
import os
import shutil
import subprocess
import time

import make_history
from suite.host import BENCHMARKS, ROOT, Daemon, say

FOLDER = os.path.join(BENCHMARKS, ".build", "history")
POOL = (make_history.FIRST_PORT, make_history.FIRST_PORT + 9_999)
MARK = ".made-by"


class Subject(Daemon):
    """A daemon on a copy of a history."""

    def __init__(self, binary, history):
        super().__init__(binary, pool_size=1)
        self.range = POOL
        if history:
            shutil.copyfile(history, self.database)


def histories(binary, sizes):
    """The path of a database with each number of records; made where it is missing."""
    os.makedirs(FOLDER, exist_ok=True)
    paths, previous, made_by = {}, None, maker(binary)
    for size in sorted(sizes):
        if size == 0:
            continue
        path = os.path.join(FOLDER, f"{size}.db")
        if not is_made(path, made_by):
            start = time.monotonic()
            make(binary, path, previous, size, max(sizes))
            with open(path + MARK, "w", encoding="utf-8") as file:
                file.write(made_by)
            say(f"made {size} records in {time.monotonic() - start:.0f} s")
        paths[size] = previous = path
    return paths


def make(binary, path, previous, size, longest):
    """A database of this size that begins with the previous one."""
    partial = path + ".partial"
    try:
        if previous:
            shutil.copyfile(previous, partial)
        else:
            with Subject(binary, None) as daemon:
                make_history.begin(daemon, longest)
                shutil.copyfile(daemon.database, partial)
        make_history.extend(partial, size, seed=size)
        os.rename(partial, path)
    finally:
        for name in (partial, partial + "-journal"):
            if os.path.exists(name):
                os.remove(name)


def is_made(path, made_by):
    if not os.path.exists(path) or not os.path.exists(path + MARK):
        return False
    with open(path + MARK, encoding="utf-8") as file:
        return file.read() == made_by


def maker(binary):
    """What made a history: another Berth makes it anew."""
    version = subprocess.run([binary, "version"], capture_output=True, text=True, check=True).stdout
    digest = hashlib.sha256(version.encode())
    folder = os.path.join(ROOT, "migrations")
    for name in sorted(os.listdir(folder)) + [make_history.__file__]:
        with open(os.path.join(folder, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()
