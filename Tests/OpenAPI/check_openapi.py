#!/usr/bin/env python3
"""Checks that openapi.json is valid, that its examples are what it says, and that it agrees with its neighbours.

Usage: check_openapi.py [FOLDER]

FOLDER holds openapi.json and problems.json; by default it is Sources/BerthDocuments/Resources. Needs the PyPI package
openapi-spec-validator, which brings jsonschema with it. Each failure is named on standard error; the last line of
standard output is the count. Exits 1 when anything failed, 2 when the files cannot be read.
"""

import json
import re
import sys
from pathlib import Path

try:
    from jsonschema import Draft202012Validator, FormatChecker
    from openapi_spec_validator import OpenAPIV31SpecValidator
    from referencing import Registry, Resource
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012
except ImportError as missing:
    sys.exit(f"check_openapi.py: {missing}; install it with: pip install openapi-spec-validator")

ROOT = Path(__file__).resolve().parents[2]
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
# What any request can meet before a route looks at it.
ALWAYS = {"400", "403", "405", "421", "422", "429", "431"}
# What comes with a body, and what a status owes its reader.
WITH_BODY = {"413", "415"}
OWED_HEADERS = {
    "201": ("Location",),
    "202": ("Location", "Preference-Applied"),
    "401": ("WWW-Authenticate",),
    "405": ("Allow",),
    "429": ("Retry-After",),
}
# Served for the benchmark alone, where it is asked for.
UNDESCRIBED = {"POST /v1/echo"}

passed = 0
failed = 0


def check(holds, what):
    """Counts one expectation, and names it when it does not hold."""
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"not ok: {what}", file=sys.stderr)


