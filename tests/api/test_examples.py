"""Sends every example of a request in docs/openapi.yaml, and compares the answer with the example of the same name.

The order is the document's: an example may depend on the one before. Each run has its own receipt codes, ids and citizens.
"""

import json
import secrets
import urllib.parse

import pytest
import requests
from callers import Signed
from conftest import DOCUMENT

RUN = f"{secrets.randbelow(10**7):07}"
# Codes, ids and numbers of the document, and their replacements in this run: the same in requests and answers.
OWN = {"016171234": f"00{RUN}", "2208": RUN, "3b6d53c4": f"3b6d{RUN}", "84912345678": f"8491{RUN}"}


def operations():
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            if method in ("get", "post"):
                yield path, method, operation


def parameters(path, operation):
    return DOCUMENT["paths"][path].get("parameters", []) + operation.get("parameters", [])


def examples():
    """(path, method, operation, name) of every documented request."""
    for path, method, operation in operations():
        named = {}
        for parameter in parameters(path, operation):
            named |= parameter.get("examples", {})
        for content in operation.get("requestBody", {}).get("content", {}).values():
            named |= content["examples"]
        for name in named:
            yield pytest.param(path, method, operation, name, id=f"{method} {path} {name}")


def request(stack, path, method, operation, name):
    """The example as a request, with its own message id."""
    sent = {"url": stack.api() + path, "method": method.upper(), "params": {}, "headers": {}}
    for parameter in parameters(path, operation):
        value = parameter.get("examples", {}).get(name, {}).get("value", parameter.get("example"))
        if parameter["in"] == "path":
            sent["url"] = sent["url"].replace("{%s}" % parameter["name"], urllib.parse.quote(value, safe=""))
        else:
            sent["params" if parameter["in"] == "query" else "headers"][parameter["name"]] = value
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        value = content["examples"][name]["value"]
        sent["data"] = json.dumps(value).encode() if kind == "application/json" else value
        sent["headers"]["content-type"] = kind
    return sent


def own(value, name):
    """`value` with this run's codes and citizens instead of the document's, and a message id for each example."""
    if isinstance(value, bytes):
        return own(value.decode(), name).encode()
    if isinstance(value, str):
        for written, ours in OWN.items():
            value = value.replace(written, ours + name if written in ("2208", "3b6d53c4") else ours)
        return value
    if isinstance(value, dict):
        return {key: own(item, name) for key, item in value.items()}
    return [own(item, name) for item in value] if isinstance(value, list) else value


def answers(operation, name):
    """(status, content type, value) of the answers of that name."""
    for status, answer in operation["responses"].items():
        for kind, content in resolved(answer).get("content", {}).items():
            if name in content.get("examples", {}):
                yield int(status), kind, content["examples"][name]["value"]


def resolved(value):
    if "$ref" not in value:
        return value
    found = DOCUMENT
    for part in value["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def told(response):
    kind = response.headers["content-type"].split(";")[0]
    return response.status_code, kind, response.json() if kind == "application/json" else response.content.decode()


@pytest.mark.parametrize(("path", "method", "operation", "name"), list(examples()))
def test_an_example_is_answered_as_the_document_says(stack, path, method, operation, name):
    sent = own(request(stack, path, method, operation, name), name)
    expected = [(status, kind, own(value, name)) for status, kind, value in answers(operation, name)]
    assert [told(requests.request(**sent, auth=Signed(stack), timeout=30))] == expected


def first_examples():
    """One request for each operation that requires a signature."""
    seen = set()
    for example in examples():
        path, method, operation, _ = example.values
        if operation["security"] and (path, method) not in seen:
            seen.add((path, method))
            yield example


@pytest.mark.parametrize(("path", "method", "operation", "name"), list(first_examples()))
def test_a_stranger_is_answered_as_the_document_says(stack, path, method, operation, name):
    refusal = "unsigned" if path.startswith("/dossiers") else "not_authorised"
    answer = requests.request(**request(stack, path, method, operation, name), timeout=30)
    assert [told(answer)] == list(answers(operation, refusal))
    assert path.startswith("/dossiers") or "www-authenticate" in answer.headers


@pytest.mark.parametrize(("path", "method", "operation", "name"), list(first_examples()))
def test_an_id_that_comes_with_another_text_is_answered_as_the_document_says(stack, path, method, operation, name):
    if path.startswith("/dossiers"):
        pytest.skip("a push or a question that comes again is simply processed again")
    sent = own(request(stack, path, method, operation, name), f"other-{method}")
    values = sent["data"] if "data" in sent else sent["params"]
    assert requests.request(**sent, auth=Signed(stack), timeout=30).status_code == 200
    for parameter in ("mo_message", "content"):
        if parameter in values:
            values[parameter] = "MCKH 1"
    assert told(requests.request(**sent, auth=Signed(stack), timeout=30)) in list(answers(operation, "other_text"))


def test_a_gateway_that_is_not_there_is_answered_as_the_document_says(stack):
    operation = DOCUMENT["paths"]["/mo/{gateway}"]["get"]
    answer = requests.get(f"{stack.api()}/mo/nobody", auth=Signed(stack), timeout=30)
    assert [told(answer)] == list(answers(operation, "no_such_gateway"))
