"""Preflight never writes: three locks, and each is tried."""

import ast
import json
import subprocess
from datetime import datetime

import pytest
from recorded import PHONE, ROOT, Client, good, recorded, sender
from test_preflight_checks import GOOD, NOT_APPLICABLE, WRONG

from preflight.__main__ import results
from preflight.reading import READS, Reader
from preflight.send import row_of
from tools import LOCAL

PACKAGE = ROOT / "infra" / "local" / "preflight"
SAM_PYTHON = LOCAL / "tools" / "sam" / "bin" / "python"
WRITES = ["publish", "set_sms_attributes", "put_resource_policy", "update_table", "put_item", "invoke", "enable_rule", "update_event_source_mapping",
          "put_secret_value", "delete_stack", "request_service_quota_increase", "put_subscription_filter"]


def test_every_operation_in_the_table_is_a_read():
    for operations in READS.values():
        for operation, action in operations.items():
            assert operation.startswith(("get_", "list_", "describe_"))
            assert action.split(":")[1] == "".join("SMS" if word == "sms" else word.capitalize() for word in operation.split("_"))


@pytest.mark.parametrize("service", READS)
@pytest.mark.parametrize("operation", WRITES)
def test_the_reader_refuses_every_other_operation(service, operation):
    calls = []
    reader = Reader(lambda name: Client(name, {(service, operation): {}}, calls))
    with pytest.raises(PermissionError, match=f"{service} {operation} is not in READS"):
        reader.read(service, operation)
    assert not calls


def test_no_module_has_another_way_to_aws():
    """boto3 is only in clients.py, the network of the standard library only in send.py, which pushes once."""
    for module in PACKAGE.glob("*.py"):
        imported = {name.split(".")[0] for node in ast.walk(ast.parse(module.read_text())) for name in imports_of(node)}
        assert imported & {"boto3", "botocore"} == ({"boto3", "botocore"} if module.name == "clients.py" else set()), module.name
        assert imported & {"http", "urllib", "socket", "subprocess"} == ({"http", "urllib"} if module.name == "send.py" else set()), module.name
    assert (PACKAGE / "send.py").read_text().count("urlopen(") == 1


def imports_of(node):
    if isinstance(node, ast.Import):
        return [one.name for one in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []


def test_every_operation_in_the_table_is_used():
    calls = []
    for through in ["sns", "aws-sms"]:
        list(results(recorded(sender(through), calls), PHONE, 0, only_row))
    assert {call[:2] for call in calls} == {(service, operation) for service, operations in READS.items() for operation in operations} == set(good())


def only_row(stack, *_):
    row_of(stack, "PREFLIGHT-1")
    return []


REFUSES = """
import sys
from preflight.clients import client_of
client = client_of("sns")
try:
    client.publish(PhoneNumber="+84912345678", Message="no")
except PermissionError as error:
    print(error)
try:
    client.get_sms_attributes()
except Exception as error:
    print(type(error).__name__)
"""


@pytest.mark.skipif(not SAM_PYTHON.exists(), reason="the Python of SAM is not installed")
def test_boto3_itself_refuses_every_other_operation():
    done = with_boto3(["-c", REFUSES], AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert done.stdout.splitlines() == ["sns publish is not in READS: preflight only reads", "EndpointConnectionError"], done.stderr


@pytest.mark.skipif(not SAM_PYTHON.exists(), reason="the Python of SAM is not installed")
def test_the_recorded_exchanges_have_the_shapes_of_aws():
    """botocore's own models validate every operation, its parameters and its answer."""
    calls = []
    for changes in [sender("sns"), sender("aws-sms"), *(case[1] for case in WRONG + NOT_APPLICABLE + GOOD)]:
        list(results(recorded(changes, calls), PHONE, 0, only_row))
    calls = [call for call in calls if not isinstance(call[3], Exception)]
    exchanges = json.dumps(calls, default=lambda value: value.isoformat() if isinstance(value, datetime) else str(value))
    done = with_boto3([str(ROOT / "tests" / "preflight" / "shapes.py")], exchanges)
    assert (done.returncode, done.stdout) == (0, f"{len(calls)} exchanges\n"), done.stdout + done.stderr


def with_boto3(arguments, given=None, **environment):
    env = {"AWS_DEFAULT_REGION": "ap-southeast-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "PATH": "/usr/bin:/bin", **environment}
    return subprocess.run([str(SAM_PYTHON), "-B", *arguments], cwd=PACKAGE.parent, env=env, input=given, capture_output=True, text=True, check=False, timeout=120)
