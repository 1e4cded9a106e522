"""SEND: one test message on the real path, and the wait for its receipt. The only part of preflight that writes.

It pushes a dossier that is at its result step, signed like those of the one-stop software. Its citizen is the phone in SEND, so the stack
sends a result notice there. The dossier stays until DossierRetentionDays are over; it is done, so it gets no apology.
"""

import base64
import hashlib
import hmac
import http.client
import json
import re
import time
import urllib.error
import urllib.request
import uuid
from datetime import timedelta

from .delivery_log import source_of_receipts
from .metrics import VIETNAM
from .parts import secret
from .result import not_applicable, ok, problem

NOTICE = "result#1"
FIELDS = ("state", "message_id", "parts", "reason", "delivery", "delivery_at", "delivery_reason")  # of the row; never `phone` or `text`
SENT_WITHIN = 90  # seconds: NotifyFunction sends it in some seconds, or SenderFunction in the minute after
WAIT = 180  # seconds; a receipt usually comes within a minute, and AWS permits itself hours

# What to do about `delivery_reason`. Its words are those of `Reason` in functions/domain/src/notice/receipt.rs.
REASONS = {
    "spend_limit": "the spend limit or the balance is used up: raise it (docs/deploy.md)",
    "max_price": "the message costs more than the account permits for one: raise that limit",
    "body": "the carrier does not accept the text: compare it with the registered samples (docs/deploy.md, The sender ID)",
    "sender": "the network does not accept the sender name or takes the message for spam: ask the carrier, with the message id",
    "account": "the carrier's account is locked or not set up: ask the carrier",
    "invalid_number": "there is no such number: check SEND",
    "opted_out": "this phone opted out of the sender's messages: opt it in again at the carrier, or use another phone",
    "blocked": "the phone or its network blocks messages: use another phone",
    "unreachable": "the phone or its network cannot be reached now: switch the phone on and try again",
    "expired": "it could not be delivered in time: switch the phone on and try again",
    "unknown": "the carrier gives no cause: try again, and with a phone of another network, then ask the carrier with the message id",
}

REFUSALS = {
    0: "the API does not answer: check the network, and the domain in front of ApiUrl",
    401: "the signature is refused: check this computer's clock (at most 5 minutes wrong) and IntakeSecret",
    403: "this computer's address may not push: add it to PushAddresses, or run the check where the one-stop software runs",
    429: "too many requests from this address: try again in a minute",
}


def send(stack, phone, wait, post=None, clock=time):
    """Yields (title, Result) of the message, and of its receipt if it was sent."""
    code = f"PREFLIGHT-{stack.now.astimezone(VIETNAM):%Y%m%d-%H%M%S}"
    refusal = closed(stack) or pushed(stack, dossier(stack, code, phone), clock.time(), post or over_https)
    row = {} if refusal else until(lambda: row_of(stack, code), is_finished, SENT_WITHIN, clock)
    yield "test message", refusal or sent(code, row)
    if row.get("state") == "sent":
        if "ReceiptsFunction" in stack.outputs:
            row = until(lambda: row_of(stack, code), has_receipt, wait, clock)
        yield "its receipt", receipt(stack, row, wait)


def closed(stack):
    """The problem if a notice would wait for the next morning. The stage `local` sends at any hour."""
    window = stack.parameters.get("SendingWindow") or "07:00-21:00"
    opens, closes = window.split("-")
    if stack.is_local_stage or opens <= f"{stack.now.astimezone(VIETNAM):%H:%M}" < closes:
        return None
    return problem(f"not sent, because the sending window is closed: try again between {opens} and {closes} in Vietnam")


def dossier(stack, code, phone):
    today = stack.now.astimezone(VIETNAM).date()
    return {"receipt_code": code, "revision": 1, "procedure": "Kiểm tra hệ thống nhắn tin", "phone": phone, "received_on": f"{today}",
            "appointment_on": f"{today + timedelta(days=1)}", "step": "Trả kết quả", "status": "Đã giải quyết", "unit": "Bộ phận Một cửa"}


