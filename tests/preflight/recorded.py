"""A deployed stack as AWS's recorded answers, with everything in order, and a client that gives them.

The answers have the shapes of AWS's API pages: test_preflight_shapes.py validates them with botocore. Nothing was recorded on a live account.
"""

import copy
import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "infra" / "local")]

from preflight.deployment import Deployment  # noqa: E402
from preflight.plan import Plan  # noqa: E402
from preflight.reading import Reader  # noqa: E402

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=timezone.utc)  # 10:00 in Vietnam
EVENING = datetime(2026, 11, 25, 10, 35, tzinfo=timezone.utc)
ACCOUNT = "123456789012"
STACK_ID = f"arn:aws:cloudformation:ap-southeast-1:{ACCOUNT}:stack/onestop/7a1c3a50-c9d1-11f0-8d0e-0a3f4b6c7d8e"
ALARMS_ID = f"arn:aws:cloudformation:ap-southeast-1:{ACCOUNT}:stack/onestop-Alarms-1QHN0T5Y3V2XZ/8b2d4b60-c9d1-11f0-9f1e-0a3f4b6c7d8e"
TOPIC = f"arn:aws:sns:ap-southeast-1:{ACCOUNT}:onestop-Alarms-1QHN0T5Y3V2XZ-Topic-kP3xTq9Lw2Zb"
RECEIPTS = f"arn:aws:lambda:ap-southeast-1:{ACCOUNT}:function:onestop-ReceiptsFunction-dR5vYk2Nq8Wc"
OTHER = f"arn:aws:lambda:ap-southeast-1:{ACCOUNT}:function:another"
SENDER_ID = f"arn:aws:sms-voice:ap-southeast-1:{ACCOUNT}:sender-id/KHANHHOA/VN"
LOG_GROUP = f"sns/ap-southeast-1/{ACCOUNT}/DirectPublishToPhoneNumber"
EVENTS_TOPIC = f"arn:aws:sns:ap-southeast-1:{ACCOUNT}:onestop-SmsEvents-mB7hXs4Jt1Ge"

# Nothing of these may be printed.
PHONE = "0987012345"
EMAIL = "truc@khanhhoa.example"
INTAKE_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
GATEWAY_PASSWORD, CARRIER_PASSWORD = "Zx81LmQp07Vt", "Qw23ErTy45Ui"
PERSONAL = [PHONE, PHONE[1:], EMAIL, INTAKE_KEY, INTAKE_KEY.removeprefix("whsec_"), GATEWAY_PASSWORD, CARRIER_PASSWORD]

POLICY = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sms-voice:SendTextMessage", "Resource": SENDER_ID,
    "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}]}

PARAMETERS = {"Stage": "prod", "SmsSender": "sns", "SmsSenderId": "KHANHHOA", "SmsPartsPerSecond": "10", "SmsAccents": "keep",
              "SendingWindow": "07:00-21:00", "AlarmEmail": EMAIL}
OUTPUTS = {
    "ApiUrl": "https://a1b2c3d4e5.execute-api.ap-southeast-1.amazonaws.com/v1",
    "DossiersTable": "onestop-Tables-DossiersTable", "NoticesTable": "onestop-Tables-NoticesTable", "InquiriesTable": "onestop-Tables-InquiriesTable",
    "EventBusName": "onestop-prod",
    "IntakeSecret": f"arn:aws:secretsmanager:ap-southeast-1:{ACCOUNT}:secret:onestop/intake-AbCdEf",
    "GatewaySecret": f"arn:aws:secretsmanager:ap-southeast-1:{ACCOUNT}:secret:onestop/gateways-GhIjKl",
    "SmsSecret": f"arn:aws:secretsmanager:ap-southeast-1:{ACCOUNT}:secret:onestop/sms-MnOpQr",
    "NotifyFunction": "onestop-NotifyFunction-tG4bZp1Xs7Jh", "ApologyFunction": "onestop-ApologyFunction-nC6wRf3Vy9Lm",
    "SenderFunction": "onestop-SenderFunction-hQ2jDk8Ta5Ub", "ReceiptsFunction": RECEIPTS.rsplit(":", 1)[1],
}
RULES = ["onestop-ApologyFunctionEvening-K1", "onestop-ApologyFunctionSecondPass-L2", "onestop-SenderFunctionMinute-M3",
         "onestop-prod|onestop-SenderFunctionPlanned-N4"]


