"""The desk of a local stack: its address, which is known only now, and the accounts of the staff."""

import json
import secrets

from console import say

# Name, group, what the person is called, office. A person without an office sees the dossiers of all offices.
STAFF = [
    ("canbo", "clerk", "Nguyễn Thị Lan", ""),
    ("canbo-dulich", "clerk", "Trần Văn Minh", "Sở Du lịch"),
    ("phutrach", "supervisor", "Lê Thu Hà", ""),
    ("ketoan", "accountant", "Phạm Quốc Bảo", ""),
]


def address(stack):
    return f"{stack.api()}/desk"


def complete(stack):
    """Tells Cognito and the desk the desk's local address, and makes the accounts, each with a random password."""
    outputs = stack.outputs()
    if "DeskFunction" not in outputs:
        return
    pool = outputs["DeskStaffPool"]
    account = json.loads(stack.aws("secretsmanager", "GetSecretValue", {"SecretId": outputs["DeskSecret"]})["SecretString"])
    url = address(stack)
    cognito(stack, "UpdateUserPoolClient", {
        "UserPoolId": pool, "ClientId": account["client_id"], "CallbackURLs": [f"{url}/login/callback"], "LogoutURLs": [url]})
    account.update(url=url, discovery=f"{stack.endpoint}/{pool}/.well-known/openid-configuration")
    stack.aws("secretsmanager", "PutSecretValue", {"SecretId": outputs["DeskSecret"], "SecretString": json.dumps(account)})
    existing = {user["Username"] for user in cognito(stack, "ListUsers", {"UserPoolId": pool})["Users"]}
    if {name for name, *_ in STAFF} - existing:
        passwords_file(stack).write_text(json.dumps({name: make(stack, pool, name, group, called, office) for name, group, called, office in STAFF}))


def make(stack, pool, name, group, called, office):
    """One account. Returns its password."""
    attributes = {"name": called, "custom:office": office}
    user = {"UserPoolId": pool, "Username": name}
    cognito(stack, "AdminCreateUser", {**user, "MessageAction": "SUPPRESS", "UserAttributes": [
        {"Name": attribute, "Value": value} for attribute, value in attributes.items() if value]})
    password = f"Mk1-{secrets.token_urlsafe(9)}"
    cognito(stack, "AdminSetUserPassword", {**user, "Password": password, "Permanent": True})
    cognito(stack, "AdminAddUserToGroup", {**user, "GroupName": group})
    return password


def passwords(stack):
    """The password of each account."""
    return json.loads(passwords_file(stack).read_text())


def env(stack):
    """For tests of the desk: its address, and the accounts with their passwords."""
    return {"ONESTOP_DESK": address(stack), "ONESTOP_STAFF": json.dumps(passwords(stack))}


def say_address(stack):
    say(f"\nOpen {address(stack)} : the desk of the staff")
    known = passwords(stack)
    for name, group, called, office in STAFF:
        say(f"  {group:<10}  {name:<12}  {known[name]}   {called}{f', {office}' if office else ''}")


def passwords_file(stack):
    return stack.folder / f"{stack.stack_name}-staff.json"


def cognito(stack, action, body):
    return stack.aws("cognito-idp", action, body)
