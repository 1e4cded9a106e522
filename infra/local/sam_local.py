"""`sam local invoke` of every file in events/, against a local stack that containers can reach. The answers are checked.

SAM exits with 0 after a handler's error, and empties environment values that it cannot resolve. So the answers are compared
with tests/sam-local.json, and the functions get their settings from an env-vars file.
"""

import json
import os
import shutil
import signal
import subprocess
import time

from console import Failed, say
from stack import FUNCTIONS, Stack, free_port, in_session
from tools import LOCAL, ROOT, architecture, has_docker, sam

NO_ANSWER = "(no answer)"
HOST = "172.30.99.1"  # the bridge that start-docker.sh makes


def run():
    engine = Engine()
    if not engine.up():
        say("sam local: no Docker engine is running and none could be started, so nothing was invoked. Start one and try again.")
        return 0
    stack = None
    try:
        host = HOST if engine.started else "127.0.0.1"
        # Nothing listens there: a call-back is not accepted.
        stack = Stack("sam-local", free_port(host), host, CallbackUrl="http://127.0.0.1:9/events")
        stack.start()
        stack.deploy()
        prepare(stack)
        return invoke_all(stack, engine.env)
    finally:
        if stack:
            stack.stop()
        engine.down()


def prepare(stack):
    """The data that the files in events/ need: the gateways' keys, and one dossier. V-COM accepts no reply here: the
    message is answered all the same, and its reply stays in the outbox for a retry."""
    outputs = stack.outputs()
    secret = json.dumps({"kannel": {"user": "kannel", "password": "samlocal"},
                         "vcom": {"client_id": "onestop", "secure_key": "samlocal", "send_mt": "http://127.0.0.1:9/send-mt"}})
    stack.aws("secretsmanager", "PutSecretValue", {"SecretId": outputs["GatewaySecret"], "SecretString": secret})
    carriers = json.dumps({"kannel": {"dlr": {"user": "dlr", "password": "samlocal"}}, "esms": {"callback_key": "samlocal"}})
    stack.aws("secretsmanager", "PutSecretValue", {"SecretId": outputs["SmsSecret"], "SecretString": carriers})
    # Who has no session meets the desk's door, which asks no provider.
    account = json.dumps({"issuer": "http://127.0.0.1:9", "client_id": "desk", "url": "http://127.0.0.1:9/v1/desk"})
    stack.aws("secretsmanager", "PutSecretValue", {"SecretId": outputs["DeskSecret"], "SecretString": account})
    texts = {"receipt_code": "0161701234", "procedure": "Cấp thẻ hướng dẫn viên du lịch nội địa", "phone": "0912345678",
             "received_on": "2026-11-20", "appointment_on": "2099-11-25", "step": "Thẩm định hồ sơ", "status": "Đang xử lý",
             "unit": "Phòng Quản lý lữ hành"}
    item = {"revision": {"N": "1"}, **{name: {"S": text} for name, text in texts.items()}}
    stack.aws("dynamodb", "PutItem", {"TableName": outputs["DossiersTable"], "Item": item})


