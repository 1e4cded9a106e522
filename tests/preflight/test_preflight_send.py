"""SEND: the push, the wait for the message and for its receipt, against recorded rows."""

import base64
import hashlib
import hmac
import json
import re
from datetime import timedelta

import pytest
from recorded import INTAKE_KEY, NOW, PERSONAL, PHONE, ROOT, good, recorded, secrets, sender, with_stack

from preflight.send import REASONS, send

ROW = good()["dynamodb", "get_item"]["Item"]
GET = ("dynamodb", "get_item")
STORED = (200, json.dumps({"dossiers": [{"receipt_code": "PREFLIGHT-20261126-100000", "revision": 1, "outcome": "stored"}]}))


class Clock:
    """Time that passes only in `sleep`."""

    def __init__(self):
        self.now = 0

    def time(self):
        return NOW.timestamp() + self.now

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def row(**fields):
    return {"Item": {**{key: ROW[key] for key in ("state", "message_id", "parts")}, **{key: {"S": value} for key, value in fields.items()}}}


def sent(changes=(), answer=STORED, now=NOW, wait=180, **options):
    """The lines of SEND, what was pushed, and how long it took."""
    pushed, clock = [], Clock()

    def post(url, body, headers):
        pushed.append((url, body, headers))
        return answer

    lines = dict(send(recorded(changes, now=now, **options), PHONE, wait, post, clock))
    assert not [word for word in PERSONAL if word in str(lines)]
    return lines, pushed, clock.now


def test_the_push_is_what_the_contract_asks_for():
    lines, [(url, body, headers)], _ = sent()
    assert url == "https://a1b2c3d4e5.execute-api.ap-southeast-1.amazonaws.com/v1/dossiers"
    assert json.loads(body) == {
        "receipt_code": "PREFLIGHT-20261126-100000", "revision": 1, "procedure": "Kiểm tra hệ thống nhắn tin", "phone": PHONE,
        "received_on": "2026-11-26", "appointment_on": "2026-11-27", "step": "Trả kết quả", "status": "Đã giải quyết", "unit": "Bộ phận Một cửa"}
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(INTAKE_KEY.removeprefix("whsec_"))
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert lines["test message"] == ("✓", "PREFLIGHT-20261126-100000 is sent, message id 34d9b400…, 3 parts")
    assert lines["its receipt"] == ("✓", "delivered at 2026-11-26T03:00:09Z")


def test_it_waits_for_the_message_and_for_its_receipt():
    pending = {"Item": {"state": {"S": "pending"}}}
    lines, _, seconds = sent({GET: [{}, pending, row(), row(), row(delivery="delivered")]})
    assert [line.mark for line in lines.values()] == ["✓", "✓"]
    assert seconds == 3, "the row is read once a second"


def test_only_the_fields_that_are_needed_are_read():
    calls = []
    list(send(recorded((), calls), PHONE, 0, lambda *_: STORED, Clock()))
    parameters = next(call[2] for call in calls if call[1] == "get_item")
    assert set(parameters["ExpressionAttributeNames"].values()) == {"state", "message_id", "parts", "reason", "delivery", "delivery_at", "delivery_reason"}
    assert parameters["Key"] == {"receipt_code": {"S": "PREFLIGHT-20261126-100000"}, "notice": {"S": "result#1"}}


@pytest.mark.parametrize(("status", "words"), [
    (0, "the API does not answer"), (401, "clock"), (403, "PushAddresses"), (429, "try again in a minute"), (503, "(503): read the log of IntakeFunction")])
def test_a_push_that_is_refused_is_a_problem(status, words):
    lines, _, seconds = sent(answer=(status, "irrelevant"))
    assert list(lines) == ["test message"] and seconds == 0
    assert lines["test message"].mark == "✗" and words in lines["test message"].sentence


@pytest.mark.parametrize(("outcome", "words"), [
    ({"outcome": "invalid", "field": "procedure", "reason": f"{PHONE} is wrong"}, "is invalid (field procedure)"),
    ({"outcome": "stale"}, "is stale"),
    ({"outcome": "stored", "warning": f"phone {PHONE} is a fixed line"}, "no mobile number of Vietnam")])
def test_a_dossier_that_causes_no_notice_is_a_problem(outcome, words):
    lines, _, _ = sent(answer=(200, json.dumps({"dossiers": [outcome]})))
    assert list(lines) == ["test message"] and lines["test message"].mark == "✗" and words in lines["test message"].sentence


def test_without_a_key_nothing_is_pushed():
    lines, pushed, _ = sent({("secretsmanager", "get_secret_value"): secrets(intake={})})
    assert not pushed and lines["test message"].sentence == "not sent, because IntakeSecret has no key"


