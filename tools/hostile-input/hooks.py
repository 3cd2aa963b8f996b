"""What schemathesis must know about Berth beyond its document.

No operation and no check is left out; of /v1/events schemathesis reads three events, or what comes in a moment, and
checks each. What is changed before it is sent, and which findings are none, stands here with the reason, and how often
each came about is counted and told.
"""

import atexit
import collections
import json
import os
import random
import re

import schemathesis
from berth_host import UnixConnection
from schemathesis.core.failures import AcceptedNegativeData, Failure, ServerError
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.generation.meta import CoverageScenario
from schemathesis.hooks import HookContext
from schemathesis.openapi.checks import EnsureResourceAvailability, RejectedPositiveData, UseAfterFree

SEED = int(os.environ["BERTH_HOSTILE_SEED"])
TALLY = os.environ["BERTH_HOSTILE_TALLY"]
BACKUPS = os.environ["BERTH_HOSTILE_BACKUPS"]
SOCKET = os.environ["BERTH_HOSTILE_SOCKET"]
FIRST_PORT, LAST_PORT = (int(port) for port in os.environ["BERTH_HOSTILE_PORTS"].split("-"))

LEASE, RENEWAL, ATTACHMENT = "POST /v1/leases", "POST /v1/leases/{id}/renew", "PUT /v1/leases/{id}/agents/{name}"
# Refusals of requests that are as the document has them, for what no schema can tell: what there is on the daemon's
# host now, who asks, and how one number goes with another. Each has its route (None for any), its field, and its
# detail's beginning.
RIGHTLY_REFUSED = [
    (None, "cursor", "is not one of this API's"),
    (None, "Idempotency-Key", "was used with another body"),
    (LEASE, "pool", "there is no pool"),
    (LEASE, "count", "the pool default grants at most"),
    (LEASE, "count", "no range of the pool"),
    (LEASE, "align", "no range of the pool"),
    (LEASE, "first_port", "the block would not lie in one range"),
    (LEASE, "first_port", "it is no multiple of align"),
    (LEASE, "pinned", "only an administrator may pin"),
    (LEASE, "agents", re.compile(r"[0-9]+ names do not fit [0-9]+ ports")),
    (LEASE, "labels", "keys have 1 to 63 bytes"),  # A schema counts characters.
    (LEASE, "owner_pid", "no live process has this PID"),
    (LEASE, "owner_self", "only on the Unix socket"),
    (RENEWAL, "ttl_seconds", "a pinned lease has no TTL"),
    (ATTACHMENT, "pid", "no live process has this PID"),
    (ATTACHMENT, "self", "only on the Unix socket"),
    (ATTACHMENT, "port", re.compile(r"[0-9]+ lies outside the lease's block")),
    (ATTACHMENT, "port", re.compile(r"[0-9]+ is the agent .*'s")),
    (ATTACHMENT, "port", "every port of the lease has an agent"),
    ("POST /v1/audit/prune", "before", "must not be later than now"),
    ("POST /v1/backups", "path", re.compile("something lies at .* already")),
    ("GET /v1/sessions/{name}/agents/{agent}/log", "after", "cannot stand beside tail"),
    ("POST /v1/tokens", "name", "admin is the administrator's"),
]
# History is cut off by the very requests that this sends.
MAY_BE_PRUNED = ("GET /v1/events", "GET /v1/ports/{port}")

# What `GET` tells of what was ended, where it can be read on. In no other state may it be.
ENDED = {
    "GET /v1/leases/{id}": ("released", "expired", "orphaned"),
    "GET /v1/sessions/{name}": ("ended",),
    "GET /v1/tickets/{id}": ("granted", "cancelled", "lapsed"),
    "GET /v1/tokens/{name}": ("revoked",),
}

tally: collections.Counter[str] = collections.Counter()
chance = random.Random(SEED)