def invoke_all(stack, engine_env):
    template = template_for_containers(stack)
    env_vars = stack.folder / "env-vars.json"
    env_vars.write_text(json.dumps(settings(stack)))
    expectations = json.loads((ROOT / "tests" / "sam-local.json").read_text())
    events = sorted((ROOT / "events").glob("*.json"))
    unknown = set(expectations) - {event.name for event in events}
    if unknown:
        raise Failed(f"tests/sam-local.json expects events that do not exist: {', '.join(sorted(unknown))}")
    failed = 0
    for event in events:
        function = event.name.split("-")[0].capitalize() + "Function"
        done = subprocess.run(
            [sam(), "local", "invoke", function, "-t", str(template), "-e", str(event),
             "--env-vars", str(env_vars), "--skip-pull-image", "--region", "ap-southeast-1",
             "--parameter-overrides", f"Stage=local Desk=yes Architecture={architecture()} CallbackUrl={stack.parameters['CallbackUrl']}"],
            capture_output=True, text=True, cwd=stack.folder, env={**stack.env(), **engine_env}, timeout=120, check=False)
        answer = last_json(done.stdout)
        is_expected, wanted = event.name in expectations, expectations.get(event.name)
        ok = done.returncode == 0 and is_expected and matches(wanted, answer)
        failed += not ok
        shown = (done.stderr.strip().splitlines() or [NO_ANSWER])[-1] if answer == NO_ANSWER else json.dumps(answer, ensure_ascii=False)
        say(f"{event.name} {'ok' if ok else 'FAILED'} {shown[:160]}")
        if not ok:
            say(f"    expected {json.dumps(wanted, ensure_ascii=False)}")
    say(f"{len(events) - failed} of {len(events)} events answered as expected")
    return 1 if failed or not events else 0


def template_for_containers(stack):
    """SAM passes only variables that the template declares: this copy also declares the address of the local AWS."""
    template = stack.folder / f"build-{stack.stack_name}" / "template.yaml"
    invoked = template.with_name("invoked.yaml")
    stage = "        STAGE: !Ref Stage\n"
    invoked.write_text(template.read_text().replace(stage, stage + '        AWS_ENDPOINT_URL: ""\n', 1))
    return invoked


def settings(stack):
    """The settings of the deployed functions, and the address of the local AWS for their containers."""
    outputs = stack.outputs()
    env_vars = {}
    for name in FUNCTIONS:
        logical_id = f"{name.capitalize()}Function"
        deployed = json.loads(stack.get(f"/2015-03-31/functions/{outputs[logical_id]}/configuration", "lambda"))
        env_vars[logical_id] = {**deployed["Environment"]["Variables"], "AWS_ENDPOINT_URL": stack.endpoint,
                                "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    return env_vars


def matches(wanted, answer):
    """Whether the answer contains everything in `wanted`: objects are compared by member, texts by substring."""
    if isinstance(wanted, dict):
        return isinstance(answer, dict) and all(name in answer and matches(value, answer[name]) for name, value in wanted.items())
    if isinstance(wanted, str) and isinstance(answer, str):
        return wanted in answer
    return wanted == answer


def last_json(output):
    for line in reversed(output.strip().splitlines()):
        try:
            return json.loads(line)
        except ValueError:
            continue
    return NO_ANSWER


class Engine:
    """A Docker engine: the machine's own, or one that is started here if that is possible."""

    def __init__(self):
        self.env, self.started, self.pid = {}, False, None

    def up(self):
        if has_docker():
            return True
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            return False
        env = {**os.environ, "SAM_LOCAL_DIR": str(LOCAL / "docker")}
        script = ROOT / "infra" / "local" / "start-docker.sh"
        done = subprocess.run(["bash", str(script)], capture_output=True, text=True, env=env, timeout=600, check=False)
        exports = [line for line in done.stdout.splitlines() if line.startswith("export ")]
        if done.returncode or not exports:
            say("\n".join(f"  │ {line}" for line in done.stderr.strip().splitlines()[-8:]))
            return False
        values = dict(pair.split("=", 1) for pair in exports[-1].split()[1:])
        self.started, self.pid = True, int(values["SAM_LOCAL_PID"])
        engine = LOCAL / "docker" / "engine" / "usr"
        self.env = {"DOCKER_HOST": values["DOCKER_HOST"],
                    "PATH": f"{engine / 'bin'}:{engine / 'sbin'}:{os.environ.get('PATH', '')}"}
        return True

    def down(self):
        if not self.started:
            return
        session = os.getsid(self.pid)
        os.kill(self.pid, signal.SIGTERM)
        for _ in range(50):
            if not in_session(session):
                return
            time.sleep(0.2)
        for process in in_session(session):
            os.kill(process, signal.SIGKILL)