def members(kind, values):
    return [{f"{kind}Key": key, f"{kind}Value": value} for key, value in values.items()]


def described(**changes):
    parameters = {**PARAMETERS, **changes.get("parameters", {})}
    outputs = {key: value for key, value in {**OUTPUTS, **changes.get("outputs", {})}.items() if value is not None}
    return {"Stacks": [{"StackId": STACK_ID, "StackName": "onestop", "StackStatus": changes.get("status", "UPDATE_COMPLETE"),
                        "CreationTime": changes.get("created", NOW - timedelta(days=30)),
                        "Parameters": members("Parameter", {key: value for key, value in parameters.items() if value is not None}),
                        "Outputs": members("Output", outputs)}]}


def alarms():
    return {"Stacks": [{"StackId": ALARMS_ID, "StackName": "onestop-Alarms-1QHN0T5Y3V2XZ", "StackStatus": "UPDATE_COMPLETE",
                        "CreationTime": NOW - timedelta(days=30), "Outputs": members("Output", {"AlarmTopic": TOPIC})}]}


def resource(logical_id, kind, physical_id):
    return {"LogicalResourceId": logical_id, "ResourceType": kind, "PhysicalResourceId": physical_id,
            "LastUpdatedTimestamp": NOW - timedelta(days=30), "ResourceStatus": "CREATE_COMPLETE"}


def resources(rules=RULES):
    listed = [resource("Alarms", "AWS::CloudFormation::Stack", ALARMS_ID), resource("Sms", "AWS::SMSVOICE::ConfigurationSet", "onestop-notices")]
    return {"StackResourceSummaries": listed + [resource(f"Rule{index}", "AWS::Events::Rule", rule) for index, rule in enumerate(rules)]}


def metrics(**values):
    """The answer to a GetMetricData: name of a metric → its points."""
    def answer(MetricDataQueries, **_):
        results = []
        for query in MetricDataQueries:
            points = values.get(query["MetricStat"]["Metric"]["MetricName"], {})
            results.append({"Id": query["Id"], "Label": query["Id"], "Timestamps": list(points), "Values": list(points.values()), "StatusCode": "Complete"})
        return {"MetricDataResults": results}
    return answer


def sender_id(**changes):
    return {"SenderIds": [{
        "SenderIdArn": SENDER_ID, "SenderId": "KHANHHOA", "IsoCountryCode": "VN", "MessageTypes": ["TRANSACTIONAL"], "MonthlyLeasingPrice": "0.00",
        "DeletionProtectionEnabled": False, "Registered": True, "RegistrationId": "registration-0b8f6a2d4c1e", "MessagingLimits": {"RateLimits": {"SMS": 20}},
        **changes}]}


def quotas(**rates):
    named = {"Topics per Account": 100_000.0, **{name.replace("_", " "): value for name, value in rates.items()}}
    return {"Quotas": [{"ServiceCode": "sns", "ServiceName": "Amazon Simple Notification Service (Amazon SNS)", "QuotaName": name, "Value": value}
                       for name, value in named.items()]}


def subscriptions(*arns):
    return {"Subscriptions": [{"SubscriptionArn": arn, "Owner": ACCOUNT, "Protocol": "email", "Endpoint": EMAIL, "TopicArn": TOPIC} for arn in arns]}


CARRIERS = {"kannel": {"url": "https://kannel.example:13013/cgi-bin/sendsms", "username": "onestop", "password": CARRIER_PASSWORD, "from": "KHANHHOA",
                       "dlr": {"url": "https://mot-cua.example.vn/v1/dlr/kannel", "user": "dlr", "password": CARRIER_PASSWORD}},
            "esms": {"api_key": CARRIER_PASSWORD, "secret_key": CARRIER_PASSWORD, "brandname": "KHANHHOA",
                     "callback_url": f"https://mot-cua.example.vn/v1/dlr/esms/{CARRIER_PASSWORD}", "callback_key": CARRIER_PASSWORD}}