def pushed(stack, snapshot, now, post):
    """Pushes it; the problem if it was not stored for a notice. The answer's own words are not printed: they may contain the number."""
    key = (secret(stack, "IntakeSecret") or {}).get("current")
    if not isinstance(key, str):
        return problem("not sent, because IntakeSecret has no key")
    body = json.dumps(snapshot, ensure_ascii=False).encode()
    status, answer = post(f"{stack.api_url}/dossiers", body, signed(key, body, now))
    if status != 200:
        return problem(f"not sent ({status}): " + REFUSALS.get(status, "read the log of IntakeFunction"))
    stored = json.loads(answer)["dossiers"][0]
    if stored["outcome"] != "stored":
        return problem(f"not sent, because the dossier is {stored['outcome']} (field {stored.get('field')}): report this line to the developers")
    if "warning" in stored:
        return problem("not sent, because SEND is no mobile number of Vietnam: SEND=0912345678")
    return None


def signed(key, body, now):
    """Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`. <https://www.standardwebhooks.com>"""
    message, timestamp = f"msg_{uuid.uuid4().hex}", str(int(now))
    digest = hmac.new(base64.b64decode(key.removeprefix("whsec_")), f"{message}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {"content-type": "application/json; charset=utf-8", "webhook-id": message, "webhook-timestamp": timestamp,
            "webhook-signature": "v1," + base64.b64encode(digest).decode()}


def over_https(url, body, headers):
    """HTTP status and answer; status 0 where none came."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers), timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""
    except (OSError, http.client.HTTPException):
        return 0, ""


def row_of(stack, code):
    """The notice's row as plain values, empty if there is none yet."""
    item = stack.aws.read("dynamodb", "get_item", TableName=stack.output("NoticesTable"), ConsistentRead=True,
                          Key={"receipt_code": {"S": code}, "notice": {"S": NOTICE}},
                          ProjectionExpression=", ".join(f"#{field}" for field in FIELDS),
                          ExpressionAttributeNames={f"#{field}": field for field in FIELDS}).get("Item", {})
    return {name: next(iter(value.values())) for name, value in item.items()}


def until(read, is_done, seconds, clock):
    """The row as soon as it is done, else the last one: read once a second."""
    ends = clock.monotonic() + seconds
    while not is_done(row := read()) and clock.monotonic() < ends:
        clock.sleep(1)
    return row


def is_finished(row):
    return row.get("state") not in (None, "pending", "sending")


def has_receipt(row):
    return "delivery" in row


def sent(code, row):
    state = row.get("state")
    if state == "sent":
        return ok(f"{code} is sent, message id {row.get('message_id', '')[:8]}…, {row.get('parts')} parts")
    if state is None:
        return problem(f"{code} has no notice after {SENT_WITHIN} seconds: check the stream mapping, then read the log of NotifyFunction")
    if is_finished(row):
        return problem(f"{code} is {state} ({masked(row.get('reason'))}): read the log of NotifyFunction and docs/runbook.md")
    reason = f" ({masked(row['reason'])})" if row.get("reason") else ""
    return problem(f"{code} is still {state}{reason} after {SENT_WITHIN} seconds: check the rules, then read the logs of NotifyFunction and SenderFunction")


def receipt(stack, row, wait):
    delivery, reason = row.get("delivery"), row.get("delivery_reason")
    if delivery == "delivered":
        return ok(f"delivered at {row.get('delivery_at')}")
    if delivery == "undelivered":
        return problem(f"not delivered ({masked(reason)}): {REASONS.get(reason, REASONS['unknown'])}")
    if "ReceiptsFunction" not in stack.outputs:
        return not_applicable("this stack has no ReceiptsFunction: look at the phone")
    if delivery:
        return not_applicable("a receipt came, and the network does not know whether the phone received it: look at the phone")
    if stack.aws.is_local:
        return not_applicable(f"none came in {wait:g} seconds: the local stack has no network that writes receipts")
    return problem(f"none came in {wait:g} seconds: {source_of_receipts(stack)}. A late one is written into the row of table notices (WAIT=600 waits longer)")


def masked(reason):
    """The words of a carrier may contain the number."""
    return re.sub(r"\+?\d[\d .-]{4,}\d", "…", reason or "no reason")
