"""What the audit says of the line, what the rules of the line say to that, and whether each client heard the same."""

NOBODY = "nobody heard of it: "


class History:
    """What the audit says of tickets and leases, and where that breaks the rules of the line."""

    def __init__(self, events):
        self.faults = []
        # By the ids of the requests they came with: what became of tickets, and of leases.
        self.tickets, self.leases = {}, {}
        self.waiting, self.active, self.covered = {}, {}, {}
        self.last_ticket, self.granted = 0, None
        for event in events:
            self.check_overtaking(event)
            kind = event["event"]
            if kind.startswith("ticket."):
                self.ticket(event, event["details"]["ticket"]["id"])
            elif kind == "lease.granted":
                self.grant(event)
            elif kind in ("lease.released", "lease.expired", "lease.orphaned"):
                self.end(event)

    def ticket(self, event, number):
        kind = event["event"].removeprefix("ticket.")
        lease = self.active.get(event["lease_id"])
        if kind == "waiting":
            self.join(event, number)
        elif kind == "redeemed":
            if lease is None or lease["ticket"] != number:
                self.faults.append(f"ticket {number} was redeemed for {lease}")
            else:
                lease["is_redeemed"] = True
        elif number not in self.waiting:
            self.faults.append(f"ticket {number} was {kind} and did not wait")
        else:
            first = min(self.waiting)
            self.waiting.pop(number).update(state=kind, reason=event["reason"])
            if kind == "granted" and number != first:
                self.faults.append(f"ticket {number} was granted while ticket {first} waited")
            if kind == "granted" and (lease is None or lease["ticket"] != number):
                self.faults.append(f"ticket {number} was granted {lease}")

    def join(self, event, number):
        # One that waits already goes on.
        if number in self.waiting:
            return
        if number <= self.last_ticket:
            self.faults.append(f"ticket {number} joined the line behind ticket {self.last_ticket}")
        self.last_ticket = max(number, self.last_ticket)
        self.waiting[number] = {"id": number, "state": "waiting"}
        self.tickets.setdefault(event["request_id"], []).append(self.waiting[number])

    def grant(self, event):
        lease = {"id": event["lease_id"], "end": None, "reason": None, "is_redeemed": False, "ticket": None,
                 "ports": list(range(event["first_port"], event["first_port"] + event["count"]))}
        for port in lease["ports"]:
            if port in self.covered:
                self.faults.append(f"port {port} went to lease {lease['id']} while lease {self.covered[port]} had it")
            self.covered[port] = lease["id"]
        self.active[lease["id"]] = lease
        self.leases.setdefault(event["request_id"], []).append(lease)
        self.granted = lease

    def check_overtaking(self, event):
        """A grant has its ticket's record directly behind it, or else nobody waits."""
        lease, self.granted = self.granted, None
        if lease is None:
            return
        if event["event"] == "ticket.granted" and event["lease_id"] == lease["id"]:
            lease["ticket"] = event["details"]["ticket"]["id"]
            lease["is_redeemed"] = event["details"]["ticket"].get("redeemed", False)
        elif self.waiting:
            self.faults.append(f"lease {lease['id']} was granted past ticket {min(self.waiting)}")

    def end(self, event):
        lease = self.active.pop(event["lease_id"], None)
        if lease is None:
            self.faults.append(f"lease {event['lease_id']} ended and was not active")
            return
        lease.update(end=event["event"].removeprefix("lease."), reason=event["reason"])
        for port in lease["ports"]:
            self.covered.pop(port, None)


def differences(wishes, history):
    """What the audit says otherwise than the clients; there must be nothing."""
    wrong = [f"ticket {number} waits still and has no client" for number in history.waiting]
    known = {wish.id for wish in wishes}
    for request, leases in history.leases.items():
        if request not in known:
            wrong += [f"lease {lease['id']} was granted to nobody's request {request}" for lease in leases]
        if len(leases) > 1:
            wrong.append(f"leases {[lease['id'] for lease in leases]} were granted to one request")
    wrong += [f"ticket {ticket['id']} is of nobody's request {request}"
              for request in history.tickets.keys() - known for ticket in history.tickets[request]]
    for wish in wishes:
        wrong += faults_of(wish, history.tickets.get(wish.id, []), history.leases.get(wish.id, []))
    return wrong


def faults_of(wish, tickets, leases):
    """What the tickets and leases of a request say otherwise than its client."""
    name = f"request {wish.id} ({wish.kind})"
    lease = leases[0] if leases else None
    if wish.ticket is not None and wish.ticket not in [ticket["id"] for ticket in tickets]:
        yield f"{name} was told of ticket {wish.ticket}, and had {tickets}"
    # Who is granted something was in the line once, or never had to wait.
    if (lease["ticket"] if lease else None) not in [None] + [ticket["id"] for ticket in tickets[-1:]]:
        yield f"{name} got {lease} and had {tickets}"
    ends = {ticket["state"] for ticket in tickets if not lease or ticket["id"] != lease["ticket"]}
    if wish.outcome in ("leased", "taken back"):
        if lease is None or (lease["id"], lease["ports"]) != (wish.lease, wish.ports):
            yield f"{name} got lease {wish.lease} with {wish.ports}, and the audit has {lease}"
        elif wish.outcome == "leased" and lease["reason"] != "released by its client":
            yield f"{name} released {lease}"
        elif wish.outcome == "taken back" and not (
                wish.kind in ("hangs_up", "leaves") and lease["reason"].startswith(NOBODY)):
            yield f"{name} came in time for {lease}"
    elif wish.outcome == "gone":
        # A lease of which it might have heard is its own as long as it wants.
        if lease and lease["reason"] == "released by its client" and lease["ticket"] and not lease["is_redeemed"]:
            yield f"{name} hung up and nobody took back {lease}"
    elif leases:
        yield f"{name} was {wish.outcome} and got {leases}"
    if wish.outcome == "lapsed" and ("lapsed" not in ends or wish.answered_at - wish.asked_at < wish.wait):
        yield f"{name} lapsed after {wish.answered_at - wish.asked_at:.3f} s of {wish.wait}, and had {tickets}"
    if wish.outcome == "cancelled" and ends != {"cancelled"}:
        yield f"{name} left the line and had {tickets}"
    # Nobody loses a place but those who give it up; a time may be over while the daemon is away.
    given_up = {"hangs_up": {"cancelled", "lapsed"}, "has_no_key": {"cancelled", "lapsed"}, "leaves": {"cancelled"},
                "asks": set()}
    if not ends <= given_up.get(wish.kind, {"lapsed"}):
        yield f"{name} had {tickets}, though it never gave up its place"


def order(wishes):
    """By the clients alone: whoever asked after another had been told to wait got a later lease."""
    leased = sorted((wish for wish in wishes if wish.lease), key=lambda wish: wish.asked_at)
    # The oldest lease among those that asked at some time or later.
    oldest = [None] * len(leased)
    for index in reversed(range(len(leased))):
        later = oldest[index + 1] if index + 1 < len(leased) else leased[index]
        oldest[index] = min(leased[index], later, key=lambda wish: wish.lease)
    index = 0
    for wish in sorted((wish for wish in leased if wish.told_at), key=lambda wish: wish.told_at):
        while index < len(leased) and leased[index].asked_at <= wish.told_at:
            index += 1
        if index < len(leased) and oldest[index].lease < wish.lease:
            yield f"lease {oldest[index].lease} went to a request that came after ticket {wish.ticket} waited"