def resolved(node):
    """Follows a reference inside the document, as often as it takes."""
    while isinstance(node, dict) and "$ref" in node:
        target = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def walk(node, place=()):
    """Every object of the document with the path of keys to it. The values of examples are data, not description."""
    if isinstance(node, dict):
        yield place, node
        for key, value in node.items():
            if key not in ("example", "value", "default", "const", "enum"):
                yield from walk(value, (*place, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, (*place, str(index)))


def pointer(place):
    return "#/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in place)


def operations():
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item, item[method]


def check_validity():
    try:
        faults = [fault.message for fault in OpenAPIV31SpecValidator(document).iter_errors()]
    except Unresolvable as fault:  # The validator raises for a reference that leads nowhere.
        faults = [f"{fault.ref} leads nowhere"]
    check(not faults, "the document is valid OpenAPI 3.1: " + "; ".join(faults[:3]))
    check(document["openapi"].startswith("3.1."), "openapi is 3.1.x")


def check_examples():
    registry = Registry().with_resource("urn:openapi", Resource(contents=document, specification=DRAFT202012))
    formats = FormatChecker()

    def check_against(schema_place, value, where):
        schema = {"$ref": "urn:openapi" + pointer(schema_place)}
        faults = list(Draft202012Validator(schema, registry=registry, format_checker=formats).iter_errors(value))
        check(not faults, f"{where}: {faults[0].json_path}: {faults[0].message}" if faults else "")

    for place, node in walk(document):
        where = pointer(place)
        if isinstance(node.get("schema"), dict):  # a parameter, a header or a media type
            schema_place = (*place, "schema")
            if "example" in node:
                check_against(schema_place, node["example"], f"{where}/example")
            for name, example in (node.get("examples") or {}).items():
                check_against(schema_place, resolved(example)["value"], f"{where}/examples/{name}")
        elif isinstance(node.get("examples"), list):  # a schema
            for index, value in enumerate(node["examples"]):
                check_against(place, value, f"{where}/examples/{index}")
        if place and place[-1].startswith("application/") and "schema" in node:
            check("example" in node or node.get("examples"), f"{where}: has an example")


def check_operation(path, method, item, operation):
    name = f"{method.upper()} {path}"
    for member in ("operationId", "summary", "description", "tags"):
        check(operation.get(member), f"{name}: has {member}")
    tags = {tag["name"] for tag in document["tags"]}
    check(set(operation.get("tags", ())) <= tags, f"{name}: its tags are described")

    responses = operation.get("responses", {})
    check(any(status.startswith("2") for status in responses), f"{name}: has a success")
    owed = set(ALWAYS)
    if operation.get("security", document["security"]):
        owed.add("401")
    if path.startswith("/v1/"):
        owed.add("503")
    if "requestBody" in operation:
        owed |= WITH_BODY
    if "{" in path:
        owed.add("404")
    check(owed <= set(responses), f"{name}: lacks responses {sorted(owed - set(responses))}")
    for status, response in responses.items():
        check_response(f"{name} {status}", status, resolved(response))

    parameters = [resolved(each) for each in (*item.get("parameters", ()), *operation.get("parameters", ()))]
    named = {each["name"] for each in parameters if each["in"] == "path"}
    check(named == set(re.findall(r"\{(\w+)\}", path)), f"{name}: its path parameters are described")
    # A repeated sweep finds nothing left to do, and a repeated backup finds its file; their outcome is no lease that a
    # repeat could be answered with.
    if method == "post" and path not in ("/v1/reap", "/v1/backups", "/v1/audit/prune"):
        check(any(each["name"] == "Idempotency-Key" for each in parameters), f"{name}: takes an Idempotency-Key")
    for media in operation.get("requestBody", {}).get("content", {}).values():
        closed = resolved(media["schema"]).get("additionalProperties") is False
        check(closed, f"{name}: its request refuses unknown members")


def check_response(name, status, response):
    headers = response.get("headers", {})
    check("X-Request-Id" in headers, f"{name}: has X-Request-Id")
    for owed in OWED_HEADERS.get(status, ()):
        check(owed in headers, f"{name}: has {owed}")
    if status.startswith("2"):
        return
    problem = response.get("content", {}).get("application/problem+json")
    check(problem is not None, f"{name}: is a problem")
    examples = [resolved(example)["value"] for example in (problem or {}).get("examples", {}).values()]
    check(examples, f"{name}: has an example")
    for example in examples:
        code = example.get("code")
        check(str(example.get("status")) == status, f"{name}: the example {code} has this status")
        check(example.get("type") == f"/problems/{code}", f"{name}: the example {code} has its type")
        page = problems.get(code, {})
        check(example.get("title") == page.get("title"), f"{name}: the example {code} has the title of problems.json")
        check(example.get("status") == page.get("status"), f"{name}: {code} has the status of problems.json")
    shown = {example.get("code") for example in examples}
    check(codes_in(problem) == shown, f"{name}: each of its codes has an example: {sorted(codes_in(problem) ^ shown)}")


def codes_in(node):
    """The problem codes that the schemas below this node allow, by `const` and `enum` of a member `code`."""
    found = set()
    node = resolved(node)
    if isinstance(node, list):
        return found.union(*(codes_in(each) for each in node))
    if isinstance(node, dict):
        code = node.get("properties", {}).get("code", {})
        found |= {code["const"]} if "const" in code else set(code.get("enum", ()))
        for key in ("schema", "allOf", "oneOf", "anyOf"):
            if key in node:
                found |= codes_in(node[key])
    return found


def check_components():
    text = json.dumps(document)
    for kind, entries in document["components"].items():
        if kind != "securitySchemes":
            for name in entries:
                check(f'"#/components/{kind}/{name}"' in text, f"components/{kind}/{name}: is used")
    for name, schema in document["components"]["schemas"].items():
        check(schema.get("description"), f"components/schemas/{name}: has a description")
        for member, described in schema.get("properties", {}).items():
            said = described.get("description") or resolved(described).get("description") or "oneOf" in described
            check(said, f"components/schemas/{name}: {member} has a description")


def check_problems():
    named = set().union(*(codes_in(node) for _, node in walk(document) if "properties" in node))
    check(named, "the document names problem codes")
    for code in sorted(named):
        check(code in problems, f"problems.json: explains {code}")
    for code, page in problems.items():
        complete = set(page) == {"title", "status", "meaning", "what_to_do"} and all(page.values())
        check(complete, f"problems.json: {code} has title, status, meaning and what_to_do")
        check(re.fullmatch(r"[a-z]+(-[a-z]+)*", code), f"problems.json: {code} is a well-formed code")


def check_error_table():
    """The titles and statuses of the daemon's own table, read from its source."""
    source = (ROOT / "Sources/BerthCore/ErrorCode.swift").read_text()
    raw = {case.strip("`"): value or case.strip("`") for case, value in re.findall(
        r'^    case (`?\w+`?)(?: = "([^"]+)")?$', source, re.MULTILINE)}
    table = re.findall(r'^        case \.(\w+): \((\d+), "([^"]+)", \d+\)$', source, re.MULTILINE)
    check(raw and len(raw) == len(table), f"ErrorCode.swift: {len(raw)} cases and {len(table)} presentations were read")
    for case, status, title in table:
        page = problems.get(raw.get(case), {})
        agrees = (page.get("status"), page.get("title")) == (int(status), title)
        check(agrees, f"problems.json: {raw.get(case)} agrees with ErrorCode.swift ({status}, {title})")


def check_routes():
    """The daemon's own routes with their query parameters, read from its sources."""
    sources = ROOT / "Sources/BerthServer"
    paths = dict(re.findall(
        r'static let (\w+) = "([^"]+)"', (ROOT / "Sources/BerthAPI/APIPath.swift").read_text()))
    routes = {}
    for file in sorted(sources.glob("Routes*.swift")):
        source = file.read_text()
        shared = re.search(r"let filterNames: Set<String> = \[([^\]]*)\]", source)
        for method, path, constant, query in re.findall(
                r'book\.add\(\s*\.(\w+),\s*(?:"([^"]+)"|APIPath\.(\w+)),(?:\s*query:(.*?),)?(?:\s*isHeavy: true,)?\s*to: router',
                source, re.DOTALL):
            names = set(re.findall(r'"(\w+)"', query.replace("filterNames", shared[1] if shared else "")))
            routes[f"{method.upper()} {re.sub(r'{.*?}', '{}', path or paths[constant])}"] = names
    check(len(routes) > 20, f"Routes*.swift: {len(routes)} routes were read")
    described = {}
    for path, method, item, operation in operations():
        parameters = [resolved(each) for each in (*item.get("parameters", ()), *operation.get("parameters", ()))]
        described[f"{method.upper()} {re.sub(r'{.*?}', '{}', path)}"] = {
            each["name"] for each in parameters if each["in"] == "query"}
    for name in sorted((set(routes) | set(described)) - UNDESCRIBED):
        check(name in described, f"{name}: is described")
        check(name in routes, f"{name}: is served")
        agrees = routes.get(name) == described.get(name)
        check(agrees, f"{name}: its query parameters are {sorted(routes.get(name, ()))}")


def check_values():
    """What the daemon's own enumerations may say, read from their sources."""
    schemas = document["components"]["schemas"]
    for place, file, kind, pattern in (
        (("AuditEvent",), "BerthCore/AuditEvent.swift", "AuditEvent", r'^    case \w+ = "([^"]+)"$'),
        (("Ticket", "properties", "state"), "BerthCore/Ticket.swift", "TicketState",
         r'^        case \.\w+: "([^"]+)"$'),
        (("Pool", "properties", "queue"), "BerthCore/Ticket.swift", "QueuePolicy",
         r'^    case (?:\w+ = "([^"]+)"|(\w+))$'),
    ):
        source = (ROOT / "Sources" / file).read_text()
        body = re.search(rf"enum {kind}\b.*?^}}$", source, re.DOTALL | re.MULTILINE)
        values = re.findall(pattern, body[0] if body else "", re.MULTILINE)
        expected = {"".join(each) for each in values}
        schema = schemas
        for key in place:
            schema = schema[key]
        check(expected, f"{file}: the values of {kind} were read")
        check(set(schema["enum"]) == expected, f"{'.'.join(place)}: its values are those of {kind}: {sorted(expected)}")


folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "Sources/BerthDocuments/Resources"
try:
    document = json.loads((folder / "openapi.json").read_text())
    problems = json.loads((folder / "problems.json").read_text())
except (OSError, ValueError) as fault:
    print(f"check_openapi.py: {fault}", file=sys.stderr)
    sys.exit(2)

check_validity()
if failed == 0:  # An invalid document has no structure that the other checks could rely on.
    check_examples()
    identifiers = [operation.get("operationId") for *_, operation in operations()]
    check(len(identifiers) == len(set(identifiers)), "operationIds are unique")
    for each in operations():
        check_operation(*each)
    check_components()
    check_problems()
    check_error_table()
    check_routes()
    check_values()
print(f"OpenAPI: {passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
