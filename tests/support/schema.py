# SPDX-License-Identifier: Apache-2.0
"""A validator for the part of JSON Schema (2020-12) that the schemas of docs/formats/ use; an unknown keyword is an error."""
import datetime
import re

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int, "number": (int, float)}
IGNORED = {"$schema", "$defs", "title", "description"}


def is_type(value, name):
    return isinstance(value, TYPES[name]) and not (name in ("integer", "number") and isinstance(value, bool))


def is_date(text):
    try:
        datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        return "T" in text
    except ValueError:
        return False


def errors(value, schema, root=None, where="$"):
    root = schema if root is None else root
    if "$ref" in schema:
        yield from errors(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, where)
        return
    for keyword, want in schema.items():
        if keyword in IGNORED:
            continue
        check = globals().get("check_" + keyword)
        if not check:
            yield f"{where}: the schema has the unknown keyword {keyword}"
        else:
            yield from check(value, want, schema, root, where)


def check_type(value, want, _schema, _root, where):
    if not any(is_type(value, t) for t in ([want] if isinstance(want, str) else want)):
        yield f"{where}: {value!r:.60} is no {want}"


def check_const(value, want, _schema, _root, where):
    if value != want or type(value) is not type(want):
        yield f"{where}: {value!r:.60} is not {want!r}"


def check_enum(value, want, _schema, _root, where):
    if value not in want:
        yield f"{where}: {value!r:.60} is none of {want}"


def check_minimum(value, want, _schema, _root, where):
    if isinstance(value, (int, float)) and value < want:
        yield f"{where}: {value} is less than {want}"


def check_maximum(value, want, _schema, _root, where):
    if isinstance(value, (int, float)) and value > want:
        yield f"{where}: {value} is more than {want}"


def check_pattern(value, want, _schema, _root, where):
    if isinstance(value, str) and not re.search(want, value):
        yield f"{where}: {value!r:.60} does not match {want}"


def check_format(value, want, _schema, _root, where):
    if want == "date-time" and isinstance(value, str) and not is_date(value):
        yield f"{where}: {value!r:.60} is no {want}"


def check_required(value, want, _schema, _root, where):
    if isinstance(value, dict):
        yield from (f"{where}: lacks {k}" for k in want if k not in value)


def check_properties(value, want, _schema, root, where):
    if isinstance(value, dict):
        for k, v in value.items():
            if k in want:
                yield from errors(v, want[k], root, f"{where}.{k}")


def check_additionalProperties(value, want, schema, root, where):
    if isinstance(value, dict):
        for k, v in value.items():
            if k not in schema.get("properties", {}):
                yield from [f"{where}: the member {k} is not in the schema"] if want is False else errors(
                    v, want, root, f"{where}.{k}")


def check_items(value, want, _schema, root, where):
    if isinstance(value, list):
        for i, v in enumerate(value):
            yield from errors(v, want, root, f"{where}[{i}]")


def check_oneOf(value, want, _schema, root, where):
    results = [list(errors(value, s, root, where)) for s in want]
    fits = sum(not r for r in results)
    if fits != 1:
        yield f"{where}: fits {fits} of {len(want)} schemas; nearest: {min((r for r in results if r), key=len, default=[])[:3]}"
