"""The staff at the desk in a real browser, and the one-stop software that pushes their dossiers."""

import base64
import gzip
import hashlib
import hmac
import json
import os
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request

from conftest import ask, new_code, new_phone
from playwright.sync_api import expect

from stack import Stack, authorization

ENDPOINT = urllib.parse.urlsplit(os.environ.get("ONESTOP_ENDPOINT", "http://127.0.0.1:4566"))
STACK = Stack("browser", ENDPOINT.port, stack_name=os.environ.get("ONESTOP_STACK", "onestop"))
DESK = os.environ.get("ONESTOP_DESK", "")
PASSWORDS = json.loads(os.environ.get("ONESTOP_STAFF", "{}"))
CLERK, OFFICE_CLERK, SUPERVISOR, ACCOUNTANT = "canbo", "canbo-dulich", "phutrach", "ketoan"
OFFICE = "Sở Du lịch"
FORM = {"content-type": "application/x-www-form-urlencoded"}


def push(**fields):
    """Pushes a dossier, signed as the one-stop software signs; returns its code and its phone."""
    dossier = {"receipt_code": new_code("BAN"), "revision": 1, "procedure": "Cấp thẻ hướng dẫn viên du lịch nội địa", "phone": new_phone(),
               "received_on": "2026-11-02", "appointment_on": "2026-12-25", "step": "Trình lãnh đạo phòng", "status": "Đang xử lý",
               "unit": "Phòng Quản lý du lịch", **fields}
    body = json.dumps(dossier).encode()
    keys = json.loads(STACK.aws("secretsmanager", "GetSecretValue", {"SecretId": STACK.outputs()["IntakeSecret"]})["SecretString"])
    key = base64.b64decode(keys["current"].removeprefix("whsec_"))
    now, message = str(int(time.time())), f"msg_{secrets.token_hex(8)}"
    signature = base64.b64encode(hmac.new(key, f"{message}.{now}.".encode() + body, hashlib.sha256).digest()).decode()
    headers = {"content-type": "application/json", "webhook-id": message, "webhook-timestamp": now, "webhook-signature": f"v1,{signature}"}
    status, answer = ask(urllib.request.Request(f"{STACK.api()}/dossiers", body, headers))
    assert (status, answer["dossiers"][0]["outcome"]) == (200, "stored"), answer
    return dossier["receipt_code"], dossier["phone"]


def log_in(page, who, path=""):
    """Opens a page of the desk as a stranger, and logs in at the provider's page."""
    page.goto(DESK + path)
    page.get_by_role("link", name="Đăng nhập").click()
    page.fill("#username", who)
    page.fill("#password", PASSWORDS[who])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Đăng xuất")).to_be_visible()


def look_up(page, code):
    page.goto(f"{DESK}/dossier?code={urllib.parse.quote(code, safe='')}")


def plain(method, path, body=None, to=DESK, **headers):
    """An answer without a browser: status, headers, text. Redirections are not followed."""
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    request = urllib.request.Request(to + path, data=body, headers=headers, method=method)
    try:
        answer = urllib.request.build_opener(Stay).open(request, timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    return answer.status, answer.headers, answer.read().decode()


def token_of(page):
    return page.locator('form.out input[name="token"]').get_attribute("value")


def session_of(page):
    """The value of the session's cookie."""
    return next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "desk")


def rows(pk):
    """The rows of the desk's table under a key."""
    found = STACK.aws("dynamodb", "Query", {
        "TableName": STACK.outputs()["DeskTable"], "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": pk}}})
    return [{name: next(iter(value.values())) for name, value in row.items()} for row in found["Items"]]


def row_of(code, notice):
    """A row of the outbox, or nothing."""
    found = STACK.aws("dynamodb", "GetItem", {"TableName": STACK.outputs()["NoticesTable"], "ConsistentRead": True,
                                              "Key": {"receipt_code": {"S": code}, "notice": {"S": notice}}})
    return {name: next(iter(value.values())) for name, value in found.get("Item", {}).items()}


def eventually(what, ask, seconds=90):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if answer := ask():
            return answer
        time.sleep(0.3)
    raise AssertionError(f"{what}: not within {seconds} s")


def sent(code, notice="result#1"):
    """Waits until a notice is sent, and returns its row."""
    return eventually(f"{notice} of {code} is sent", lambda: (row := row_of(code, notice)).get("state") == "sent" and row)


def report(code, words, notice="result#1"):
    """The carrier reports that a notice did not arrive, as SNS's log does."""
    row = sent(code, notice)
    entry = {"notification": {"messageId": row["message_id"], "timestamp": time.strftime("%Y-%m-%d %H:%M:%S.000", time.gmtime())},
             "delivery": {"destination": row["phone"], "providerResponse": words, "numberOfMessageParts": 3}, "status": "FAILURE"}
    log = {"messageType": "DATA_MESSAGE", "owner": "000000000000", "logGroup": "sns/ap-southeast-1/000000000000/DirectPublishToPhoneNumber/Failure",
           "logStream": "x", "subscriptionFilters": ["x"], "logEvents": [{"id": "1", "timestamp": int(time.time() * 1000), "message": json.dumps(entry)}]}
    event = {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(log).encode())).decode()}}
    invoke("ReceiptsFunction", event)
    eventually("the report is recorded", lambda: row_of(code, notice).get("delivery") == "undelivered")
    # The sender compares the number with the dossier's, which nobody has corrected.
    run_sender()
    eventually("it is not sent again by itself", lambda: row_of(code, f"{notice}#again").get("state") == "cancelled")


def run_sender():
    """The minute's run of the sender, now."""
    invoke("SenderFunction", {"version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "account": "0", "region": "x",
                              "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "resources": [], "detail": {}})


def invoke(function, event):
    headers = {"Content-Type": "application/json", "Authorization": authorization("lambda")}
    return STACK.request("POST", json.dumps(event).encode(), headers, f"/2015-03-31/functions/{STACK.outputs()[function]}/invocations")


def text_to_8083(phone, words):
    """A citizen's text, delivered by Kannel."""
    account = json.loads(STACK.aws("secretsmanager", "GetSecretValue", {"SecretId": STACK.outputs()["GatewaySecret"]})["SecretString"])["kannel"]
    query = urllib.parse.urlencode({"msisdn": "+84" + phone[1:], "short_code": "8083", "mo_message": words, "request_id": secrets.token_hex(8),
                                    "ts": int(time.time())})
    login = base64.b64encode(f"{account['user']}:{account['password']}".encode()).decode()
    with urllib.request.urlopen(urllib.request.Request(f"{STACK.api()}/mo/kannel?{query}", headers={"Authorization": f"Basic {login}"}), timeout=30) as answer:
        return answer.read().decode()


def digest(secret):
    return hashlib.sha256(secret.encode()).hexdigest()
