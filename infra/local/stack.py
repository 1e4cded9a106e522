"""One local stack: MiniStack on loopback, and the real template deployed to it."""

import base64
import hashlib
import html
import json
import os
import re
import secrets
import shutil
import signal
import socket
import string
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import api_gateway
import desk
from console import Failed, say, short, step
from tools import LOCAL, ROOT, architecture, path_with_tools, sam

FUNCTIONS = ["intake", "notify", "apology", "sender", "lookup", "receipts", "callback", "desk"]
NAME = "onestop"
# The pattern of CallbackUrl, as it is and for the local stack, whose receiver of call-backs listens on this machine.
RECEIVER_HERE = ("AllowedPattern: '|https://", r"AllowedPattern: '|http://127\.0\.0\.1:[0-9]+/[a-z/]*|https://")


class Stack:
    """`name` is its folder under .local/: `run` for `make run`, another for every test run. `stack_name` is its name in CloudFormation,
    `parameters` are those that it is deployed with besides the ones of every local stack."""

    def __init__(self, name, port, host="127.0.0.1", stack_name=NAME, **parameters):
        self.name, self.port, self.host = name, port, host
        self.stack_name, self.parameters = stack_name, parameters
        self.folder = LOCAL / name
        self.pid_file, self.port_file = self.folder / "ministack.pid", self.folder / "port"
        self.settings_file = self.folder / "ministack.settings"
        self.deployed = self.folder / f"deployed-{stack_name}"
        self.endpoint = f"http://{host}:{port}"

    def env(self):
        """The environment of the server, SAM and the tests. The functions inherit the server's."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_") or name == "AWS_CA_BUNDLE"},
            "PATH": path_with_tools(),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "ap-southeast-1",
            "AWS_DEFAULT_REGION": "ap-southeast-1",
            "MINISTACK_REGION": "ap-southeast-1",
            "SAM_CLI_TELEMETRY": "0",
            "ONESTOP_ENDPOINT": self.endpoint,
            "ONESTOP_STACK": self.stack_name,
            "ONESTOP_LOG": str(self.folder / "ministack.log"),
        }

    # ------------------------------------------------------------------ the server

    def is_up(self):
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=2) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def pid(self):
        """The process id of our server, if it still runs."""
        return running(self.pid_file, str(LOCAL / "tools" / "stack"))

    def is_running(self, **more):
        """Whether it runs on this port, with these variables in its environment."""
        as_wanted = has(self.port_file, str(self.port)) and has(self.settings_file, json.dumps(more))
        return bool(as_wanted and self.pid() and self.is_up())

    def start(self, **more):
        """Starts the server (half a second), unless it is running. One on another port, or with other variables, is stopped first."""
        if self.is_running(**more):
            return
        self.stop()
        if is_taken(self.host, self.port):
            raise Failed(f"port {self.port} is in use by {holder(self.port)}: stop it, or choose another port: PORT=4567 make run")
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        # AUTH: every function has its role of template.yaml, so a missing permission fails here as on AWS.
        env = {**self.env(), "BIND_HOST": self.host, "GATEWAY_PORT": str(self.port), "MINISTACK_HOST": self.host,
               "AUTH": "true", "IOT_MTLS_ENABLED": "0", "TMPDIR": str(temporary), **more}
        env = {name: value for name, value in env.items() if not name.startswith("ONESTOP_")}
        with open(self.folder / "ministack.log", "wb") as log:
            server = subprocess.Popen([str(LOCAL / "tools" / "stack" / "bin" / "ministack")], env=env, cwd=self.folder,
                                      stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        self.pid_file.write_text(str(server.pid))
        self.port_file.write_text(str(self.port))
        self.settings_file.write_text(json.dumps(more))
        if not comes_up(self, server, seconds=30):
            raise Failed(f"the local AWS did not start: see {short(self.folder / 'ministack.log')}")
        say(f"✓ local AWS on {self.endpoint}")

    def stop(self):
        """Stops the server and every function that it started: they are in its session."""
        pid = self.pid()
        for file in (self.pid_file, self.port_file, self.settings_file, self.deployed):
            file.unlink(missing_ok=True)
        if pid is not None:
            end_session(pid)
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)
        return pid is not None

    def discard(self, keep_log):
        """Stops it and deletes its folder; with `keep_log` the server's log stays."""
        self.stop()
        for folder in self.folder.glob("build-*") if keep_log else [self.folder]:
            shutil.rmtree(folder, ignore_errors=True)

    # ------------------------------------------------------------------ the template

    def deploy(self, in_background=False):
        """`sam deploy` of the real template, with the binaries that cargo built as CodeUri."""
        build = self.folder / f"build-{self.stack_name}"
        lay_out(build)
        fingerprint = fingerprint_of(build)
        if self.deployed.exists() and self.deployed.read_text() == fingerprint:
            say("✓ already deployed, without changes since")
            return
        step(
            f"sam deploy of template.yaml as {self.stack_name}",
            [sam(), "deploy", "--template-file", str(build / "template.yaml"), "--config-file", str(ROOT / "samconfig.toml"),
             "--config-env", "local", "--stack-name", self.stack_name, "--parameter-overrides", "Stage=local",
             f"Architecture={architecture()}", f"SmsPartsPerSecond={os.environ.get('SMS_PARTS_PER_SECOND', '50')}",
             *(f"{name}={value}" for name, value in {"Desk": "yes", **self.parameters}.items())],
            LOCAL / "logs" / f"deploy-{self.name}-{self.stack_name}.log",
            in_background, cwd=ROOT, env=self.env(),
        )
        api_gateway.complete(self)
        self.fill_secrets()
        desk.complete(self)
        self.deployed.write_text(fingerprint)

    def fill_secrets(self):
        """Sets random values once; a second deployment does not change them."""
        outputs = self.outputs()
        values = {
            "IntakeSecret": webhook_keys(),
            "GatewaySecret": gateways(),
            "CallbackSecret": webhook_keys(),
        }
        for output, value in values.items():
            filled = self.folder / f"{self.stack_name}-{output}.filled"
            if not outputs[output] or (filled.exists() and filled.read_text() == str(self.pid())):
                continue
            self.aws("secretsmanager", "PutSecretValue", {"SecretId": outputs[output], "SecretString": json.dumps(value)})
            filled.write_text(str(self.pid()))

    def outputs(self):
        members = re.findall(r"<OutputKey>(.*?)</OutputKey>\s*<OutputValue>(.*?)</OutputValue>", self.cloudformation("DescribeStacks"), re.S)
        return dict(members)

    def template(self):
        """The deployed template, after SAM's transformation."""
        answer = self.cloudformation("GetTemplate", TemplateStage="Processed")
        return json.loads(html.unescape(re.search(r"<TemplateBody>(.*)</TemplateBody>", answer, re.S)[1]))

    def api(self):
        """The API's address. The local AWS serves `https://<id>.execute-api…/<stage>` under its own address."""
        return f"{self.endpoint}/_aws/execute-api/{api_gateway.api_id(self)}/v1"

    def cloudformation(self, action, **parameters):
        query = urllib.parse.urlencode({"Action": action, "Version": "2010-05-15", "StackName": self.stack_name, **parameters})
        return self.request("POST", query.encode(), {"Content-Type": "application/x-www-form-urlencoded",
                                                     "Authorization": authorization("cloudformation")}).decode()

    def rest(self, method, path, body):
        """One call of API Gateway's own API."""
        headers = {"Content-Type": "application/json", "Authorization": authorization("apigateway")}
        return self.request(method, json.dumps(body).encode(), headers, path)

    def aws(self, service, action, body):
        """One call of a JSON service of the local AWS, which checks no signature."""
        target = {"secretsmanager": "secretsmanager", "dynamodb": "DynamoDB_20120810", "cognito-idp": "AWSCognitoIdentityProviderService"}[service]
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"{target}.{action}",
                   "Authorization": authorization(service)}
        return json.loads(self.request("POST", json.dumps(body).encode(), headers))

    def get(self, path, service):
        return self.request("GET", None, {"Authorization": authorization(service)}, path)

    def request(self, method, body, headers, path="/"):
        request = urllib.request.Request(self.endpoint + path, data=body, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()


def webhook_keys():
    """As Standard Webhooks has them."""
    return {"current": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(), "previous": None}


def gateways():
    """Members of GatewaySecret, one for each gateway protocol. `kannel-plain` is a Kannel whose phones show no accents,
    `vinaphone` uses the generic protocol. V-COM's calls for replies go to a port on which the tests listen;
    `vcom-elsewhere` permits only addresses that no test has."""
    def key():
        return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(24))

    kannel = {"user": "kannel", "password": key()}
    vcom = {"client_id": "onestop", "secure_key": key(), "send_mt": f"http://127.0.0.1:{quiet_port()}/api/v2/send-mt"}
    return {
        "kannel": kannel,
        "kannel-plain": {**kannel, "protocol": "kannel", "accents": "strip"},
        "1pay": {"access_key": key(), "secret": key()},
        "esms": {"cpid": "7", "key": key(), "allow": ["127.0.0.1"]},
        "vcom": {**vcom, "allow": ["127.0.0.1"]},
        "vcom-elsewhere": {**vcom, "protocol": "vcom", "allow": ["203.0.113.0/24"]},
        "vinaphone": {"protocol": "generic", "sender": "from", "text": "content", "id": "msgid", "token": key()},
    }


