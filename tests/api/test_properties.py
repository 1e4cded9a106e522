"""Any request, signed or not, gets an answer that docs/openapi.yaml describes: status, content type, headers and schema, never 5xx.

Schemathesis makes the requests from the document: its examples, the edges of every limit, and random ones, right and wrong.
They are the same in every run; `API_SEED=7 API_EXAMPLES=500 make test` makes others, and more.
"""

import os

import pytest
import schemathesis
from callers import Signed
from conftest import DOCUMENT, deployed
from hypothesis import HealthCheck, Phase, seed, settings
from schemathesis import checks

# Rules that the schema cannot express: between two fields, or with a dossier that is stored already.
BETWEEN_FIELDS = ("is before received_on", "is stored already with other content: raise it with every change")


def what_the_schema_takes_is_taken(context, response, case):
    """A push that is valid by the schema gets 200, and none of its dossiers is `invalid`."""
    if case.operation.path != "/dossiers" or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    assert response.status_code == 200, response.text
    for outcome in response.json()["dossiers"]:
        assert outcome["outcome"] != "invalid" or outcome["reason"] in BETWEEN_FIELDS, outcome


HELD = (
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    what_the_schema_takes_is_taken,
)

schema = schemathesis.openapi.from_dict(DOCUMENT)
schema.config.update(base_url=deployed().api())


@pytest.fixture(scope="module")
def signed():
    return Signed(deployed())


@schema.parametrize()
@seed(int(os.environ.get("API_SEED", "8083")))
@settings(max_examples=int(os.environ.get("API_EXAMPLES", "20")), deadline=None, database=None,
          phases=[Phase.explicit, Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_of_the_documents(case, signed):
    case.call_and_validate(auth=signed, checks=HELD)
