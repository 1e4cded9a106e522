#!/usr/bin/env python3
"""The commands of `make`: the local stack (run, down, outputs), the first load (import), the dead-letter bucket (redrive), the checks of a deployed stack (preflight), tests (validate, test, prove, mutants, fuzz, clients, sam-local), lint, scan, package and deploy, bench and cost."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True

import chromium  # noqa: E402
import import_target  # noqa: E402
import kannel  # noqa: E402
import long_tests  # noqa: E402
import bench  # noqa: E402
import desk  # noqa: E402
import release  # noqa: E402
import sam_local  # noqa: E402
from client_runtimes import install_runtimes  # noqa: E402
from console import Failed, say, short, step  # noqa: E402
from phones import Phones  # noqa: E402
from stack import Stack, free_port, quiet_port  # noqa: E402
from tools import LOCAL, ROOT, cargo, check_machine, install, install_api, install_browser, sam  # noqa: E402

PROOF_TABLE = ROOT / "target" / "proof.tsv"
EVENING = "scale::ten_thousand"  # tests/system/scale.rs
CARGO_TEST = ["cargo", "test", "--workspace", "--quiet"]
SYSTEM_TESTS = [*CARGO_TEST, "--test", "system"]
PYTEST_OPTIONS = ["-B", "-m", "pytest", "--quiet", "-p", "no:cacheprovider"]
PYTEST = [str(LOCAL / "tools" / "api" / "bin" / "python"), *PYTEST_OPTIONS]
PREFLIGHT_OF_A_STACK = "tests/preflight/test_preflight_local_stack.py"
# tests/release tests `make package`, tests/preflight `make preflight`, tests/callbacks which CallbackUrl is refused.
PYTHON_TESTS = [*PYTEST, "tests/release", "tests/preflight", "tests/delivery_logging", "tests/callbacks", "--ignore", PREFLIGHT_OF_A_STACK]
# Schemathesis and the examples of docs/openapi.yaml, after the system tests: they block addresses for a moment.
API_TESTS = [*PYTEST, "tests/api", PREFLIGHT_OF_A_STACK]
# The page with the phones and the desk in a real browser, on a stack of its own: its functions reach AWS through the page's process.
BROWSER_TESTS = [str(LOCAL / "tools" / "browser" / "bin" / "python"), *PYTEST_OPTIONS, "tests/browser"]
RUN_PORT = int(os.environ.get("PORT", "4566"))


def run():
    """Plays a working day of the one-stop shop on a stack that stays up."""
    check_machine()
    install()
    cargo("build", "--workspace", "--bins", title="building the functions and the day")
    stack = Stack("run", RUN_PORT)
    phones = Phones(stack)
    phones.start_with_stack()
    stack.deploy()
    phones.say_address()
    phones.tell("playing")
    failed = phones.run([str(ROOT / "target/debug/day")])
    phones.tell("over")
    phones.say_address()
    desk.say_address(stack)
    return failed


def down():
    """Stops the stack of `make run` and all its processes."""
    stack = Stack("run", RUN_PORT)
    stopped = stack.stop()
    stopped = Phones(stack).stop() or stopped
    say("✓ the local stack is stopped" if stopped else "the local stack was not running")
    return 0


def outputs():
    """The outputs of the stack of `make run`, as JSON."""
    stack = Stack("run", RUN_PORT)
    if not stack.is_up():
        raise Failed("no local stack is running: make run")
    print(json.dumps(stack.outputs(), indent=2, ensure_ascii=False))
    return 0


def load():
    """Imports a list of dossiers (FILE) through the signed API; with CHECK=1 it only checks the list and sends nothing."""
    if not os.environ.get("FILE"):
        raise Failed("no file was given: make import FILE=dossiers.csv")
    check_machine()
    cargo("build", "--package", "import", title="building the import")
    options = ["--check"] if is_set("CHECK") else []
    options += ["--tell"] if is_set("TELL") else []
    where = {} if is_set("CHECK") else import_target.find(Stack("run", RUN_PORT))
    return subprocess.run([str(ROOT / "target/debug/import"), os.environ["FILE"], *options], env={**os.environ, **where}, check=False).returncode


def is_set(name):
    return os.environ.get(name, "") not in ("", "0")


def redrive():
    """Processes the changes in the dead-letter bucket, the failed receipts and the failed call-backs again, with the Python of SAM, which has boto3."""
    check_machine()
    install()
    local = {"AWS_ENDPOINT_URL": os.environ["ONESTOP_ENDPOINT"]} if os.environ.get("ONESTOP_ENDPOINT") else {}
    program = [str(LOCAL / "tools" / "sam" / "bin" / "python"), "-B", str(ROOT / "infra" / "local" / "redrive.py")]
    return subprocess.run(program, env={**os.environ, **local}, check=False).returncode


def preflight():
    """Checks a deployed stack, with the Python of SAM, which has boto3: the stack STACK on AWS, else the local stack."""
    check_machine()
    install()
    endpoint, local = os.environ.get("ONESTOP_ENDPOINT", ""), Stack("run", RUN_PORT)
    if not endpoint and not os.environ.get("STACK"):
        if not local.is_up():
            raise Failed("no stack to check: a stack on AWS (STACK=onestop and AWS credentials), or the local stack (make run)")
        endpoint = local.endpoint
    where = {"AWS_ENDPOINT_URL": endpoint} if endpoint else {}
    program = [str(LOCAL / "tools" / "sam" / "bin" / "python"), "-B", "-m", "preflight"]
    return subprocess.run(program, cwd=ROOT / "infra" / "local", env={**os.environ, **where}, check=False).returncode


def validate():
    """`sam validate --lint` of every template."""
    check_machine()
    install()
    with ThreadPoolExecutor() as side_by_side:
        list(side_by_side.map(validate_template, ["template.yaml", "infra/tables.yaml", "infra/alarms.yaml", "infra/delivery-logging.yaml", "infra/callbacks.yaml", "infra/desk.yaml"]))
    return 0


def validate_template(template):
    step(f"sam validate --lint {template}",
         [sam(), "validate", "--lint", "--region", "ap-southeast-1", "-t", str(ROOT / template)],
         LOCAL / "logs" / f"validate-{Path(template).stem}.log", in_background=True, cwd=ROOT, env=Stack("run", RUN_PORT).env())


def test():
    """Runs all tests except the long proofs, on two stacks of their own that are deleted afterwards."""
    chosen = sys.argv[2:]
    return on_a_separate_stack([*SYSTEM_TESTS, *chosen], API_TESTS, meanwhile=[[*CARGO_TEST, *chosen], PYTHON_TESTS])


def prove():
    """Also runs the long proofs, at 100 parts per second: 10,000 real apologies take minutes because of the rate."""
    os.environ.setdefault("SMS_PARTS_PER_SECOND", "100")
    PROOF_TABLE.parent.mkdir(exist_ok=True)
    PROOF_TABLE.unlink(missing_ok=True)
    os.environ["PROOF_TABLE"] = str(PROOF_TABLE)
    failed = on_a_separate_stack(
        [*SYSTEM_TESTS, "--", "--include-ignored", "--skip", EVENING],
        API_TESTS,
        # The evening of 10,000 is last: for minutes it uses the whole SMS rate.
        [*SYSTEM_TESTS, "--", "--ignored", EVENING],
        meanwhile=[[*CARGO_TEST, "--", "--include-ignored"], PYTHON_TESTS],
    )
    return long_tests.show(PROOF_TABLE, failed)


def clients():
    """Runs the ready clients of all languages on a separate stack."""
    install_runtimes()
    os.environ["ONESTOP_CLIENTS"] = "all"
    return on_a_separate_stack([*SYSTEM_TESTS, "clients::"])


def on_a_separate_stack(*suites, meanwhile=()):
    """Runs the suites of `meanwhile`, which need no stack, while two stacks are deployed; then the others, up to the first that fails."""
    check_machine()
    install()
    if API_TESTS in suites:
        install_api()
        kannel.install()
        chromium.install()
    cargo("build", "--workspace", "--bins", title="building the functions")
    if meanwhile:
        cargo("test", "--workspace", "--no-run", title="building the tests")
    cargo("test", "--workspace", "--no-run", "--test", "system", title="building the system tests")
    port = free_port()
    stack = Stack(f"test-{port}", port)
    browser = BrowserTests() if API_TESTS in suites and chromium.env() else None
    failed = 1
    try:
        stack.start()
        with ThreadPoolExecutor() as background:
            validated = background.submit(validate)
            deployed = background.submit(deploy, stack, second_stack(stack))
            prepared = background.submit(browser.prepare) if browser else None
            failed = first_failure(meanwhile, stack)
            validated.result()
            deployed.result()
            if browser and not failed:
                prepared.result()
                browser.begin()
            # Most of the system tests wait for the stack.
            failed = failed or first_failure(suites, stack, RUST_TEST_THREADS="6")
            if browser:
                failed = failed or browser.result()
    finally:
        stack.discard(keep_log=failed)
        if browser:
            browser.end(failed)
    if failed:
        say(f"the log of the functions is {short(stack.folder / 'ministack.log')}")
    return failed


def second_stack(first):
    """Beside the first, on the same server: with another carrier of notices, and with call-backs to a port on which the tests listen."""
    url = f"http://127.0.0.1:{quiet_port()}/onestop/events"
    return Stack(first.name, first.port, stack_name="onestop-kannel", SmsSender="kannel", Desk="no", CallbackUrl=url)


class BrowserTests:
    """The tests of the page with the phones and of the desk, on a stack of their own, beside the system tests: all wait more than they compute."""

    def __init__(self):
        install_browser()
        port = quiet_port()
        self.stack = Stack(f"browser-{port}", port)
        self.phones = Phones(self.stack)
        self.tests = None

    def prepare(self):
        self.phones.start_with_stack()
        self.stack.deploy(in_background=True)

    def begin(self):
        env = {**self.stack.env(), **self.phones.env(), **desk.env(self.stack), **chromium.env()}
        self.tests = subprocess.Popen(BROWSER_TESTS, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def result(self):
        output, _ = self.tests.communicate()
        say(output)
        return self.tests.returncode

    def end(self, failed):
        if self.tests and self.tests.poll() is None:
            self.tests.terminate()
            self.tests.wait()
        self.phones.stop()
        self.stack.discard(keep_log=failed)


def deploy(*stacks):
    for stack in stacks:
        stack.deploy(in_background=True)


def first_failure(suites, stack, **env):
    ended = (subprocess.run(suite, cwd=ROOT, env={**env, **stack.env(), **kannel.env()}, check=False).returncode for suite in suites)
    return next(filter(None, ended), 0)


def local_invoke():
    """`sam local invoke` of every file in events/."""
    check_machine()
    install()
    cargo("build", "--workspace", "--bins", title="building the functions")
    return sam_local.run()


COMMANDS = {
    "run": run, "down": down, "outputs": outputs, "redrive": redrive, "preflight": preflight, "import": load,
    "mutants": long_tests.mutants, "fuzz": long_tests.fuzz, "clients": clients,
    "validate": validate, "test": test, "prove": prove, "sam-local": local_invoke,
    "lint": release.lint, "scan": release.scan, "package": release.package, "deploy": release.deploy,
    "bench": bench.bench, "cost": bench.cost,
}

if __name__ == "__main__":
    os.chdir(ROOT)
    command = COMMANDS.get(sys.argv[1] if len(sys.argv) > 1 else "")
    if command is None:
        raise SystemExit(f"usage: {sys.argv[0]} {{{','.join(COMMANDS)}}}")
    # However this program is stopped, the processes that it started are stopped too.
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
    try:
        raise SystemExit(command())
    except KeyboardInterrupt:
        raise SystemExit(130) from None
