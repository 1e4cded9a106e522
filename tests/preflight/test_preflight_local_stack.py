"""The whole preflight against the local stack that `make test` deploys, through a proxy that writes down every request."""

import http.server
import json
import os
import re
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from functools import cached_property

import pytest
from recorded import ROOT

from preflight.checks import CHECKS
from preflight.reading import READS
from tools import LOCAL

ENDPOINT = os.environ.get("ONESTOP_ENDPOINT")
SAM_PYTHON = LOCAL / "tools" / "sam" / "bin" / "python"
pytestmark = pytest.mark.skipif(not ENDPOINT or not SAM_PYTHON.exists(), reason="no local stack: make test deploys one")

# A stack of Stage=local. The others need an API or a metric that the local stack does not have.
IN_ORDER = {"stack", "secrets", "stream mapping", "rules"}
PHONE = "0987012345"


class Proxy(http.server.BaseHTTPRequestHandler):
    """Passes every request on to the stack. `server.seen` gets what it asks for."""

    def do_GET(self):
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        self.server.seen.append(asked(self.command, self.path, self.headers, body))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection", "content-length", "accept-encoding")}
        request = urllib.request.Request(ENDPOINT + self.path, data=body if self.command != "GET" else None, headers=headers, method=self.command)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                self.reply(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            self.reply(error.code, error.headers, error.read())

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

    def reply(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def asked(method, path, headers, body):
    """(service, operation) of AWS's JSON, query and CBOR protocols; method and path of its REST services and of the stack's own API."""
    service = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", headers.get("authorization") or "")
    if service and headers.get("x-amz-target"):
        return service[1], headers["x-amz-target"].rsplit(".", 1)[1]
    if service and "x-www-form-urlencoded" in (headers.get("content-type") or ""):
        return service[1], urllib.parse.parse_qs(body.decode())["Action"][0]
    if service and "/operation/" in path:
        return service[1], path.rsplit("/", 1)[1]
    return method, path


class Seen:
    """One run of the program."""

    def __init__(self, **environment):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        self.server.seen, self.environment = [], environment
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @cached_property
    def done(self):
        url = f"http://127.0.0.1:{self.server.server_port}"
        env = {**os.environ, "AWS_ENDPOINT_URL": url, "STACK": os.environ.get("ONESTOP_STACK", "onestop"), "NO_PROXY": "127.0.0.1", **self.environment}
        done = subprocess.run([str(SAM_PYTHON), "-B", "-m", "preflight"], cwd=ROOT / "infra" / "local", env=env, capture_output=True, text=True, check=False, timeout=300)
        self.server.shutdown()
        assert not done.stderr, done.stderr
        return done

    @property
    def lines(self):
        """Title → (mark, sentence)."""
        found = (re.fullmatch(r"(.) ([^:]+): (.*)", line) for line in self.done.stdout.splitlines()[:-1])
        return {line[2]: (line[1], line[3]) for line in found}


@pytest.fixture(scope="module")
def run():
    return Seen()


@pytest.fixture(scope="module")
def sending():
    return Seen(SEND=PHONE, WAIT="3")


def test_a_new_local_stack_is_in_order(run):
    assert run.done.returncode == 0, run.done.stdout
    assert list(run.lines) == [title for title, _ in CHECKS]
    marks = {title: mark for title, (mark, _) in run.lines.items() if title != "Lambda concurrency"}  # its limit follows this computer's memory
    assert marks == {title: "✓" if title in IN_ORDER else "–" for title in marks}, run.done.stdout


def test_what_the_local_stack_does_not_have_is_named(run):
    assert run.lines["SMS sandbox"][1] == "the local stack does not have sns:GetSMSSandboxAccountStatus"
    assert run.lines["spend limit"][1] == "the local stack does not have sns:GetSMSAttributes"


def test_nothing_was_written(run):
    assert run.lines and not [one for one in run.server.seen if not is_a_read(*one)]


def test_the_test_message_is_sent_and_only_one_dossier_is_pushed(sending):
    mark, sentence = sending.lines["test message"]
    assert (mark, sending.done.returncode) == ("✓", 0) and re.fullmatch(r"PREFLIGHT-\d{8}-\d{6} is sent, message id .{8}…, 3 parts", sentence), sending.done.stdout
    assert sending.lines["its receipt"][0] in "✓–", "the local stack has no network that writes receipts"
    written = [one for one in sending.server.seen if not is_a_read(*one)]
    assert len(written) == 1 and written[0][0] == "POST" and written[0][1].endswith("/v1/dossiers")
    assert sentence.split()[0] in inbox()
    assert PHONE not in sending.done.stdout and PHONE[1:] not in sending.done.stdout


def is_a_read(service, operation):
    """A REST service of AWS reads with GET; the others name the operation."""
    names = {action.split(":")[1] for operations in READS.values() for action in operations.values()}
    return service == "GET" or operation in names


def inbox():
    number = urllib.parse.quote(f"+84{PHONE[1:]}")
    with urllib.request.urlopen(f"{ENDPOINT}/_ministack/sns/sms-messages?phoneNumber={number}", timeout=10) as answer:
        return json.dumps(json.load(answer), ensure_ascii=False)