CALL_BACKS = f"arn:aws:secretsmanager:ap-southeast-1:{ACCOUNT}:secret:onestop/callbacks-StUvWx"


def secrets(intake=None, gateways=None, carriers=None, call_backs=None):
    values = {OUTPUTS["IntakeSecret"]: {"current": INTAKE_KEY, "previous": None} if intake is None else intake,
              CALL_BACKS: {"current": INTAKE_KEY, "previous": None} if call_backs is None else call_backs,
              OUTPUTS["SmsSecret"]: CARRIERS if carriers is None else carriers,
              OUTPUTS["GatewaySecret"]: {"kannel": {"user": "kannel", "password": GATEWAY_PASSWORD}} if gateways is None else gateways}
    return lambda SecretId: {"ARN": SecretId, "SecretString": values[SecretId] if isinstance(values[SecretId], str) else json.dumps(values[SecretId])}


def mapping(state="Enabled", table=OUTPUTS["DossiersTable"]):
    return {"EventSourceMappings": [{"UUID": "14e0db71-1b2c-4d3e-8f4a-5b6c7d8e9f0a", "State": state,
                                     "EventSourceArn": f"arn:aws:dynamodb:ap-southeast-1:{ACCOUNT}:table/{table}/stream/2026-10-27T03:00:00.000"}]}


def subscription_filter(*functions):
    return {"subscriptionFilters": [{"filterName": f"filter-{index}", "logGroupName": LOG_GROUP, "filterPattern": "", "destinationArn": function}
                                    for index, function in enumerate(functions or [RECEIPTS])]}


def destination(enabled=True, events=("TEXT_ALL",), **to):
    return {"EventDestinationName": "receipts", "Enabled": enabled, "MatchingEventTypes": list(events), **(to or {"SnsDestination": {"TopicArn": EVENTS_TOPIC}})}


def configuration_set(*destinations):
    return {"ConfigurationSets": [{
        "ConfigurationSetArn": f"arn:aws:sms-voice:ap-southeast-1:{ACCOUNT}:configuration-set/onestop-notices", "ConfigurationSetName": "onestop-notices",
        "EventDestinations": list(destinations or [destination()]), "CreatedTimestamp": NOW - timedelta(days=30)}]}


def spend_limit(enforced=40_000, most=50_000, overridden=True, name="TEXT_MESSAGE_MONTHLY_SPEND_LIMIT"):
    return {"SpendLimits": [{"Name": name, "EnforcedLimit": enforced, "MaxLimit": most, "Overridden": overridden}]}