def lay_out(build, profile="debug"):
    """Writes the template like `sam build`: each function's CodeUri is a folder with its `bootstrap`."""
    shutil.rmtree(build, ignore_errors=True)
    (build / "infra").mkdir(parents=True)
    template = (ROOT / "template.yaml").read_text().replace(*RECEIVER_HERE)
    for name in FUNCTIONS:
        (build / name).mkdir()
        shutil.copy2(ROOT / "target" / profile / name, build / name / "bootstrap")
        template = template.replace(f"CodeUri: functions/{name}\n", f"CodeUri: {name}\n")
    (build / "template.yaml").write_text(template)
    for nested in (ROOT / "infra").glob("*.yaml"):
        shutil.copy2(nested, build / "infra" / nested.name)


def fingerprint_of(folder):
    """A hash of every file's name and content."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            digest.update(f"{file.relative_to(folder)}\0{file.stat().st_size}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def authorization(service):
    return f"AWS4-HMAC-SHA256 Credential=test/20260101/ap-southeast-1/{service}/aws4_request, SignedHeaders=host, Signature=0"


def has(file, text):
    return file.exists() and file.read_text() == text


def running(pid_file, program):
    """The process id in that file, if it is still that program. Another one may have got the same id since."""
    try:
        pid = int(pid_file.read_text())
    except (OSError, ValueError):
        return None
    command = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return pid if program in command else None


def comes_up(service, process, seconds):
    """Waits until the service answers. False if its process ends, or if it takes longer."""
    until = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < until:
        if service.is_up():
            return True
        time.sleep(0.25)
    return False


def is_taken(host, port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            return False
        except OSError:
            return True


def holder(port):
    """The program that listens there, if this machine can tell."""
    try:
        listed = subprocess.run(["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"], capture_output=True, text=True, check=False).stdout
        found = {line[0]: line[1:] for line in listed.splitlines()}
        return f"{found['c']} (process {found['p']})"
    except (FileNotFoundError, KeyError):
        return "another program"


def free_port(host="127.0.0.1"):
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def quiet_port(host="127.0.0.1"):
    """A free port below the range from which the system assigns ports to clients."""
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        if not is_taken(host, port):
            return port


def end_session(session):
    """Terminates the processes of a session, and kills those that do not end."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        for process in in_session(session):
            try:
                os.kill(process, sent)
            except ProcessLookupError:
                pass
        for _ in range(20):
            if not in_session(session):
                return
            time.sleep(0.1)


def in_session(session):
    """The processes of a session, without zombies."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,sess=,stat="], capture_output=True, text=True, check=False).stdout
    rows = (line.split() for line in listed.splitlines())
    return [int(row[0]) for row in rows if len(row) >= 3 and row[1] == str(session) and not row[2].startswith("Z")]
