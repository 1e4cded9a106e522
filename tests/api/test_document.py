"""docs/openapi.yaml is valid OpenAPI 3.1, and the stack serves it."""

import openapi_spec_validator
import requests


def test_the_document_is_openapi_3_1(document):
    assert document["openapi"].startswith("3.1.")
    openapi_spec_validator.validate(document)


def test_the_stack_serves_what_is_written(stack, document):
    served = requests.get(f"{stack.api()}/openapi.json", timeout=10)
    assert (served.status_code, served.headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert served.json() == document


def test_the_page_is_served_to_people(stack, document):
    served = requests.get(f"{stack.api()}/docs", timeout=10)
    assert (served.status_code, served.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert document["info"]["title"] in served.content.decode()
