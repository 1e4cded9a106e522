"""Limits of the AWS account: SMS sandbox, spend limit, SMS rate, Lambda concurrency."""

from .deployment import only_through_aws
from .reading import Refused
from .result import not_applicable, ok, problem
from .sender_id import find

# A new account may spend 1 USD a month. https://docs.aws.amazon.com/sns/latest/dg/channels-sms-awssupport-spend-threshold.html
NEW_ACCOUNT_USD = 1
# The API lets so many requests through at once (ThrottlingBurstLimit in template.yaml), and each needs a function of its own.
LEAST_EXECUTIONS = 200


@only_through_aws
def sandbox(stack):
    if is_in_sandbox(stack):
        return problem("the account is in the SMS sandbox and reaches only its verified numbers: SNS console, Text messaging, Exit SMS sandbox")
    return ok("the account is out of the SMS sandbox")


def is_in_sandbox(stack):
    if stack.sender == "sns":
        return stack.aws.read("sns", "get_sms_sandbox_account_status")["IsInSandbox"]
    attributes = stack.aws.all("pinpoint-sms-voice-v2", "describe_account_attributes", "AccountAttributes")
    return {"Name": "ACCOUNT_TIER", "Value": "SANDBOX"} in attributes


@only_through_aws
def spend_limit(stack):
    accents = stack.parameters.get("SmsAccents", "keep")
    limit, plan = monthly_limit(stack), stack.plan
    if limit < plan.usd(accents):
        return problem(f"the limit is {limit:,.0f} USD a month, and {plan.words(accents)}: ask AWS for more, with a reserve (docs/deploy.md), "
                       "then set the limit; or correct DOSSIERS, SUPPLEMENTS, APOLOGIES, SNS_USD")
    return ok(f"the limit is {limit:,.0f} USD a month; {plan.words(accents)}")


def monthly_limit(stack):
    """In USD."""
    if stack.sender == "sns":
        attributes = stack.aws.read("sns", "get_sms_attributes").get("attributes", {})
        return float(attributes.get("MonthlySpendLimit") or NEW_ACCOUNT_USD)
    limits = stack.aws.all("pinpoint-sms-voice-v2", "describe_spend_limits", "SpendLimits")
    text = next((one for one in limits if one["Name"] == "TEXT_MESSAGE_MONTHLY_SPEND_LIMIT"), None)
    if text is None:
        return NEW_ACCOUNT_USD
    return text["EnforcedLimit"] if text["Overridden"] else text["MaxLimit"]


@only_through_aws
def sms_rate(stack):
    wanted = float(stack.parameters.get("SmsPartsPerSecond") or 10)
    granted = rate_of_sender_id(stack) + rate_of_account(stack)
    if not granted:
        return not_applicable(f"AWS shows no rate for this account: compare SmsPartsPerSecond ({wanted:g}) with what AWS Support granted")
    least, whose = min(granted)
    if least < wanted:
        return problem(f"SmsPartsPerSecond is {wanted:g}, and the rate of {whose} is {least:g} a second: set SmsPartsPerSecond to that, or ask AWS Support for more")
    return ok(f"SmsPartsPerSecond is {wanted:g}; the rate of {whose} is {least:g} a second")


def rate_of_sender_id(stack):
    """Parts a second, if AWS shows it. <https://docs.aws.amazon.com/sms-voice/latest/userguide/sms-limitations-mps-view.html>"""
    limits = (find(stack) or {}).get("MessagingLimits", {}).get("RateLimits", {})
    return [(limits["SMS"], "the sender ID")] if "SMS" in limits else []


def rate_of_account(stack):
    """Service Quotas has "Transactional SMS Message Delivery Rate per Second" for SNS. It is found by its name: AWS's pages do not give its code."""
    if stack.sender != "sns":
        return []
    try:
        quotas = stack.aws.all("service-quotas", "list_service_quotas", "Quotas", ServiceCode="sns")
    except Refused as error:
        if error.code == "NoSuchResourceException":
            return []
        raise
    named = [one for one in quotas if "transactional sms" in one.get("QuotaName", "").lower() and "rate" in one["QuotaName"].lower()]
    return [(one["Value"], f"the account ({one['QuotaName']})") for one in named if "Value" in one]


def lambda_concurrency(stack):
    limits = stack.aws.read("lambda", "get_account_settings")["AccountLimit"]
    free, all_of_them = limits["UnreservedConcurrentExecutions"], limits["ConcurrentExecutions"]
    if free < LEAST_EXECUTIONS and stack.aws.is_local:
        return not_applicable(f"{free} on the local stack, which follows this computer's memory")
    if free < LEAST_EXECUTIONS:
        return problem(f"only {free} of {all_of_them} concurrent executions are free for this stack: Service Quotas, AWS Lambda, Concurrent executions "
                       f"(L-B99A9384), ask for 1000")
    return ok(f"{free} of {all_of_them} concurrent executions are free for this stack")
