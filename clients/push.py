#!/usr/bin/env python3
"""Pushes dossiers to the province's SMS service, as one-stop software does whenever something changed, and asks what was sent.

    export ONESTOP_URL=https://….amazonaws.com/v1    # the stack's output ApiUrl
    export ONESTOP_SECRET=whsec_…                    # IntakeSecret, member `current`. Not an argument: `ps` shows those
    python3 push.py < dossiers.tsv                   # one dossier a line, nine fields, a tab between
    python3 push.py 0161701234                       # what was sent about that dossier

Take `push` and `ask` with what they call into your software; `main` stands for your own query. Python 3.9, its library only.

Ends with 0 when everything was taken, 1 when a dossier is invalid (the rest was taken), 2 when nothing was taken and
somebody must correct something, 3 when the service could not be reached: keep the dossiers and send them again later.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

FIELDS = ["receipt_code", "revision", "procedure", "phone", "received_on", "appointment_on", "step", "status", "unit"]
DOSSIERS_A_CALL = 100
TIMEOUT = float(os.environ.get("ONESTOP_TIMEOUT", "20"))  # seconds
PAUSES = [1, 2, 4, 8]  # seconds between the tries of one call
KEY = r"(whsec_)?([A-Za-z0-9+/]{4}){5,}([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"


class NotTaken(Exception):
    """A whole call was not taken. `code` is what the program ends with."""

    def __init__(self, code, what):
        super().__init__(what)
        self.code = code


def snapshot(line):
    """A dossier as the contract wants it. It may also have `office`, `same_day`, `result_on` and `silent`."""
    fields = dict(zip(FIELDS, line.split("\t")))
    fields["revision"] = int(fields["revision"])  # raise it with every change of the dossier
    fields["phone"] = fields["phone"] or None  # null where the citizen left none
    return fields


def push(url, secret, dossiers):
    """Pushes up to 100 dossiers and returns an outcome for each, in their order."""
    status, answer = call(url, secret, "/dossiers", json.dumps(dossiers, ensure_ascii=False).encode("utf-8"))
    check_the_caller(status)
    if may_help_to_try_again(status):
        raise NotTaken(3, f"chưa gửi được ({reason(status)}). Giữ các hồ sơ này lại và gửi lại sau; gửi trùng không sao cả")
    outcomes = read(answer).get("dossiers") or []
    if status != 200 or len(outcomes) != len(dossiers):
        raise NotTaken(2, f"{status}: {answer}")
    return outcomes


def ask(url, secret, receipt_code):
    """What was sent about a dossier, as the contract has it."""
    status, answer = call(url, secret, f"/dossiers/{urllib.parse.quote(receipt_code, safe='')}/notices", b"")
    check_the_caller(status)
    if status == 404:
        raise NotTaken(2, "404: hệ thống không có hồ sơ này. Kiểm tra mã số biên nhận")
    if may_help_to_try_again(status):
        raise NotTaken(3, f"chưa hỏi được ({reason(status)}). Hỏi lại sau")
    if status != 200 or "notices" not in read(answer):
        raise NotTaken(2, f"{status}: {answer}")
    return read(answer)


def check_the_caller(status):
    if status == 401:
        raise NotTaken(2, "401: chữ ký không đúng. Kiểm tra ONESTOP_SECRET và giờ của máy này (không lệch quá 5 phút)")
    if status == 403:
        raise NotTaken(2, "403: máy này không được phép gọi. Kiểm tra ONESTOP_URL và danh sách địa chỉ IP được phép")


def call(url, secret, path, body):
    """One call. Each try has the same webhook-id, and a timestamp and signature of its own."""
    message_id = "msg_" + uuid.uuid4().hex
    for pause in [*PAUSES, None]:
        status, answer = try_once(url + path, secret, message_id, body)
        if pause is None or not may_help_to_try_again(status):
            return status, answer
        print(f"… chưa gửi được ({reason(status)}), thử lại sau {pause} giây", file=sys.stderr)
        time.sleep(pause)


def try_once(url, secret, message_id, body):
    """HTTP status and answer; status 0 where none came."""
    timestamp = str(int(time.time()))
    headers = {
        "content-type": "application/json; charset=utf-8",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": sign(secret, message_id, timestamp, body),
    }
    request = urllib.request.Request(url, data=body or None, headers=headers)  # without a body it is a GET
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return 0, ""


def sign(secret, message_id, timestamp, body):
    """Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, of the very bytes that are sent."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def may_help_to_try_again(status):
    return status in (0, 429) or status >= 500


def reason(status):
    return status or "không có trả lời"


def read(answer):
    try:
        answer = json.loads(answer)
        return answer if isinstance(answer, dict) else {}
    except ValueError:
        return {}


def told(outcome):
    """What staff read about one dossier."""
    if outcome["outcome"] == "stale":
        return "bỏ qua, hệ thống đã có bản mới hơn"
    if outcome["outcome"] == "invalid":
        to_do = "Tăng revision" if outcome["field"] == "revision" else f"Sửa {outcome['field']}"
        return f"KHÔNG NHẬN: {outcome['field']} {outcome['reason']}. {to_do} rồi gửi lại"
    return f"đã lưu; lưu ý: {outcome['warning']}" if "warning" in outcome else "đã lưu"


def show(history):
    code, notices, nothing = history["receipt_code"], history["notices"], history["nothing"]
    for notice in notices:
        print(f"{code}, {notice['notice']}, {notice['enqueued_at']}: {notice['sentence']}")
    if nothing:
        print(f"{code}, thay đổi mới nhất: {nothing['sentence']}")
    elif not notices:
        print(f"{code}: chưa có tin nhắn")


def main():
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8")
    url, secret = os.environ.get("ONESTOP_URL", "").rstrip("/"), os.environ.get("ONESTOP_SECRET", "")
    if not re.fullmatch(r"https?://\S+", url) or not re.fullmatch(KEY, secret):
        raise NotTaken(2, "ONESTOP_URL phải là địa chỉ https://…, ONESTOP_SECRET phải là khóa whsec_… đầy đủ")
    if len(sys.argv) > 1:
        show(ask(url, secret, sys.argv[1]))
        return 0
    lines = [line.rstrip("\r\n") for line in sys.stdin if line.strip()]
    for number, line in enumerate(lines, 1):
        if not re.fullmatch(r"[^\t]*\t[0-9]{1,16}(\t[^\t]*){7}", line):
            raise NotTaken(2, f"dòng {number}: cần 9 ô cách nhau bằng dấu tab, ô thứ hai (revision) là số nguyên")
    invalid = False
    for start in range(0, len(lines), DOSSIERS_A_CALL):
        dossiers = [snapshot(line) for line in lines[start:start + DOSSIERS_A_CALL]]
        for dossier, outcome in zip(dossiers, push(url, secret, dossiers)):
            print(f"{dossier['receipt_code']}, bản {dossier['revision']}: {told(outcome)}")
            invalid = invalid or outcome["outcome"] == "invalid"
    return 1 if invalid else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NotTaken as error:
        print(f"✗ {error}", file=sys.stderr)
        sys.exit(error.code)
