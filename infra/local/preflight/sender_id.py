"""The sender ID: registered for Vietnam, and permitted to SNS."""

import json
from fnmatch import fnmatch

from .deployment import only_through_aws
from .reading import Refused
from .result import not_applicable, ok, problem

SEND = "sms-voice:SendTextMessage"


@only_through_aws
def registered(stack):
    wanted = stack.parameters.get("SmsSenderId", "")
    if not wanted:
        return without(stack)
    found = find(stack)
    if found is None:
        other = next((one["SenderId"] for one in stack.sender_ids if one["SenderId"].lower() == wanted.lower()), None)
        if other:
            return problem(f"SmsSenderId is {wanted}, and {other} is registered: the networks distinguish upper and lower case, so write it the same way")
        return problem(f"{wanted} is not a sender ID of this account and region for Vietnam: register it (docs/deploy.md, The sender ID; it takes weeks)")
    if not found["Registered"]:
        return problem(f"{wanted} exists for Vietnam but its registration is not complete: AWS End User Messaging console, Registrations")
    return ok(f"{wanted} is registered for Vietnam")


@only_through_aws
def resource_policy(stack):
    """Origination identities made after 24 September 2024 need it: AWS's blog "A Guide to the New Resource Policies for SMS Origination Identities"."""
    if stack.sender != "sns":
        return not_applicable(f"SmsSender={stack.sender} uses the sender ID directly, without SNS")
    if not stack.parameters.get("SmsSenderId"):
        return not_applicable("there is no sender ID")
    found = find(stack)
    if found is None:
        return not_applicable("the sender ID is not in this account")
    try:
        policy = stack.aws.read("pinpoint-sms-voice-v2", "get_resource_policy", ResourceArn=found["SenderIdArn"]).get("Policy") or "{}"
    except Refused as error:
        if error.code != "ResourceNotFoundException":
            raise
        policy = "{}"
    if not admits_sns(json.loads(policy), stack.account):
        return problem("no resource policy lets SNS use the sender ID: add it (docs/deploy.md, The sender ID). One made before 24 September 2024 needs none")
    return ok("its resource policy lets SNS send")


def without(stack):
    if stack.is_local_stage:
        return not_applicable("the stage `local` needs no sender ID")
    return problem("SmsSenderId is empty, and Vietnam's networks may drop SNS's default: register a sender ID (docs/deploy.md) and set the parameter")


def find(stack):
    """The entry of SmsSenderId, or None."""
    wanted = stack.parameters.get("SmsSenderId", "")
    return next((one for one in stack.sender_ids if one["SenderId"] == wanted), None) if wanted else None


def admits_sns(policy, account):
    """Whether a statement allows SNS to send, and none denies it. Of conditions only aws:SourceAccount is evaluated."""
    about_sns = [one for one in many(policy.get("Statement")) if is_for_sns(one, account)]
    return any(one["Effect"] == "Allow" for one in about_sns) and all(one["Effect"] == "Allow" for one in about_sns)


def is_for_sns(statement, account):
    principal = statement.get("Principal")
    services = many(principal.get("Service")) if isinstance(principal, dict) else many(principal)
    accounts = [value for of in statement.get("Condition", {}).values() for key, values in of.items()
                if key.lower() == "aws:sourceaccount" for value in many(values)]
    return (("sns.amazonaws.com" in services or "*" in services) and any(fnmatch(SEND, action) for action in many(statement.get("Action")))
            and (not accounts or account in accounts))


def many(value):
    """IAM permits one value instead of a list."""
    return value if isinstance(value, list) else [] if value is None else [value]
