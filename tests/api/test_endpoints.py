"""API Gateway's own work before a function is called: which addresses may call, and its own answers."""

import api_gateway
import pytest
import requests

ELSEWHERE = "203.0.113.0/24"


@pytest.fixture
def only_from(stack):
    """Deploys other address lists, and restores the original ones afterwards."""
    yield lambda **lists: api_gateway.allow(stack, **lists)
    api_gateway.allow(stack)


def statuses(stack):
    endpoints = [("POST", "/dossiers"), ("GET", "/dossiers/1/notices"), ("GET", "/mo/kannel"), ("POST", "/mo/kannel"), ("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "/desk"), ("POST", "/desk/dossier")]
    return [requests.request(method, stack.api() + path, timeout=10).status_code for method, path in endpoints]


@pytest.mark.parametrize(("lists", "expected"), [
    ({}, [401, 401, 401, 401, 200, 200, 401, 401]),
    ({"PushAddresses": ELSEWHERE}, [403, 403, 401, 401, 200, 200, 401, 401]),
    ({"GatewayAddresses": ELSEWHERE}, [401, 401, 403, 403, 200, 200, 401, 401]),
    ({"DeskAddresses": ELSEWHERE}, [401, 401, 401, 401, 200, 200, 403, 403]),
    ({"PushAddresses": f"{ELSEWHERE},127.0.0.0/8", "GatewayAddresses": f"{ELSEWHERE},127.0.0.1/32"}, [401, 401, 401, 401, 200, 200, 401, 401]),
])
def test_each_endpoint_is_open_to_its_own_addresses_and_the_documents_to_everyone(stack, only_from, lists, expected):
    only_from(**lists)
    assert statuses(stack) == expected


def test_an_address_that_is_not_on_the_list_gets_only_the_refusal(stack, only_from, document):
    only_from(PushAddresses=ELSEWHERE)
    answer = requests.post(f"{stack.api()}/dossiers", timeout=10)
    [expected] = document["components"]["responses"]["NotFromThisAddress"]["content"]["application/json"]["examples"].values()
    assert (answer.status_code, answer.json()) == (403, expected["value"])


@pytest.mark.parametrize(("method", "path"), [("GET", "/dossiers"), ("GET", "/dossiers/1"), ("POST", "/dossiers/1/notices"), ("DELETE", "/mo/kannel"), ("GET", "/admin"), ("GET", "/"), ("GET", "/mo"), ("GET", "/mo/kannel/x")])
def test_where_there_is_nothing_the_answer_says_where_to_read(stack, method, path):
    answer = requests.request(method, stack.api() + path, timeout=10)
    assert (answer.status_code, answer.json()) == (404, {"error": "there is nothing here: GET /docs says what there is"})


def test_every_answer_of_api_gateway_is_in_our_form(stack):
    answers = api_gateway.api_of(stack)["x-amazon-apigateway-gateway-responses"]
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= answers.keys()
    for kind, answer in answers.items():
        body = requests.models.complexjson.loads(answer["responseTemplates"]["application/json"])
        assert list(body) == ["error"] and "$context" not in body["error"], kind
        assert answer["responseTemplates"].get("text/html", "<").isascii(), kind


def test_an_address_is_limited_and_no_request_is_sampled(stack):
    resources = stack.template()["Resources"]
    limit = resources["RateLimit"]["Properties"]
    [rule] = limit["Rules"]
    assert rule["Statement"]["RateBasedStatement"]["AggregateKeyType"] == "IP" and "Block" in rule["Action"]
    for seen in (limit["VisibilityConfig"], rule["VisibilityConfig"]):
        assert seen["SampledRequestsEnabled"] is False, "a gateway's URL holds a citizen's number and text"
    stage = resources["RateLimitOfApi"]["Properties"]["ResourceArn"]["Fn::Sub"]
    assert stage.endswith("/restapis/${Api}/stages/${Apiv1Stage}")


def test_the_documents_have_limits_of_their_own_and_the_api_takes_no_tls_before_1_2(stack):
    resources = stack.template()["Resources"]
    settings = resources["Apiv1Stage"]["Properties"]["MethodSettings"]
    limits = {setting["ResourcePath"]: setting["ThrottlingRateLimit"] for setting in settings}
    # CloudFormation requires ~1 for a path's slashes except the first: any other spelling names no existing method.
    assert limits == {"/*": 100, "/~1docs": 5, "/~1openapi.json": 5}
    api = resources["Api"]["Properties"]
    assert (api["SecurityPolicy"], api["EndpointAccessMode"]) == ("SecurityPolicy_TLS13_1_2_2021_06", "BASIC")