@pytest.mark.parametrize(("hour", "minute", "is_open"), [(6, 59, False), (7, 0, True), (20, 59, True), (21, 0, False), (2, 0, False)])
def test_nothing_is_pushed_while_the_sending_window_is_closed(hour, minute, is_open):
    now = NOW.replace(hour=0, minute=0) + timedelta(hours=hour - 7, minutes=minute)  # UTC of that time in Vietnam
    lines, pushed, _ = sent(now=now)
    assert bool(pushed) is is_open
    assert is_open or "try again between 07:00 and 21:00 in Vietnam" in lines["test message"].sentence
    assert bool(sent(with_stack(parameters={"SendingWindow": None}), now=now)[1]) is is_open, "the default is the same"
    assert sent(with_stack(parameters={"SendingWindow": "00:00-24:00"}), now=now)[1]
    assert sent(with_stack(parameters={"Stage": "local"}), now=now)[1], "the stage `local` sends at any hour"


@pytest.mark.parametrize(("rows", "words"), [
    ({}, "has no notice after 90 seconds"),
    ({"Item": {"state": {"S": "pending"}}}, "is still pending after 90 seconds"),
    ({"Item": {"state": {"S": "pending"}, "reason": {"S": f"throttled +84{PHONE[1:]}"}}}, "is still pending (throttled …) after 90 seconds"),
])
def test_a_message_that_is_not_sent_in_time_is_a_problem(rows, words):
    lines, _, seconds = sent({GET: rows})
    assert list(lines) == ["test message"] and seconds == 90
    assert lines["test message"].mark == "✗" and words in lines["test message"].sentence


def test_a_message_that_is_refused_is_a_problem_at_once():
    lines, _, seconds = sent({GET: {"Item": {"state": {"S": "failed"}, "reason": {"S": "AuthorizationError"}}}})
    assert seconds == 0 and lines["test message"][0] == "✗" and "is failed (AuthorizationError): read the log" in lines["test message"].sentence


def test_an_undelivered_message_says_what_to_do():
    for reason, to_do in REASONS.items():
        lines, _, _ = sent({GET: row(delivery="undelivered", delivery_reason=reason)})
        assert lines["test message"].mark == "✓"
        assert lines["its receipt"] == ("✗", f"not delivered ({reason}): {to_do}")


def test_a_new_or_missing_reason_is_an_unknown_one():
    for reason, shown in [({"delivery_reason": f"to +84 {PHONE[1:]}"}, "to …"), ({}, "no reason")]:
        lines, _, _ = sent({GET: row(delivery="undelivered", **reason)})
        assert lines["its receipt"] == ("✗", f"not delivered ({shown}): {REASONS['unknown']}")


def test_the_reasons_are_those_of_the_domain():
    source = (ROOT / "functions/domain/src/notice/receipt.rs").read_text()
    reasons = source[source.index("impl Reason"):source.index("impl fmt::Display for Reason")]
    assert list(REASONS) == re.findall(r'=> "([a-z_]+)"', reasons)


def test_no_receipt_is_a_problem_that_says_where_to_look():
    lines, _, seconds = sent({GET: row()}, wait=20)
    assert seconds == 20 and lines["its receipt"].mark == "✗"
    assert "none came in 20 seconds" in lines["its receipt"].sentence and "the log of ReceiptsFunction" in lines["its receipt"].sentence


def test_a_network_that_does_not_know_is_no_problem():
    lines, _, seconds = sent({GET: row(delivery="unknown")})
    assert seconds == 0 and lines["its receipt"].mark == "–" and lines["its receipt"].sentence.startswith("a receipt came")


def test_a_stack_without_receipts_does_not_wait_for_one():
    lines, _, seconds = sent({**with_stack(outputs={"ReceiptsFunction": None}), GET: row()})
    assert seconds == 0 and lines["its receipt"] == ("–", "this stack has no ReceiptsFunction: look at the phone")


def test_the_local_stack_is_pushed_to_under_its_own_address():
    lines, [(url, _, _)], seconds = sent({GET: row()}, wait=5, is_local=True, endpoint="http://127.0.0.1:4566")
    assert url == "http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4e5/v1/dossiers"
    assert (seconds, lines["its receipt"].mark) == (5, "–")


def test_every_sender_is_tested_the_same_way():
    for name in ["aws-sms", "kannel", "esms"]:
        lines, _, _ = sent(sender(name))
        assert [line.mark for line in lines.values()] == ["✓", "✓"]
