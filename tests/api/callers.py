"""Signs requests like the one-stop software and the operators, each by its own protocol, whatever the request contains."""

import base64
import hashlib
import hmac
import json
import time
import urllib.parse

import requests


class Signed(requests.auth.AuthBase):
    """Signs a request with the stack's secrets directly before it is sent, so that the signature covers what is sent."""

    def __init__(self, stack):
        outputs = stack.outputs()
        read = lambda output: json.loads(stack.aws("secretsmanager", "GetSecretValue", {"SecretId": outputs[output]})["SecretString"])  # noqa: E731
        self.intake, self.gateways = read("IntakeSecret"), read("GatewaySecret")

    def __call__(self, request):
        endpoint = urllib.parse.urlsplit(request.url).path.split("/v1/", 1)[-1]
        if endpoint.startswith("dossiers"):
            endpoint = "dossiers"
        sign = {"dossiers": self.push, "mo/kannel": self.kannel, "mo/1pay": self.onepay, "mo/esms": self.esms,
                "mo/vcom": self.vcom}
        sign.get(endpoint, self.generic)(request)
        return request

    def push(self, request):
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        name, now = header(request, "webhook-id"), str(int(time.time()))
        key = base64.b64decode(self.intake["current"].removeprefix("whsec_"))
        digest = hmac.new(key, f"{name}.{now}.".encode() + body, hashlib.sha256).digest()
        request.headers.update({"webhook-id": name, "webhook-timestamp": now, "webhook-signature": f"v1,{base64.b64encode(digest).decode()}"})

    def kannel(self, request):
        account = self.gateways["kannel"]
        requests.auth.HTTPBasicAuth(account["user"], account["password"])(request)

    def onepay(self, request):
        def signature(values):
            names = ["access_key", "command", "mo_message", "msisdn", "request_id", "request_time", "short_code"]
            signed = "&".join(f"{name}={values.get(name, '')}" for name in names)
            return hmac.new(self.gateways["1pay"]["secret"].encode(), signed.encode(), hashlib.sha256).hexdigest()

        fill(request, {"access_key": self.gateways["1pay"]["access_key"]}, "signature", signature)

    def esms(self, request):
        def sign(values):
            signed = "".join(values.get(name, "") for name in ["cpid", "smsid", "content", "receiverTime"])
            return base64.b64encode(hashlib.md5((signed + self.gateways["esms"]["key"]).encode()).digest()).decode()

        fill(request, {"cpid": self.gateways["esms"]["cpid"]}, "sign", sign)

    def vcom(self, request):
        try:
            message = json.loads(request.body or b"")
        except ValueError:
            return
        if isinstance(message, dict):
            account = self.gateways["vcom"]
            message["client_id"] = account["client_id"]
            signed = [message["client_id"], message.get("request_id"), message.get("phone"), account["secure_key"], message.get("time")]
            digest = hashlib.sha256("".join(map(str, signed)).encode("utf-8", "surrogatepass")).digest()
            message["checksum"] = base64.b64encode(digest).decode()
            request.body = json.dumps(message).encode()
            request.headers["Content-Length"] = str(len(request.body))

    def generic(self, request):
        request.headers["Authorization"] = f"Bearer {self.gateways['vinaphone']['token']}"


def header(request, name):
    value = request.headers.get(name, "msg_1")
    return value.decode("latin-1") if isinstance(value, bytes) else value


def fill(request, account, name, signature):
    """Adds the account's parameters and the signature to a request's query."""
    url = urllib.parse.urlsplit(request.url)
    pairs = [pair for pair in urllib.parse.parse_qsl(url.query, keep_blank_values=True) if pair[0] not in {name, *account}]
    pairs += account.items()
    pairs.append((name, signature(dict(pairs))))
    request.url = urllib.parse.urlunsplit(url._replace(query=urllib.parse.urlencode(pairs)))