@atexit.register
def write_tally() -> None:
    with open(TALLY, "w", encoding="utf-8") as file:
        json.dump(tally, file)


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict) -> None:
    """Says what the document cannot."""
    if os.environ["BERTH_HOSTILE_LIE"]:
        raw_schema["components"]["schemas"]["Liveness"]["properties"]["status"]["const"] = "dead"
    # The empty alternative to a token is the Unix socket's. Over TCP a token has to be there, and that is checked.
    raw_schema["security"] = [one for one in raw_schema["security"] if one]
    # OpenAPI 3.1 has no word for the events of a stream; schemathesis checks each of them against this.
    stream = raw_schema["paths"]["/v1/events"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    stream["schema"] = {
        "type": "object",
        "required": ["id", "event", "data"],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string", "pattern": "^[1-9][0-9]*$"},
            "event": {"$ref": "#/components/schemas/AuditEvent"},
            "data": {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": {"$ref": "#/components/schemas/AuditRecord"},
            },
        },
    }


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict) -> None:
    write_headers(case)
    shorten_waits(case)
    keep_backups_together(case)
    keep_own_tokens(case)
    renew_key(case)
    ask_for_what_there_is(case)
    tally["requests of schemathesis"] += 1


def write_headers(case: Case) -> None:
    """schemathesis takes ids of other answers for X-Request-Id, as numbers, which it cannot send in a header."""
    for name, value in case.headers.items():
        if isinstance(value, int):
            case.headers[name] = str(value)


def shorten_waits(case: Case) -> None:
    """Whoever may wait for an hour waits for a second: a request that waits longer tells no more."""
    prefer = case.headers.get("Prefer")
    if isinstance(prefer, str):
        case.headers["Prefer"] = re.sub(
            r"(?i)\bwait=(\d{1,4})\b", lambda found: f"wait={min(1, int(found[1]))}", prefer)
    wait = case.query.get("wait") if case.query else None
    if isinstance(wait, int) and 1 < wait <= 3600:
        case.query["wait"] = 1


def keep_backups_together(case: Case) -> None:
    """An administrator may write a backup anywhere. Here that is a folder which is removed afterwards."""
    body = case.body
    if case.path != "/v1/backups" or not isinstance(body, dict) or not str(body.get("path", "")).startswith("/"):
        return
    if not body["path"].startswith(BACKUPS):  # A case that is sent again has been here.
        name = re.sub(r"[/\0]|[\ud800-\udfff]", "_", body["path"])[-40:]
        body["path"] = f"{BACKUPS}/{tally['requests of schemathesis']}{name}"


def keep_own_tokens(case: Case) -> None:
    """The tokens of this test are found by listing them. Whoever revokes one would end the test."""
    if case.method == "DELETE" and str((case.path_parameters or {}).get("name", "")).startswith("hostile-"):
        case.path_parameters["name"] = "another"


def renew_key(case: Case) -> None:
    """The document's example of a key is sent with each of hundreds of bodies. One in eight meets another's key, and
    the others have one of their own."""
    key = case.headers.get("Idempotency-Key")
    if isinstance(key, str) and key == '"5f0c7e1a-lease-agents"' and chance.random() > 0.125:
        case.headers["Idempotency-Key"] = f'"{SEED}-{tally["requests of schemathesis"]}"'


def ask_for_what_there_is(case: Case) -> None:
    """Of the random well-formed requests most would fail for reasons of no interest: more ports than there are, a pool
    or a process that does not exist. Three of four are made such that they could be granted."""
    meta, body = case.meta, case.body
    if meta is None or not meta.generation.mode.is_positive or meta.phase.name not in ("fuzzing", "stateful"):
        return
    if not isinstance(body, dict) or chance.random() < 0.25:
        return
    if case.path.endswith("/agents/{name}") and "pid" in body:
        body["pid"] = os.getpid()
        body.pop("port", None)
    if case.path == "/v1/leases" and "count" in body:
        make_small(body)
        if chance.random() < 0.3:
            case.headers["Prefer"] = chance.choice(("respond-async", "wait=1", "respond-async, wait=1", "wait=0"))


def make_small(body: dict) -> None:
    """A lease of a few ports for some seconds."""
    body["count"] = max(1 + int(body["count"]) % 6, len(body.get("agents", ())))
    body.pop("pool", None)
    body.pop("align", None)
    body.pop("owner_self", None)
    for member in ("first_port", "preferred_first_port"):
        if member in body:
            body[member] = FIRST_PORT + int(body[member]) % (LAST_PORT - FIRST_PORT - 8)
    if "owner_pid" in body:
        body["owner_pid"] = os.getpid()
    elif not body.get("pinned"):
        body["ttl_seconds"] = 1 + int(body.get("ttl_seconds") or 0) % 30


