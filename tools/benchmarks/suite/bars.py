"""What is compared with what, and how much it must be."""

import dataclasses
import functools
import statistics

from suite import subjects
from suite.subjects import load_label


def spread(values, form):
    """`median (min–max)`; a single value stands alone."""
    middle, low, high = (form(value) for value in (statistics.median(values), min(values), max(values)))
    return middle if len(values) == 1 else f"{middle} ({low}–{high})"


def rate(value):
    return f"{value:,.0f}"


def milliseconds(microseconds):
    return f"{microseconds / 1000:.3f}" if microseconds < 10_000 else f"{microseconds / 1000:.1f}"


@dataclasses.dataclass
class Quantity:
    """A number that a round's figures give."""

    name: str
    value: callable
    form: callable
    unit: str = ""

    def cell(self, rounds):
        return f"{self.name} {spread([self.value(figures) for figures in rounds], self.form)}{self.unit}".strip()


@dataclasses.dataclass
class Bar:
    """One line of the table: `measured` ÷ the first of `beside`, or `measured` alone, against `limit`."""

    part: str
    what: str
    measured: Quantity
    beside: list
    # The subjects whose figures it takes.
    needs: list
    limit: float = None
    is_least: bool = True
    reach: float = None
    is_ratio: bool = True
    limit_text: str = ""

    def values(self, rounds):
        """What the bar is for, of each round."""
        return [self.measured.value(figures) / (self.beside[0].value(figures) if self.is_ratio else 1)
                for figures in rounds]

    @property
    def text(self):
        if self.limit is None:
            return "none"
        wanted = f"{'≥' if self.is_least else '≤'} {self.limit_text or f'{self.limit:g}'}"
        return f"{wanted} (reach {self.reach:g})" if self.reach else wanted

    def is_met(self, rounds):
        middle = statistics.median(self.values(rounds))
        return middle >= self.limit if self.is_least else middle <= self.limit

    def verdict(self, rounds):
        if self.limit is None:
            return "–"
        if not self.is_met(rounds):
            return "**MISSED**"
        return "reached" if self.reach and statistics.median(self.values(rounds)) >= self.reach else "pass"


def per_second(label, name, unit="/s"):
    return Quantity(name, lambda figures: figures[label]["per_second"], rate, unit)


def p50(label, name, key="p50_us"):
    return Quantity(name, lambda figures: figures[label][key], milliseconds, " ms")


def p99(label, name):
    return Quantity(name, lambda figures: figures[label]["p99_us"], milliseconds, " ms")


class Suite:
    """The bars, and each subject once."""

    def __init__(self, peers, history):
        self.load = functools.cache(subjects.Load)
        self.peers = {name: subjects.Peer(name, peer) for name, peer in peers.items()}
        self.bars = [*self.beside_echo(), *self.beside_peers(), *self.one_client(), *self.tail(),
                     *self.many_leases(history), *self.listing(), *self.limits()]

    def loads(self, connections):
        return [self.load(name, connections) for name in ("lease", "echo", "livez")]

    def beside_echo(self):
        changes = per_second(load_label("lease", 64), "")
        echo, livez = per_second(load_label("echo", 64), "echo"), per_second(load_label("livez", 64), "/livez")
        yield Bar("echo", "changes, 64 connections ÷ echo of the same JSON", changes, [echo, livez],
                  self.loads(64), 0.5, reach=0.75, limit_text="0.50")

    def beside_peers(self):
        changes = per_second(load_label("lease", 64), "")
        for name, what, limit in (("portserver", "allocations", 10), ("etcd", "lease grants and revokes", 4),
                                  ("PostgreSQL", "changes", 3)):
            yield Bar(name.lower(), f"changes ÷ {name}'s {what}, 64 at a time", changes, [per_second(name, name)],
                      [self.load("lease", 64), self.peers[name]], limit)

    def one_client(self):
        labels = {load_label("echo", 1): "echo", "fdatasync of 4 KiB": "fdatasync", "the probe's binds": "binds"}
        parts = [p50(label, name) for label, name in labels.items()]
        whole = Quantity("sum", lambda figures: sum(part.value(figures) for part in parts), milliseconds, " ms")
        yield Bar("one", "p50 of a grant, one client ÷ p50 of echo + fdatasync + the probe's binds",
                  p50(load_label("lease", 1), "", "grant_p50_us"), [whole, *parts],
                  [self.load("lease", 1), self.load("echo", 1), subjects.Kernel()], 1.5, is_least=False)

    def tail(self):
        yield Bar("tail", "p99 of a change, 64 connections ÷ the echo's p99", p99(load_label("lease", 64), ""),
                  [p99(load_label("echo", 64), "echo")], [self.load("lease", 64), self.load("echo", 64)], 3, is_least=False)

    def many_leases(self, history):
        yield Bar("pool", "p50 of a grant, 10,000 live leases in 60,000 ports ÷ an empty pool of 1,000",
                  p50("grant, 10,000 live leases", ""), [p50("grant, empty pool", "empty pool")], [subjects.Pools()],
                  1.15, is_least=False)
        yield Bar("start", f"start, 10,000 live leases and {history:,} audit records ÷ without the records",
                  p50("start, long history", ""), [p50("start, no history", "without")], [subjects.Starts()], 1.2, is_least=False)
        size = Quantity("", lambda figures: figures["memory"]["mib"], "{:.1f}".format, " MiB")
        most = Quantity("at most", lambda figures: figures["memory"]["most_mib"], "{:.1f}".format, " MiB (VmHWM)")
        yield Bar("memory", "resident with 10,000 live leases, after load", size, [most], [subjects.Memory()], 80,
                  is_least=False, is_ratio=False, limit_text="80 MiB")
        busy = Quantity("", lambda figures: figures["idle"]["percent"], "{:.4f}".format, " % of a CPU")
        size = Quantity("resident", lambda figures: figures["memory with owners"]["mib"], "{:.1f}".format, " MiB")
        yield Bar("idle", "idle with 10,000 live leases, each with its living owner", busy, [size], [subjects.Idle()], 0.1,
                  is_least=False, is_ratio=False, limit_text="0.1 %")

    def listing(self):
        yield Bar("list", "`berth list --json`, 100 leases ÷ `curl` for the same", p50("berth list --json", ""),
                  [p50("curl", "curl"), p50("berth list", "as a table")], [subjects.Lists()], 1.5, is_least=False)

    def limits(self):
        for batch in (64, 1):
            label = f"SQLite, {batch} a transaction"
            yield Bar("limit", f"changes, 64 connections ÷ the same statements from C, {batch} a transaction",
                      per_second(load_label("lease", 64), ""), [per_second(label, "SQLite")],
                      [self.load("lease", 64), subjects.SQLite(batch)])
