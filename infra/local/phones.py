"""The process of the page with the citizens' phones, beside a local stack. The stack's functions reach AWS through it."""

import hashlib
import json
import subprocess
import urllib.error
import urllib.request

from console import Failed, say, short
from stack import comes_up, end_session, holder, is_taken, running
from tools import ROOT

PROGRAM = ROOT / "target" / "debug" / "phones"
# From the stack's port. PORT=4567 must not meet the page of a stack on 4566.
OFFSET = 1000


class Phones:
    def __init__(self, stack):
        self.stack = stack
        self.port = stack.port + OFFSET if stack.port + OFFSET < 65_536 else stack.port - OFFSET
        self.address = f"http://{stack.host}:{self.port}"
        self.log = stack.folder / "phones.log"
        self.pid_file, self.program_file = stack.folder / "phones.pid", stack.folder / "phones.program"

    def env(self):
        """For programs that name or use the page."""
        return {"ONESTOP_PHONES": self.address}

    def start_with_stack(self):
        """Starts the stack with this process as its functions' way to AWS. What runs already and is up to date stays."""
        way = {"AWS_ENDPOINT_URL": self.address}
        if not self.stack.is_running(**way):
            # What it has seen is of a stack that has ended.
            self.stop()
        self.start()
        self.stack.start(**way)

    def start(self):
        program = hashlib.sha256(PROGRAM.read_bytes()).hexdigest()
        if self.pid() and self.is_up() and self.program_file.exists() and self.program_file.read_text() == program:
            return
        self.stop()
        if is_taken(self.stack.host, self.port):
            raise Failed(f"port {self.port}, which the page with the phones needs, is in use by {holder(self.port)}: stop it, or choose another PORT: "
                         f"the page's port is PORT + {OFFSET}")
        self.stack.folder.mkdir(parents=True, exist_ok=True)
        with open(self.log, "wb") as log:
            process = subprocess.Popen([str(PROGRAM), str(self.port)], env=self.stack.env(), cwd=self.stack.folder,
                                       stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        self.pid_file.write_text(str(process.pid))
        self.program_file.write_text(program)
        if not comes_up(self, process, seconds=10):
            raise Failed(f"the page with the phones did not start: see {short(self.log)}")

    def stop(self):
        pid = self.pid()
        for file in (self.pid_file, self.program_file):
            file.unlink(missing_ok=True)
        if pid is not None:
            end_session(pid)
        return pid is not None

    def pid(self):
        return running(self.pid_file, str(PROGRAM))

    def is_up(self):
        try:
            with urllib.request.urlopen(f"{self.address}/health", timeout=2) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def check(self):
        """Fails if it has ended: the functions have no AWS then."""
        if not self.is_up():
            raise Failed(f"the page with the phones has ended, and with it the functions' way to AWS: see {short(self.log)}; make run starts it again")

    def run(self, command):
        """Runs a command that needs the functions. Ends it if this process ends, since its functions would wait in vain."""
        process = subprocess.Popen(command, cwd=ROOT, env={**self.stack.env(), **self.env()})
        try:
            while True:
                try:
                    return process.wait(timeout=2)
                except subprocess.TimeoutExpired:
                    self.check()
        finally:
            process.kill()
            process.wait()

    def say_address(self):
        say(f"\nOpen {self.address} : the citizens' phones, and the way of each message")

    def tell(self, day):
        """Tells it that the day is `playing` or `over`."""
        self.check()
        self.post("/day", {"day": day})

    def post(self, path, body):
        request = urllib.request.Request(self.address + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())
