"""The stack and its parts: alarms, secrets, stream, rules, tables."""

import json
import re

from .reading import Refused
from .result import not_applicable, ok, problem

DEPLOYED = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "IMPORT_COMPLETE"}
# Standard Webhooks: base64, with or without the prefix (the stack makes its key without). intake accepts no shorter one.
KEY = re.compile(r"(whsec_)?([A-Za-z0-9+/]{4})+([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
SHORTEST_KEY = len("whsec_") + 24
# What SmsSecret must have for each carrier: adapters/src/sms/ and receipts/src/call_back.rs read it.
CARRIERS = {"kannel": ("url", "username", "password", "from", "dlr.url", "dlr.user", "dlr.password"),
            "esms": ("api_key", "secret_key", "brandname", "callback_url", "callback_key")}
# A deployment without changes does not restore what was changed by hand.
RESTORE = "restore it; the CloudFormation console shows under Drifts what was changed by hand"
# Table control has one row, which can be lost without harm.
TABLES = ("DossiersTable", "NoticesTable", "InquiriesTable")


def deployed(stack):
    described, error = stack.reading
    if error:
        if isinstance(error, Refused) and error.code == "ValidationError":
            return problem(f"CloudFormation does not know a stack {stack.name} here: check STACK and AWS_REGION, or make deploy")
        raise error
    status = described["StackStatus"]
    if status not in DEPLOYED:
        return problem(f"{stack.name} is {status}: read its events in the CloudFormation console, correct the cause, make deploy again")
    return ok(f"{stack.name} in {stack.region}, stage {stack.stage}, SmsSender={stack.sender}: {status}")


def alarm_email(stack):
    topic = stack.nested("Alarms")["AlarmTopic"]
    subscriptions = stack.aws.all("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)
    pending = [one for one in subscriptions if one["SubscriptionArn"] == "PendingConfirmation"]
    confirmed = [one for one in subscriptions if one["SubscriptionArn"].startswith("arn:")]
    if pending:
        return problem(f"not confirmed: {len(pending)} of {len(subscriptions)} subscriptions of the alarms. Open the e-mail of AWS Notifications and confirm it")
    if confirmed:
        return ok(f"{len(confirmed)} confirmed")
    if stack.is_local_stage:
        return not_applicable("the stage `local` sends no e-mail")
    if stack.parameters.get("AlarmEmail"):
        return problem("AlarmEmail is set, but its subscription is gone (somebody unsubscribed): subscribe the address to the alarms' topic again")
    return problem("no address receives the alarms: set AlarmEmail and confirm AWS's e-mail")


def secrets(stack):
    """Never prints a value."""
    names = ["IntakeSecret", "GatewaySecret"] + (["SmsSecret"] if stack.sender in CARRIERS else []) + (["CallbackSecret"] if stack.outputs.get("CallbackSecret") else [])
    found = {name: secret(stack, name) for name in names}
    for name, members in found.items():
        if members is None:
            return problem(f"{name} is not a JSON object: correct it (docs/deploy.md, Secrets)")
    return keys(found["IntakeSecret"], found["GatewaySecret"]) or carrier(stack.sender, found.get("SmsSecret")) or call_backs(found.get("CallbackSecret")) or ok(f"{' and '.join(names)} are filled")


def keys(intake, gateways):
    """The problem, or None."""
    if not has_key(intake):
        return problem('IntakeSecret has no key in `current`, so every push is refused: {"current":"whsec_…","previous":null} (docs/deploy.md, Secrets)')
    if not gateways:
        return problem("GatewaySecret has no account, so every text to 8083 is refused: add the operator's account (docs/operator-8083.md)")
    return None


def call_backs(members):
    """The problem, or None. A stack without CallbackUrl has no such secret."""
    if members is not None and not has_key(members):
        return problem('CallbackSecret has no key in `current`, so no call-back is sent: {"current":"whsec_…","previous":null} (docs/deploy.md, Call-backs)')
    return None


def has_key(members):
    current = members.get("current")
    return isinstance(current, str) and len(current) >= SHORTEST_KEY and KEY.fullmatch(current)


def carrier(sender, members):
    """The problem, or None: the account of a carrier other than AWS."""
    account = (members or {}).get(sender) or {}
    missing = [name for name in CARRIERS.get(sender, ()) if not value(account, name)]
    if missing:
        return problem(f"SmsSecret's member {sender} has no {', '.join(missing)}, so no notice is sent or no receipt is accepted: add it (docs/deploy.md)")
    return call_back_address(sender, account)


def call_back_address(sender, account):
    """The problem, or None: every receipt comes to this address."""
    name, end = {"kannel": ("dlr.url", "/dlr/kannel"), "esms": ("callback_url", f"/dlr/esms/{account.get('callback_key')}")}.get(sender, ("", ""))
    if name and not str(value(account, name)).endswith(end):
        shown = end if sender == "kannel" else "/dlr/esms/ and callback_key"
        return problem(f"SmsSecret's member {sender}: {name} does not end in {shown}, so every receipt is refused: correct it (docs/deploy.md)")
    return None


def value(account, name):
    """The member of that name, `a.b` for a member of a member, or None."""
    for part in name.split("."):
        account = account.get(part) if isinstance(account, dict) else None
    return account


def secret(stack, output):
    """The members, or None if it is not a JSON object."""
    try:
        members = json.loads(stack.aws.read("secretsmanager", "get_secret_value", SecretId=stack.output(output)).get("SecretString") or "")
    except ValueError:
        return None
    return members if isinstance(members, dict) else None


def stream_mapping(stack):
    mappings = stack.aws.read("lambda", "list_event_source_mappings", FunctionName=stack.output("NotifyFunction"))["EventSourceMappings"]
    ours = [one for one in mappings if f"table/{stack.output('DossiersTable')}/stream/" in one.get("EventSourceArn", "")]
    if not ours:
        return problem(f"NotifyFunction does not read the stream of table dossiers, so no result or supplement notice is sent: {RESTORE}")
    state = ours[0]["State"]
    if state != "Enabled":
        return problem(f"the stream mapping of NotifyFunction is {state}, so no result or supplement notice is sent: enable it in the Lambda console")
    return ok("NotifyFunction reads the stream of table dossiers")


def rules(stack):
    ours = [one["PhysicalResourceId"] for one in stack.resources if one["ResourceType"] == "AWS::Events::Rule"]
    for rule in ours:
        state = state_of(stack, rule)
        if state is None:
            return problem(f"rule {rule} was deleted: {RESTORE}")
        if not state.startswith("ENABLED"):
            return problem(f"rule {rule} is {state}: enable it in the EventBridge console")
    for function, bus in [("ApologyFunction", "default"), ("SenderFunction", "default"), ("SenderFunction", stack.output("EventBusName"))]:
        starting = stack.aws.read("events", "list_rule_names_by_target", TargetArn=stack.function_arn(function), EventBusName=bus)["RuleNames"]
        if not starting:
            return problem(f"no rule of the bus {bus} starts {function}: {RESTORE}")
    return ok(f"all {len(ours)} are enabled, and start ApologyFunction and SenderFunction")


def state_of(stack, rule):
    """None if there is no such rule. CloudFormation names it `<bus>|<name>`; on the default bus, and on the local stack everywhere, `<name>`.
    <https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1131>"""
    bus, _, name = rule.rpartition("|")
    for one in [bus] if bus else ["default", stack.output("EventBusName")]:
        try:
            return stack.aws.read("events", "describe_rule", Name=name, EventBusName=one)["State"]
        except Refused as error:
            if error.code != "ResourceNotFoundException":
                raise
    return None


def tables(stack):
    wrong = [f"{output}: {', '.join(lacks)}" for output in TABLES if (lacks := unprotected(stack, stack.output(output)))]
    if wrong and stack.is_local_stage:
        return not_applicable(f"the stage `local` does not protect its tables ({'; '.join(wrong)})")
    if wrong:
        return problem(f"{'; '.join(wrong)}: turn it on in the DynamoDB console")
    return ok("dossiers, notices and inquiries have deletion protection, point-in-time recovery and a TTL")


def unprotected(stack, table):
    """What the table lacks."""
    described = stack.aws.read("dynamodb", "describe_table", TableName=table)["Table"]
    backups = stack.aws.read("dynamodb", "describe_continuous_backups", TableName=table)["ContinuousBackupsDescription"]
    expiry = stack.aws.read("dynamodb", "describe_time_to_live", TableName=table)["TimeToLiveDescription"]
    has = {
        "no deletion protection": described.get("DeletionProtectionEnabled", False),
        "no point-in-time recovery": backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") == "ENABLED",
        "no TTL": expiry.get("TimeToLiveStatus") in ("ENABLED", "ENABLING"),
    }
    return [lack for lack, is_there in has.items() if not is_there]