@schemathesis.hook
def after_call(context: HookContext, case: Case, response: Response) -> None:
    """The pool is full for a while, so that requests are refused and wait. Then it is emptied."""
    if response.status_code in (202, 503) and case.path == "/v1/leases":
        tally["found the pool full"] += 1
        if tally["found the pool full"] % 15 == 0:
            empty_pool()


def empty_pool() -> None:
    connection = UnixConnection(SOCKET)
    for kind in ("tickets", "leases"):
        _, page = connection.call("GET", f"/v1/{kind}?limit=1000")
        for one in page[kind]:
            connection.call("DELETE", f"/v1/{kind}/{one['id']}")
            tally["own requests"] += 1
        tally["own requests"] += 1
    connection.close()


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Whether it is one."""
    problem = problem_of(response)
    if isinstance(failure, ServerError):
        return not is_full_pool(case, response, problem)
    if isinstance(failure, RejectedPositiveData):
        return not is_rightly_refused(case, response, problem)
    if isinstance(failure, UseAfterFree):
        return not is_told_as_ended(case, problem)
    if isinstance(failure, EnsureResourceAvailability):
        return not is_anothers(case)
    if isinstance(failure, AcceptedNegativeData):
        return not is_unknown_header(case)
    return True


def problem_of(response: Response) -> dict:
    try:
        return json.loads(response.content)
    except ValueError:
        return {}


def is_full_pool(case: Case, response: Response, problem: dict) -> bool:
    """No room is what this status is for, and the document says it of this route alone. Any other 5xx is a failure, and
    so is a 503 for another reason: the disk has room."""
    if (case.operation.label, response.status_code, problem.get("code")) != (LEASE, 503, "pool-exhausted"):
        return False
    tally["503 pool-exhausted"] += 1
    return "retry-after" in response.headers


def is_rightly_refused(case: Case, response: Response, problem: dict) -> bool:
    label, errors = case.operation.label, problem.get("errors", [])
    if (response.status_code, problem.get("code")) == (410, "history-pruned") and label in MAY_BE_PRUNED:
        tally[f"410 {label}"] += 1
        return True
    if response.status_code != 422 or not errors:
        return False
    rules = [rule_of(label, error) for error in errors]
    if None in rules:
        return False
    tally.update(f"422 {label} {rule}" for rule in rules)
    return True


def is_told_as_ended(case: Case, answer: dict) -> bool:
    """What has ended can be read on, as what it is."""
    label = case.operation.label
    # A session that has ended has no agents.
    is_empty = label == "GET /v1/sessions/{name}/agents" and answer.get("agents") == []
    if answer.get("state") not in ENDED.get(label, ()) and not is_empty:
        return False
    tally[f"{case.operation.label} of what has ended"] += 1
    return True


def is_anothers(case: Case) -> bool:
    """Of two tokens either may have made what is asked for, and for the other one it is not there. The administrator,
    who has no identity of a list, sees all that was made."""
    if case.auth_identity is None:
        return False
    tally[f"404 {case.operation.label} of what one of two tokens made"] += 1
    return True


def is_unknown_header(case: Case) -> bool:
    """Header fields that nobody knows are ignored (RFC 9110, 5.1). schemathesis knows that, but not where another field
    is a number."""
    data = case.meta.phase.data if case.meta else None
    return getattr(data, "scenario", None) is CoverageScenario.OBJECT_UNEXPECTED_PROPERTIES and (
        data.parameter_location is ParameterLocation.HEADER)


def rule_of(label: str, error: dict) -> str | None:
    """The rule by which this field is refused here; None when there is none."""
    for where, field, start in RIGHTLY_REFUSED:
        pattern = re.compile(re.escape(start)) if isinstance(start, str) else start
        if where in (None, label) and error["field"] == field and pattern.match(error["detail"]):
            return f"{field}: {start if isinstance(start, str) else start.pattern}"
    return None
