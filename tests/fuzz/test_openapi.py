"""Hold the OpenAPI document to the routes, the program to the document, and let Schemathesis try to tell them apart."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient

from matome_app.search.params import NAMES, SearchParams
from matome_app.web.context import PAGE_SIZE
from tests.faults.serving import Server

Document = dict[str, Any]

EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "12")
SEED = os.environ.get("FUZZ_SEED", "20260401")
FILLED = {"{section}": "2026_05", "{slug}": "2026_05_12_sqlite_in_production"}


@pytest.fixture(scope="module")
def client(app: Flask) -> FlaskClient:
    """Give a client of the sample posts."""
    return app.test_client()


@pytest.fixture(scope="module")
def document(client: FlaskClient) -> Document:
    """Give the document as it is served."""
    response = client.get("/api/openapi.json")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    return dict(response.get_json())


def resolved(document: Document, node: Any) -> Any:
    """Return what a reference stands for, or the node itself."""
    while isinstance(node, dict) and "$ref" in node:
        found: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def parameters(document: Document, path: str) -> list[Document]:
    """Return the parameters of the operation at a path."""
    return [resolved(document, one) for one in document["paths"][path]["get"]["parameters"]]


def examples(parameter: Document) -> list[Any]:
    """Return the examples of a parameter."""
    many = [one["value"] for one in parameter.get("examples", {}).values()]
    return [*many, parameter["example"]] if "example" in parameter else many


def closed_shapes(node: Any) -> Iterator[Document]:
    """Yield every object of a schema that names its properties."""
    if isinstance(node, dict):
        if "properties" in node:
            yield node
        for value in node.values():
            yield from closed_shapes(value)
    elif isinstance(node, list):
        for value in node:
            yield from closed_shapes(value)


def test_the_document_is_valid_openapi(document: Document) -> None:
    assert document["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(document).validate()


def test_documented_paths_are_routes_and_routes_that_answer_json_are_documented(app: Flask, document: Document) -> None:
    routes = app.url_map.bind("localhost")
    reached = {routes.match(re.sub(r"\{\w+\}", "some", path), "GET")[0] for path in document["paths"]}
    assert reached == {rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.startswith("api.")}
    assert all(list(path) == ["get"] for path in document["paths"].values())


def test_the_documented_parameters_are_those_that_are_read(document: Document) -> None:
    for path in ("/api/search", "/api/posts"):
        assert [one["name"] for one in parameters(document, path) if one["in"] == "query"] == list(NAMES)
    fields = SearchParams.from_args([])
    for one in parameters(document, "/api/search"):
        several = isinstance(getattr(fields, f"{one['name']}s", None), tuple)
        assert (one["schema"]["type"] == "array") is several, one["name"]


def test_every_shape_but_that_of_the_document_itself_is_closed(document: Document) -> None:
    shapes = {name: shape for name, shape in document["components"]["schemas"].items() if name != "Document"}
    found = list(closed_shapes(shapes))
    assert len(found) > 15
    assert all(shape["additionalProperties"] is False for shape in found)


def test_every_example_is_answered_with_something(client: FlaskClient, document: Document) -> None:
    tried = 0
    for path in document["paths"]:
        asked = parameters(document, path) if "parameters" in document["paths"][path]["get"] else []
        inside = {f"{{{one['name']}}}": examples(one)[0] for one in asked if one["in"] == "path"}
        address = re.sub(r"\{\w+\}", lambda name: quote(inside[name[0]]), path)  # noqa: B023 - used at once
        assert client.get(address).status_code == 200, address
        for one in asked:
            for value in examples(one) if one["in"] == "query" else ():
                answer = client.get(address, query_string={one["name"]: value})
                assert answer.status_code == 200, (address, value)
                assert answer.get_json()["total"] > 0 or path == "/api/posts", (address, value)
                tried += 1
    assert tried > 20


def test_the_first_examples_of_all_parameters_find_something_together(client: FlaskClient, document: Document) -> None:
    asked = {one["name"]: examples(one) for one in parameters(document, "/api/search") if one["in"] == "query"}
    answer = client.get("/api/search", query_string={name: values[0] for name, values in asked.items() if values})
    assert answer.get_json()["total"] > 0
    assert sum(map(bool, asked.values())) > 8


def at_the_bound(schema: Document) -> tuple[Any, Any] | None:
    """Return the last value that a schema allows and the first that it does not; None where nothing bounds it."""
    if schema["type"] == "array":
        most = schema["maxItems"]
        return [f"v{n}" for n in range(most)], [f"v{n}" for n in range(most + 1)]
    if "enum" in schema:
        return schema["enum"][-1], f"{schema['enum'][-1]}x"
    if "maxLength" in schema:
        return "あ" * schema["maxLength"], "あ" * (schema["maxLength"] + 1)
    if "minimum" in schema:
        return schema["minimum"], schema["minimum"] - 1
    if "pattern" in schema:
        return "#0a9fAF", "#0a9fAG"
    return ("9999-12-31", "9999-12-32") if "anyOf" in schema else None


@pytest.mark.parametrize("path", ["/api/search", "/api/posts"])
@pytest.mark.parametrize("name", NAMES)
def test_the_bounds_are_those_that_are_documented(
    client: FlaskClient, document: Document, path: str, name: str
) -> None:
    (parameter,) = [one for one in parameters(document, path) if one["name"] == name]
    bounds = at_the_bound(parameter["schema"])
    assert bounds is not None
    last, beyond = bounds
    assert client.get(path, query_string={name: last}).status_code == 200
    refused = client.get(path, query_string={name: beyond})
    assert refused.status_code == (413 if name == "q" else 400)
    assert name in refused.get_json()["error"]["message"]
    if "items" in parameter["schema"]:
        last, beyond = at_the_bound(parameter["schema"]["items"]) or (None, None)
        assert client.get(path, query_string={name: last}).status_code == 200
        assert client.get(path, query_string={name: beyond}).status_code == 400


def test_the_largest_page_is_read_as_a_number_and_a_larger_one_is_not(client: FlaskClient, document: Document) -> None:
    most = document["components"]["parameters"]["page"]["schema"]["maximum"]
    assert client.get("/api/search", query_string={"page": most}).status_code == 404
    assert client.get("/api/search", query_string={"page": most + 1}).status_code == 400
    assert document["components"]["schemas"]["Search"]["properties"]["hits"]["maxItems"] == PAGE_SIZE


def test_what_asks_with_the_tag_of_an_answer_gets_304(client: FlaskClient, document: Document) -> None:
    for path, operation in document["paths"].items():
        address = path.replace("/{section}", "/2026_05").replace("{slug}", FILLED["{slug}"])
        if "{" in address or path == "/api/posts/{slug}":
            continue
        tag = client.get(address).headers.get("ETag")
        assert bool(tag) is ("304" in operation["get"]["responses"]), path
        if tag:
            assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


def run(location: str | Path, root: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run Schemathesis on a document, as its own command does."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(root / "tests/fuzz/schemathesis.toml")]
    return subprocess.run(
        [*command, "run", str(location), "--seed", SEED, *options],
        cwd=folder,  # it keeps what it found
        env=os.environ | {"COLUMNS": "120", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )


def test_schemathesis_finds_no_difference_between_document_and_answers(
    served: Server, root: Path, tmp_path: Path
) -> None:
    done = run(f"http://127.0.0.1:{served.port}/api/openapi.json", root, tmp_path, "--max-examples", EXAMPLES)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    generated = re.search(r"(\d+) generated, .*passed", done.stdout)
    assert generated, done.stdout[-3000:]
    assert int(generated[1]) > 300
    for phase in ("Examples", "Coverage", "Fuzzing", "Stateful"):
        assert f"✅ {phase}" in done.stdout
    assert served.lines("Traceback|ERROR") == []


def test_schemathesis_finds_what_is_wrong_in_a_document(
    served: Server, root: Path, document: Document, tmp_path: Path
) -> None:
    wrong = copy.deepcopy(document)
    hit = wrong["components"]["schemas"]["Hit"]
    del hit["properties"]["via"]  # closed, so it must not be there now
    hit["required"].remove("via")
    wrong["paths"] = {"/api/search": wrong["paths"]["/api/search"]}
    del wrong["paths"]["/api/search"]["get"]["responses"]["200"]["links"]
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(wrong), encoding="utf-8")
    done = run(file, root, tmp_path, "--url", f"http://127.0.0.1:{served.port}", "--phases", "examples")
    assert done.returncode == 1, done.stdout[-3000:]
    assert "'via' was unexpected" in done.stdout
