"""Whether AWS reports what became of each SMS, to ReceiptsFunction."""

from .deployment import AWS_SENDERS, only_through_aws
from .parts import RESTORE
from .reading import Refused
from .result import not_applicable, ok, problem

# infra/delivery-logging.yaml sets it when its parameters change.
SET_AGAIN = "deploy with another LogRetentionDays, which sets it again (or SNS console, Text messaging, Delivery status logging, 100 %)"


def source_of_receipts(stack):
    """Where to look if receipts do not come."""
    if stack.sender in AWS_SENDERS:
        return "check delivery logging above, then read the log of ReceiptsFunction"
    return "check whether the operator's gateway sends delivery reports, then read the log of ReceiptsFunction"


@only_through_aws
def delivery_logging(stack):
    return of_sns(stack) if stack.sender == "sns" else of_end_user_messaging(stack)


def of_sns(stack):
    attributes = stack.aws.read("sns", "get_sms_attributes").get("attributes", {})
    if not attributes.get("DeliveryStatusIAMRole"):
        return problem(f"SNS writes no delivery log, so nothing says what became of a message: {SET_AGAIN}")
    rate = attributes.get("DeliveryStatusSuccessSamplingRate") or "0"
    if rate != "100":
        return problem(f"SNS logs only {rate} % of the delivered messages: {SET_AGAIN}")
    if "ReceiptsFunction" not in stack.outputs:
        return ok("SNS logs every message; this stack has no ReceiptsFunction that reads the log")
    for group in log_groups(stack):
        wrong = unread(stack, group)
        if wrong:
            return problem(f"log group {group} {wrong}")
    return ok("SNS logs every message, and ReceiptsFunction reads both log groups")


def log_groups(stack):
    """<https://docs.aws.amazon.com/sns/latest/dg/sms_stats_cloudwatch.html>"""
    delivered = f"sns/{stack.region}/{stack.account}/DirectPublishToPhoneNumber"
    return [delivered, f"{delivered}/Failure"]


def unread(stack, group):
    """Why ReceiptsFunction does not read the log group, or None."""
    try:
        filters = stack.aws.read("logs", "describe_subscription_filters", logGroupName=group)["subscriptionFilters"]
    except Refused as error:
        if error.code != "ResourceNotFoundException":
            raise
        return "does not exist: deploy with another LogRetentionDays, which makes it again"
    if not any(one["destinationArn"] == stack.function_arn("ReceiptsFunction") for one in filters):
        return "has no subscription filter to ReceiptsFunction: deploy with another LogRetentionDays, which makes it again (CloudWatch permits two a group)"
    return None


def of_end_user_messaging(stack):
    sets = [one["PhysicalResourceId"] for one in stack.resources if one["ResourceType"] == "AWS::SMSVOICE::ConfigurationSet"]
    if not sets:
        return problem("the stack has no configuration set, so nothing says what became of a message: deploy it again with SmsSender=aws-sms")
    described = stack.aws.all("pinpoint-sms-voice-v2", "describe_configuration_sets", "ConfigurationSets", ConfigurationSetNames=sets)
    events = [one for found in described for one in found["EventDestinations"] if one["Enabled"] and reports_deliveries(one)]
    if not events:
        return problem(f"no event destination of the configuration set is enabled for delivered messages (TEXT_ALL): {RESTORE}")
    if "ReceiptsFunction" not in stack.outputs:
        return ok("the configuration set reports every message; this stack has no ReceiptsFunction that reads the reports")
    if not any(reaches_receipts(stack, one) for one in events):
        return problem(f"no event destination of the configuration set leads to ReceiptsFunction: {RESTORE}")
    return ok("the configuration set reports every message to ReceiptsFunction")


def reports_deliveries(destination):
    """<https://docs.aws.amazon.com/sms-voice/latest/userguide/configuration-sets-event-types.html>"""
    return bool({"ALL", "TEXT_ALL", "TEXT_DELIVERED"} & set(destination["MatchingEventTypes"]))


def reaches_receipts(stack, destination):
    if "SnsDestination" in destination:
        topic = destination["SnsDestination"]["TopicArn"]
        endpoints = stack.aws.all("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)
        return any(one.get("Endpoint") == stack.function_arn("ReceiptsFunction") for one in endpoints)
    if "CloudWatchLogsDestination" in destination:
        return unread(stack, destination["CloudWatchLogsDestination"]["LogGroupArn"].split(":log-group:")[1].split(":")[0]) is None
    return False
