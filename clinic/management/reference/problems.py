"""docs/problems.md: every code that the API may refuse with, and which operations do."""

from collections import defaultdict
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from drf_spectacular.generators import SchemaGenerator

from clinic.api.schema import words
from clinic.api.schema.problems import known_problems

HEAD = """# Problems

Whatever the API refuses is an RFC 9457 problem document, `application/problem+json`:

```json
{"type": "about:blank", "title": "The practitioner is already booked", "status": 409,
 "code": "practitioner_taken", "detail": "Sam Hart is already booked on 22 Nov 2026 at 14:15.",
 "errors": [{"pointer": "/practitioner", "code": "practitioner_taken", "detail": "…"}]}
```

A program decides by `status` and `code`, which never change; `detail` is for people and says what
would be right; `errors` points into what was sent (RFC 6901). Some codes bring more, such as
`earliest_at` and `alternatives`: the description at `/api/schema/` says which. What was refused has
changed nothing. Beside these there is `method_not_allowed` (405), and the name of a constraint of
the database that no rule of ours has put into words (400 or 409): a fault to report.

| status | what a program does |
|---|---|
| 400, 405, 406, 413, 415, 422 | mend the request: the same one is refused again |
| 401 | log in again |
| 403, 404 | nothing: this person may not, or may not see it |
| 409 | show `detail`; the same request works once what stands against it is gone |
| 412, 428 | read the object, and send the change on top of it, with its ETag as `If-Match` |
| 429, 503 | wait for `Retry-After` seconds; send the same again with the same `Idempotency-Key` |
| 500 | the fault is ours, and recorded: tell us |
"""
Schema = dict[str, Any]


def problems() -> str:
    """The page."""
    described = _description()
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in sorted(users := _users(described)):
        by_status[known_problems()[code].status].append(code)
    lines = [HEAD]
    for status, codes in sorted(by_status.items()):
        lines += [f"## {status} {HTTPStatus(status).phrase}\n", *_table("code", "means", "from")]
        lines += [
            f"| `{c}` | {known_problems()[c].title} | {_named(c, users[c], described)} |"
            for c in codes
        ]
        lines.append("")
    lines += ["## Groups\n", *_table("group", "operations")]
    for group, names in _groups(described).items():
        lines.append(f"| *{group}* | {', '.join(f'`{name}`' for name in sorted(names))} |")
    return "\n".join([*lines, ""])


def _table(*columns: str) -> list[str]:
    return [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]


def _description() -> Schema:
    generator: Any = SchemaGenerator
    found: Schema = generator().get_schema(request=None, public=True)
    return found


def _operations(described: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, item in described["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def _users(described: Schema) -> dict[str, set[str]]:
    """The operations that answer each code."""
    responses = described["components"]["responses"]
    users: dict[str, set[str]] = defaultdict(set)
    for _, _, operation in _operations(described):
        for answer in operation["responses"].values():
            refusal = responses.get(answer.get("$ref", "").rpartition("/")[2], {})
            for code in refusal.get("x-problem-codes", []):
                users[code].add(operation["operationId"])
    return users


def _named(code: str, names: set[str], described: Schema) -> str:
    """The operations in as few words as will do: all of a kind, groups, and the rest by name."""
    kinds = {kind: of for kind, of in _kinds(described).items() if of <= names}
    said = [max(kinds, key=lambda kind: len(kinds[kind]))] if kinds else []
    rest = names - {name for kind in said for name in kinds[kind]}
    for group, of in _groups(described).items():
        if code in words.operations()["groups"][group] and of & rest:
            said.append(f"*{group}*")
            rest -= of
    return ", ".join([*said, *(f"`{name}`" for name in sorted(rest))])


def _groups(described: Schema) -> dict[str, set[str]]:
    """The groups of `operations.yaml`, with the operations that refuse as the group does."""
    ours = words.operations()["operations"]
    described_names = {operation["operationId"] for _, _, operation in _operations(described)}
    return {
        group: {name for name in described_names if group in ours.get(name, {}).get("problems", ())}
        for group in words.operations()["groups"]
    }


def _kinds(described: Schema) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = defaultdict(set)
    for method, path, operation in _operations(described):
        headers = {parameter["name"] for parameter in operation.get("parameters", ())}
        needs_token = bool(operation.get("security"))
        fitting = {
            "all": True,
            "all with a body": method in ("post", "put", "patch"),
            "all with an id in their address": "{" in path,
            "all that take an `Idempotency-Key`": "Idempotency-Key" in headers,
            "all that need a token": needs_token,
            "all but those of `auth` and `me`": needs_token
            and operation["tags"][0] not in ("auth", "me"),
            "`PUT` and `PATCH`": method in ("put", "patch"),
        }
        for kind in (kind for kind, fits in fitting.items() if fits):
            kinds[kind].add(operation["operationId"])
    return kinds
