"""Which CallbackUrl a deployment refuses: the pattern of template.yaml itself, which CloudFormation compares with the whole value.
functions/callback/src/receiver.rs checks the same table when the function starts."""

import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "infra" / "local"))

from stack import RECEIVER_HERE  # noqa: E402

TEMPLATE = (ROOT / "template.yaml").read_text()
URLS = json.loads((Path(__file__).parent / "urls.json").read_text())
# What the address of a request cannot have, and the function does not see.
ODD = ["https://motcua.example.vn/e vents", "https://motcua.example.vn/events#1", "https://motcua.example.vn?key=1",
       "https://motcua.example.vn/events\n", " https://motcua.example.vn/events", "https://motcua.example.vn\\@169.254.169.254/",
       "https://motcua.example.vn/events\nhttps://169.254.169.254/", "https://mộtcửa.example.vn/", "https://motcua.example.vn/mộtcửa"]


def pattern(template=TEMPLATE):
    """Of the parameter CallbackUrl. It uses nothing that Java's and Python's expressions read differently."""
    parameter = template.split("\n  CallbackUrl:\n")[1]
    return re.compile(re.search(r"AllowedPattern: '(.*)'\n", parameter)[1])


@pytest.mark.parametrize("url", URLS["good"])
def test_a_public_name_by_https_may_take_call_backs(url):
    assert pattern().fullmatch(url)


@pytest.mark.parametrize("url", [url for url in URLS["refused"] if url] + ODD)
def test_every_other_address_is_refused_at_deployment(url):
    assert not pattern().fullmatch(url)


def test_without_an_address_there_are_no_call_backs():
    assert pattern().fullmatch("")
    assert re.search(r"\n  CallbackUrl:\n    Type: String\n    Default: \"\"\n", TEMPLATE)


def test_nothing_of_call_backs_is_deployed_without_an_address():
    """Every resource of template.yaml that names them has the one condition; the outputs are empty then."""
    assert "\n  SendsCallBacks: !Not [!Equals [!Ref CallbackUrl, \"\"]]\n" in TEMPLATE
    resources, outputs = re.sub(r" *#.*", "", TEMPLATE).split("\nResources:\n")[1].split("\nOutputs:\n")
    ours = [resource for resource in re.split(r"\n(?=  \w+:\n)", resources) if re.search("callback", resource.replace("TakesCallBacks", ""), re.I)]
    assert len(ours) == 3 and "infra/callbacks.yaml" in "".join(ours)
    assert all("\n    Condition: SendsCallBacks\n" in resource for resource in ours)
    outputs = [line for line in outputs.splitlines() if "Callback" in line]
    assert len(outputs) == 4 and all(re.search(r"!If \[SendsCallBacks, !.*, \"\"\]", line) for line in outputs)


def test_only_the_copy_for_the_local_stack_takes_call_backs_on_this_machine():
    here, local = "http://127.0.0.1:20123/onestop/events", pattern(TEMPLATE.replace(*RECEIVER_HERE))
    assert local.fullmatch(here) and not pattern().fullmatch(here)
    for url in ["http://127.0.0.2:20123/events", "http://127.0.0.1:20123@example.vn/", "http://localhost:20123/events"]:
        assert not local.fullmatch(url)
