"""The document as a page: every operation and every schema, folded, linked to one another, without a script."""

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

__all__ = ["reference"]

_METHODS = ("get", "post", "put", "patch", "delete")
_CODE = re.compile(r"`([^`]+)`")
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{title} REST reference</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<main>
<header>
<h1>{title} <small>REST reference {version}</small></h1>
<p>{about}</p>
<p><a href="/schema/openapi.json">openapi.json</a></p>
</header>
{sections}
</main>
</body>
</html>
"""


def reference(document: Mapping[str, Any], style: str) -> str:
    """The page for an OpenAPI document."""
    info = document["info"]
    return _PAGE.format(
        title=escape(info["title"]),
        version=escape(info["version"]),
        about=_text(info["description"]),
        style=style,
        sections="\n".join(_sections(document)),
    )


def _sections(document: Mapping[str, Any]) -> Iterator[str]:
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                operation = methods[method]
                told = _operation(method, path, operation, document["components"]["responses"])
                by_tag.setdefault(next(iter(operation["tags"]), "girok"), []).append(told)
    for tag, operations in sorted(by_tag.items()):
        yield _section(tag, operations)
    yield _section("schemas", [_schema(name, each) for name, each in sorted(document["components"]["schemas"].items())])


def _section(title: str, folds: list[str]) -> str:
    return f"<section><h2>{escape(title)}</h2>\n" + "\n".join(folds) + "\n</section>"


def _operation(method: str, path: str, operation: Mapping[str, Any], shared: Mapping[str, Any]) -> str:
    bearer = {0: "", 1: "bearer", 2: "bearer, or nobody"}[len(operation.get("security", ()))]
    summary = (
        f'<b class="{method}">{method.upper()}</b> <code>{escape(path)}</code> '
        f"<span>{_text(operation['summary'])}</span><i>{bearer}</i>"
    )
    parts = [f"<p>{_text(operation['description'])}</p>"] if "description" in operation else []
    if parameters := operation.get("parameters"):
        rows = [(each["name"], each["schema"], each["required"], f"in {each['in']}") for each in parameters]
        parts.append("<h3>Parameters</h3>" + _table(rows))
    if body := operation.get("requestBody"):
        parts.append(f"<h3>Body</h3><p>{_content(body['content'])}</p>")
    parts.append("<h3>Answers</h3>" + _answers(operation["responses"], shared))
    return _fold(operation["operationId"], summary, "".join(parts))


def _answers(responses: Mapping[str, Any], shared: Mapping[str, Any]) -> str:
    found = {status: shared[_name(each)] if "$ref" in each else each for status, each in responses.items()}
    rows = [
        f"<tr><td><code>{status}</code></td><td>{_lines(each['description'])}</td>"
        f"<td>{_content(each['content']) if 'content' in each and status < '400' else ''}</td></tr>"
        for status, each in found.items()
    ]
    return f"<table>{''.join(rows)}</table>"


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    required = schema["required"]
    rows = [(each, kind, each in required, kind.get("description", "")) for each, kind in schema["properties"].items()]
    about = f"<p>{_lines(schema['description'])}</p>" if "description" in schema else ""
    return _fold(f"schema-{name}", f"<code>{escape(name)}</code>", about + _table(rows))


def _fold(identity: str, summary: str, body: str) -> str:
    """Its id is inside, so that a link to it opens it."""
    return f'<details><summary>{summary}</summary><div id="{escape(identity)}">{body}</div></details>'


def _table(rows: list[tuple[str, Mapping[str, Any], bool, str]]) -> str:
    lines = [
        f"<tr><td><code>{escape(name)}</code>{'' if required else ' <i>optional</i>'}</td>"
        f"<td>{_kind(schema)}</td><td>{_text(about)}</td></tr>"
        for name, schema, required, about in rows
    ]
    return f"<table>{''.join(lines)}</table>"


def _content(content: Mapping[str, Any]) -> str:
    return ", ".join(
        _kind(each["schema"]) if "schema" in each else f"<code>{escape(name)}</code>" for name, each in content.items()
    )


def _kind(schema: Mapping[str, Any]) -> str:
    """A type in a few words."""
    if "$ref" in schema:
        return f'<a href="#schema-{_name(schema)}">{_name(schema)}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"])
    types: str | list[str] = schema.get("type", "anything")
    kind = types if isinstance(types, str) else " or ".join(types)
    if "items" in schema:
        kind = f"list of {_kind(schema['items'])}"
    elif isinstance(schema.get("additionalProperties"), dict):
        kind = f"object of {_kind(schema['additionalProperties'])}"
    return f"{schema.get('format', kind)} <small>{escape(', '.join(_rules(schema)))}</small>"


def _rules(schema: Mapping[str, Any]) -> Iterator[str]:
    words = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength")
    for word in (*words, "minItems", "maxItems", "default"):
        if word in schema:
            yield f"{word} {schema[word]}"


def _name(reference: Mapping[str, Any]) -> str:
    return reference["$ref"].rpartition("/")[2]


def _lines(text: str) -> str:
    return _text(text).replace("\n", "<br>")


def _text(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))