def good():
    """(service, operation) → its answer, or a function of the parameters that returns it."""
    return copy.deepcopy({
        ("cloudformation", "describe_stacks"): lambda StackName: alarms() if StackName == ALARMS_ID else described(),
        ("cloudformation", "list_stack_resources"): resources(),
        ("cloudwatch", "get_metric_data"): metrics(ApologyRuns={EVENING: 1.0, EVENING - timedelta(minutes=5): 1.0, NOW - timedelta(minutes=5): 0.0},
                                                   NoticesSent={NOW - timedelta(hours=2): 3.0}, ReceiptsRecorded={NOW - timedelta(hours=1): 3.0}),
        ("dynamodb", "describe_table"): {"Table": {"TableName": OUTPUTS["DossiersTable"], "TableStatus": "ACTIVE", "DeletionProtectionEnabled": True}},
        ("dynamodb", "describe_continuous_backups"): {"ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}}},
        ("dynamodb", "describe_time_to_live"): {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}},
        ("dynamodb", "get_item"): {"Item": {"state": {"S": "sent"}, "message_id": {"S": "34d9b400-c6dd-5444-820d-fbeb0f1f54cf"}, "parts": {"N": "3"},
                                            "delivery": {"S": "delivered"}, "delivery_at": {"S": "2026-11-26T03:00:09Z"}}},
        ("events", "describe_rule"): lambda Name, EventBusName: {"Name": Name, "State": "ENABLED", "EventBusName": EventBusName}
        if f"{EventBusName}|{Name}".removeprefix("default|") in RULES else Refusal("ResourceNotFoundException"),
        ("events", "list_rule_names_by_target"): {"RuleNames": ["r"]},
        ("lambda", "get_account_settings"): {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}},
        ("lambda", "list_event_source_mappings"): mapping(),
        ("logs", "describe_subscription_filters"): subscription_filter(),
        ("pinpoint-sms-voice-v2", "describe_account_attributes"): {"AccountAttributes": [{"Name": "ACCOUNT_TIER", "Value": "PRODUCTION"}]},
        ("pinpoint-sms-voice-v2", "describe_configuration_sets"): lambda ConfigurationSetNames: configuration_set() if ConfigurationSetNames == ["onestop-notices"]
        else Refusal("ResourceNotFoundException"),
        ("pinpoint-sms-voice-v2", "describe_sender_ids"): sender_id(),
        ("pinpoint-sms-voice-v2", "describe_spend_limits"): spend_limit(),
        ("pinpoint-sms-voice-v2", "get_resource_policy"): {"ResourceArn": SENDER_ID, "Policy": json.dumps(POLICY), "CreatedTimestamp": NOW - timedelta(days=40)},
        ("secretsmanager", "get_secret_value"): secrets(),
        ("service-quotas", "list_service_quotas"): quotas(Transactional_SMS_Message_Delivery_Rate_per_Second=20.0, Promotional_SMS_Message_Delivery_Rate_per_Second=1.0),
        ("sns", "get_sms_attributes"): {"attributes": {"MonthlySpendLimit": "40000", "DefaultSMSType": "Transactional", "DeliveryStatusSuccessSamplingRate": "100",
                                                       "DeliveryStatusIAMRole": f"arn:aws:iam::{ACCOUNT}:role/SNSSuccessFeedback"}},
        ("sns", "get_sms_sandbox_account_status"): {"IsInSandbox": False},
        ("sns", "list_subscriptions_by_topic"): lambda TopicArn: subscriptions(f"{TOPIC}:6b0e71bd-7e97-4d97-80ce-4a0994e55286") if TopicArn == TOPIC else
        {"Subscriptions": [{"SubscriptionArn": f"{TopicArn}:{endpoint[-4:]}", "Owner": ACCOUNT, "Protocol": "lambda", "Endpoint": endpoint, "TopicArn": TopicArn}
                           for endpoint in (OTHER, RECEIPTS)]},
    })


class Refusal(Exception):
    """An error as botocore's ClientError carries it."""

    def __init__(self, code, message=""):
        super().__init__(f"{code}: {message}")
        self.response = {"Error": {"Code": code, "Message": message}}


class Client:
    """One service. `calls` gets every call with its parameters and its answer; a list of answers gives one a call, and then the last one."""

    def __init__(self, service, answers, calls):
        self.service, self.answers, self.calls = service, answers, calls

    def __getattr__(self, operation):
        def call(**parameters):
            answer = self.answers[self.service, operation]
            if isinstance(answer, list):
                answer = answer.pop(0) if len(answer) > 1 else answer[0]
            if callable(answer):
                answer = answer(**parameters)
            self.calls.append((self.service, operation, parameters, answer))
            if isinstance(answer, Exception):
                raise answer
            return answer
        return call


def recorded(changes=(), calls=None, now=NOW, is_local=False, endpoint=""):
    """The stack in order, with other answers for some operations. `calls` collects what is called."""
    answers = {read: list(answer) if isinstance(answer, list) else answer for read, answer in {**good(), **dict(changes)}.items()}
    seen = [] if calls is None else calls
    return Deployment(Reader(lambda service: Client(service, answers, seen), is_local), "onestop", Plan(), now, endpoint)


def with_stack(**changes):
    """The change for another description of the stack: parameters, outputs (None removes one), status, created."""
    return {("cloudformation", "describe_stacks"): lambda StackName: alarms() if StackName == ALARMS_ID else described(**changes)}


def sender(name, **parameters):
    return with_stack(parameters={"SmsSender": name, **parameters})
