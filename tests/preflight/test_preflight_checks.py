"""Each check of `make preflight` against recorded answers: in order, wrong, not applicable, not permitted."""

import json
import re
from datetime import timedelta

import pytest
from recorded import RULES as RULES_OF_STACK
from recorded import (ACCOUNT, CALL_BACKS, CARRIERS, LOG_GROUP, NOW, OTHER, OUTPUTS, PARAMETERS, PHONE, POLICY, RECEIPTS, ROOT, TOPIC, Refusal, configuration_set, destination, good, mapping, metrics, quotas,
                      recorded, resources, secrets, sender, sender_id, spend_limit, subscription_filter, subscriptions, with_stack)

from preflight import parts
from preflight.account import LEAST_EXECUTIONS
from preflight.checks import CHECKS, outcome
from preflight.plan import Plan
from preflight.reading import READS

CHECK = dict(CHECKS)
SANDBOX, SPEND, ID, POLICY_FOR_SNS, RATE = "SMS sandbox", "spend limit", "sender ID", "sender ID for SNS", "SMS rate"
LOGGING, LAMBDA, EMAIL, SECRETS, STREAM, RULES, TABLES = "delivery logging", "Lambda concurrency", "alarm e-mail", "secrets", "stream mapping", "rules", "tables"
APOLOGY, RECEIPT = "last apology", "last receipt"

ATTRIBUTES, VOICE = ("sns", "get_sms_attributes"), "pinpoint-sms-voice-v2"
IDS, RESOURCE_POLICY, QUOTAS = (VOICE, "describe_sender_ids"), (VOICE, "get_resource_policy"), ("service-quotas", "list_service_quotas")
SETS, FILTERS, TABLE = (VOICE, "describe_configuration_sets"), ("logs", "describe_subscription_filters"), ("dynamodb", "describe_table")
SUBSCRIPTIONS, SECRET, METRICS = ("sns", "list_subscriptions_by_topic"), ("secretsmanager", "get_secret_value"), ("cloudwatch", "get_metric_data")
NOT_FOUND = Refusal("ResourceNotFoundException")


def attributes(**changes):
    return {ATTRIBUTES: {"attributes": {**good()[ATTRIBUTES]["attributes"], **changes}}}


def policy(**changes):
    statement = {**POLICY["Statement"][0], **changes}
    return {RESOURCE_POLICY: {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}}


def executions(limit, free):
    return {("lambda", "get_account_settings"): {"AccountLimit": {"ConcurrentExecutions": limit, "UnreservedConcurrentExecutions": free}}}


TO_A_LOG = destination(CloudWatchLogsDestination={
    "IamRoleArn": f"arn:aws:iam::{ACCOUNT}:role/sms-events", "LogGroupArn": f"arn:aws:logs:ap-southeast-1:{ACCOUNT}:log-group:sms-events:*"})
FIREHOSE = {"IamRoleArn": f"arn:aws:iam::{ACCOUNT}:role/sms-events", "DeliveryStreamArn": f"arn:aws:firehose:ap-southeast-1:{ACCOUNT}:deliverystream/sms-events"}


def local(*changes, **parameters):
    """The stage `local`."""
    merged = sender("sns", Stage="local", **parameters)
    for change in changes:
        merged.update(change)
    return merged


@pytest.mark.parametrize("title", CHECK)
def test_a_stack_in_order_passes(title):
    for through in ["sns", "aws-sms"]:
        mark, sentence = outcome(CHECK[title], recorded(sender(through)))
        expected = "–" if (title, through) == (POLICY_FOR_SNS, "aws-sms") else "✓"
        assert mark == expected, sentence


WRONG = [
    ("stack", with_stack(status="UPDATE_ROLLBACK_COMPLETE"), "UPDATE_ROLLBACK_COMPLETE: read its events"),
    ("stack", {("cloudformation", "describe_stacks"): Refusal("ValidationError", "Stack with id onestop does not exist")}, "does not know a stack onestop"),
    (SANDBOX, {("sns", "get_sms_sandbox_account_status"): {"IsInSandbox": True}}, "Exit SMS sandbox"),
    (SANDBOX, {**sender("aws-sms"), (VOICE, "describe_account_attributes"): {"AccountAttributes": [{"Name": "ACCOUNT_TIER", "Value": "SANDBOX"}]}}, "sandbox"),
    (SPEND, attributes(MonthlySpendLimit="1"), "the limit is 1 USD a month"),
    (SPEND, {ATTRIBUTES: {"attributes": {}}}, "the limit is 1 USD a month"),  # a new account
    (SPEND, attributes(MonthlySpendLimit="31055"), "the plan is 31,056 USD (60,000 dossiers, 10 % with a supplement notice, 10 % with an apology: 222,000 parts at 0.13989 USD)"),
    (SPEND, {**sender("aws-sms"), (VOICE, "describe_spend_limits"): spend_limit(enforced=100)}, "the limit is 100 USD"),
    (SPEND, {**sender("aws-sms"), (VOICE, "describe_spend_limits"): spend_limit(most=200, overridden=False)}, "the limit is 200 USD"),
    (SPEND, {**sender("aws-sms"), (VOICE, "describe_spend_limits"): spend_limit(name="VOICE_MESSAGE_MONTHLY_SPEND_LIMIT")}, "the limit is 1 USD"),
    (ID, sender("sns", SmsSenderId=""), "SmsSenderId is empty"),
    (ID, {IDS: {"SenderIds": []}}, "KHANHHOA is not a sender ID of this account and region for Vietnam"),
    (ID, {IDS: sender_id(SenderId="KhanhHoa")}, "KhanhHoa is registered: the networks distinguish upper and lower case"),
    (ID, {IDS: sender_id(Registered=False)}, "its registration is not complete"),
    (POLICY_FOR_SNS, {RESOURCE_POLICY: NOT_FOUND}, "no resource policy lets SNS use the sender ID"),
    (POLICY_FOR_SNS, policy(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), "no resource policy"),
    (POLICY_FOR_SNS, policy(Action="sms-voice:DescribeSenderIds"), "no resource policy"),
    (POLICY_FOR_SNS, policy(Effect="Deny"), "no resource policy"),
    (POLICY_FOR_SNS, {RESOURCE_POLICY: {"Policy": json.dumps({"Statement": [*POLICY["Statement"], {**POLICY["Statement"][0], "Effect": "Deny"}]})}}, "no resource policy"),
    (POLICY_FOR_SNS, policy(Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}}), "no resource policy"),
    (RATE, sender("sns", SmsPartsPerSecond="50"), "SmsPartsPerSecond is 50, and the rate of"),
    (RATE, {IDS: sender_id(MessagingLimits={"RateLimits": {"SMS": 5}})}, "the rate of the sender ID is 5 a second"),
    (RATE, {QUOTAS: quotas(Transactional_SMS_Message_Delivery_Rate_per_Second=1.0)}, "Delivery Rate per Second) is 1 a second"),
    (LOGGING, {ATTRIBUTES: {"attributes": {}}}, "SNS writes no delivery log"),
    (LOGGING, attributes(DeliveryStatusSuccessSamplingRate="10"), "only 10 %"),
    (LOGGING, {FILTERS: NOT_FOUND}, f"log group {LOG_GROUP} does not exist"),
    (LOGGING, {FILTERS: [subscription_filter(), subscription_filter(OTHER)]}, f"{LOG_GROUP}/Failure has no subscription filter"),
    (LOGGING, {**sender("aws-sms"), ("cloudformation", "list_stack_resources"): {"StackResourceSummaries": []}}, "no configuration set"),
    (LOGGING, {**sender("aws-sms"), SETS: configuration_set(destination(enabled=False))}, "no event destination of the configuration set is enabled"),
    (LOGGING, {**sender("aws-sms"), SETS: configuration_set(destination(events=["TEXT_INVALID"]))}, "no event destination of the configuration set is enabled"),
    (LOGGING, {**sender("aws-sms"), SETS: configuration_set(destination(SnsDestination={"TopicArn": TOPIC}))}, "leads to ReceiptsFunction"),
    (LOGGING, {**sender("aws-sms"), SETS: configuration_set(TO_A_LOG), FILTERS: subscription_filter(OTHER)}, "leads to ReceiptsFunction"),
    (LOGGING, {**sender("aws-sms"), SETS: configuration_set(destination(KinesisFirehoseDestination=FIREHOSE))}, "leads to ReceiptsFunction"),
    (LAMBDA, executions(10, 10), "only 10 of 10"),
    (LAMBDA, executions(1000, 199), "only 199 of 1000"),
    (EMAIL, {SUBSCRIPTIONS: subscriptions("PendingConfirmation")}, "not confirmed: 1 of 1"),
    (EMAIL, {SUBSCRIPTIONS: subscriptions(f"{TOPIC}:1", "PendingConfirmation")}, "not confirmed: 1 of 2"),
    (EMAIL, {SUBSCRIPTIONS: subscriptions("Deleted")}, "somebody unsubscribed"),
    (EMAIL, {**sender("sns", AlarmEmail=""), SUBSCRIPTIONS: subscriptions()}, "no address receives the alarms"),
    (EMAIL, {("cloudformation", "list_stack_resources"): {"StackResourceSummaries": []}}, "no nested stack Alarms"),
    (SECRETS, {SECRET: secrets(intake={})}, "IntakeSecret has no key"),
    (SECRETS, {SECRET: secrets(intake={"current": None})}, "IntakeSecret has no key"),
    (SECRETS, {SECRET: secrets(intake={"current": "whsec_"})}, "IntakeSecret has no key"),
    (SECRETS, {SECRET: secrets(intake={"current": "whsec_no base64, and longer than 30"})}, "IntakeSecret has no key"),
    (SECRETS, {SECRET: secrets(intake="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")}, "IntakeSecret is not a JSON object"),
    (SECRETS, {SECRET: secrets(gateways="[]")}, "GatewaySecret is not a JSON object"),
    (SECRETS, {SECRET: secrets(gateways={})}, "every text to 8083 is refused"),
    (SECRETS, {**sender("kannel"), SECRET: secrets(carriers={})}, "SmsSecret's member kannel has no url, username, password, from, dlr.url, dlr.user, dlr.password"),
    (SECRETS, {**sender("kannel"), SECRET: secrets(carriers={"kannel": {**CARRIERS["kannel"], "dlr": None}})}, "has no dlr.url, dlr.user, dlr.password"),
    (SECRETS, {**sender("kannel"), SECRET: secrets(carriers={"kannel": {**CARRIERS["kannel"], "dlr": {**CARRIERS["kannel"]["dlr"], "url": "https://mot-cua.example.vn/v1"}}})},
     "dlr.url does not end in /dlr/kannel, so every receipt is refused"),
    (SECRETS, {**sender("esms"), SECRET: secrets(carriers={"esms": {**CARRIERS["esms"], "callback_key": "another"}})}, "callback_url does not end in /dlr/esms/ and callback_key"),
    (SECRETS, {**sender("esms"), SECRET: secrets(carriers={"esms": {**CARRIERS["esms"], "callback_key": ""}})}, "SmsSecret's member esms has no callback_key"),
    (SECRETS, {**sender("esms"), SECRET: secrets(carriers="[]")}, "SmsSecret is not a JSON object"),
    (SECRETS, {SECRET: NOT_FOUND}, "secretsmanager:GetSecretValue with the error ResourceNotFoundException"),
    (STREAM, {("lambda", "list_event_source_mappings"): mapping("Disabled")}, "is Disabled"),
    (STREAM, {("lambda", "list_event_source_mappings"): mapping(table="another")}, "does not read the stream of table dossiers"),
    (STREAM, {("lambda", "list_event_source_mappings"): {"EventSourceMappings": []}}, "does not read the stream"),
    (RULES, {("events", "describe_rule"): [{"State": "ENABLED"}, {"State": "DISABLED"}]}, "rule onestop-ApologyFunctionSecondPass-L2 is DISABLED"),
    (RULES, {("events", "describe_rule"): NOT_FOUND}, "rule onestop-ApologyFunctionEvening-K1 was deleted"),
    (RULES, {("events", "list_rule_names_by_target"): [{"RuleNames": ["r"]}, {"RuleNames": ["r"]}, {"RuleNames": []}]}, "no rule of the bus onestop-prod starts SenderFunction"),
    (TABLES, {TABLE: [{"Table": {"DeletionProtectionEnabled": True}}, {"Table": {"DeletionProtectionEnabled": False}}]}, "NoticesTable: no deletion protection"),
    (TABLES, {("dynamodb", "describe_continuous_backups"): {"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "DISABLED"}}}, "no point-in-time recovery"),
    (TABLES, {("dynamodb", "describe_time_to_live"): {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}}, "no TTL"),
    (APOLOGY, {METRICS: metrics(ApologyRuns={NOW - timedelta(minutes=5): 0.0})}, "did not run in the last 25 hours"),
    (APOLOGY, {METRICS: metrics()}, "did not run in the last 25 hours"),
    (RECEIPT, {METRICS: metrics(NoticesSent={NOW - timedelta(hours=2): 1.0}, ReceiptsRecorded={NOW: 0.0})}, "no receipt was recorded"),
    (RECEIPT, {**sender("kannel"), METRICS: metrics(NoticesSent={NOW - timedelta(hours=2): 1.0})}, "whether the operator's gateway sends delivery reports"),
    (SECRETS, with_stack(outputs={"IntakeSecret": None}), "the stack has no output IntakeSecret"),
    (SECRETS, {**with_stack(outputs={"CallbackSecret": CALL_BACKS}), SECRET: secrets(call_backs={"previous": None})}, "CallbackSecret has no key"),
]


@pytest.mark.parametrize(("title", "changes", "words"), WRONG)
def test_what_is_wrong_is_a_problem_that_says_what_to_do(title, changes, words):
    mark, sentence = outcome(CHECK[title], recorded(changes))
    assert (mark, words in sentence) == ("✗", True), sentence


NOT_APPLICABLE = [
    *[(title, sender(gateway), f"SmsSender={gateway} sends through an operator's gateway")
      for title in (SANDBOX, SPEND, ID, POLICY_FOR_SNS, RATE, LOGGING) for gateway in ("kannel", "esms")],
    (ID, local(SmsSenderId=""), "needs no sender ID"),
    (POLICY_FOR_SNS, sender("sns", SmsSenderId=""), "there is no sender ID"),
    (POLICY_FOR_SNS, {IDS: {"SenderIds": []}}, "not in this account"),
    (RATE, {IDS: sender_id(MessagingLimits={}), QUOTAS: quotas()}, "AWS shows no rate"),
    (RATE, {IDS: {"SenderIds": []}, QUOTAS: Refusal("NoSuchResourceException")}, "AWS shows no rate"),
    (EMAIL, local({SUBSCRIPTIONS: subscriptions()}, AlarmEmail=""), "sends no e-mail"),
    (TABLES, local({TABLE: {"Table": {"DeletionProtectionEnabled": False}}}), "does not protect its tables (DossiersTable: no deletion protection"),
    (APOLOGY, with_stack(created=NOW - timedelta(hours=3)), "younger than a day"),
    (APOLOGY, local({METRICS: metrics()}), "makes no metrics"),
    (RECEIPT, with_stack(outputs={"ReceiptsFunction": None}), "no ReceiptsFunction"),
    (RECEIPT, {METRICS: metrics()}, "no notice was sent"),
    (RECEIPT, {METRICS: metrics(NoticesSent={NOW - timedelta(minutes=5): 1.0})}, "no notice was sent"),  # its receipt may still come
]


@pytest.mark.parametrize(("title", "changes", "words"), NOT_APPLICABLE)
def test_what_does_not_apply_is_no_problem(title, changes, words):
    mark, sentence = outcome(CHECK[title], recorded(changes))
    assert (mark, words in sentence) == ("–", True), sentence


GOOD = [
    (SPEND, attributes(MonthlySpendLimit="31056"), "the limit is 31,056 USD a month; the plan is 31,056 USD"),
    (SPEND, {**sender("sns", SmsAccents="strip"), **attributes(MonthlySpendLimit="10913")}, ": 78,000 parts"),
    (POLICY_FOR_SNS, policy(Action=["sms-voice:Describe*", "sms-voice:Send*"], Principal={"Service": ["connect.amazonaws.com", "sns.amazonaws.com"]}), "lets SNS send"),
    (POLICY_FOR_SNS, policy(Principal="*", Action="sms-voice:*", Condition={}), "lets SNS send"),
    (RATE, {QUOTAS: quotas()}, "the rate of the sender ID is 20 a second"),
    (RATE, {**sender("sns", SmsSenderId="")}, "the rate of the account (Transactional SMS Message Delivery Rate per Second) is 20"),
    (RATE, sender("sns", SmsPartsPerSecond="20"), "SmsPartsPerSecond is 20"),
    (LAMBDA, executions(1000, 200), "200 of 1000"),
    (LOGGING, {FILTERS: subscription_filter(OTHER, RECEIPTS)}, "reads both log groups"),
    (LOGGING, {**sender("aws-sms"), SETS: configuration_set(destination(SnsDestination={"TopicArn": TOPIC}), TO_A_LOG)}, "to ReceiptsFunction"),
    (LOGGING, {**sender("aws-sms"), **with_stack(parameters={"SmsSender": "aws-sms"}, outputs={"ReceiptsFunction": None})}, "no ReceiptsFunction"),
    (SECRETS, {SECRET: secrets(intake={"current": "whsec_" + "A" * 24})}, "are filled"),
    (LOGGING, {**with_stack(outputs={"ReceiptsFunction": None}), FILTERS: NOT_FOUND}, "no ReceiptsFunction"),
    (EMAIL, {SUBSCRIPTIONS: subscriptions(f"{TOPIC}:1", f"{TOPIC}:2")}, "2 confirmed"),
    (SECRETS, {SECRET: secrets(intake={"current": "Ab3" * 14 + "Cd", "previous": None})}, "IntakeSecret and GatewaySecret are filled"),  # as the stack makes it
    (SECRETS, {SECRET: secrets(carriers={})}, "IntakeSecret and GatewaySecret are filled"),  # AWS needs none
    (SECRETS, with_stack(outputs={"CallbackSecret": CALL_BACKS}), "IntakeSecret and GatewaySecret and CallbackSecret are filled"),
    (SECRETS, with_stack(outputs={"CallbackSecret": ""}), "IntakeSecret and GatewaySecret are filled"),  # without CallbackUrl
    *[(SECRETS, sender(name), "IntakeSecret and GatewaySecret and SmsSecret are filled") for name in CARRIERS],
    (RULES, {}, "all 4 are enabled"),
    (RULES, {("cloudformation", "list_stack_resources"): resources(rules=[rule.rpartition("|")[2] for rule in RULES_OF_STACK])}, "all 4 are enabled"),  # the local stack
    (APOLOGY, {}, "ran at 2026-11-25 17:35 (Vietnam)"),
    (RECEIPT, {}, "recorded at 2026-11-26 09:00 (Vietnam)"),
    ("stack", sender(None), "stage prod, SmsSender=sns"),  # a stack of before the parameter
]


@pytest.mark.parametrize(("title", "changes", "words"), GOOD)
def test_what_is_right_says_what_was_found(title, changes, words):
    mark, sentence = outcome(CHECK[title], recorded(changes))
    assert (mark, words in sentence) == ("✓", True), sentence


def reads_of(title, changes=()):
    calls = []
    outcome(CHECK[title], recorded(changes, calls))
    return {(service, operation) for service, operation, *_ in calls}


EVERY_READ = [(title, changes, read) for changes in (sender("sns"), sender("aws-sms")) for title in CHECK for read in sorted(reads_of(title, changes))]


@pytest.mark.parametrize(("title", "changes", "read"), [case for case in EVERY_READ if case[2] != ("cloudformation", "describe_stacks")])
@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "AuthorizationError"])
def test_a_denied_permission_is_a_problem_that_names_the_action(title, changes, read, code):
    mark, sentence = outcome(CHECK[title], recorded({**changes, read: Refusal(code, "User: somebody is not authorized")}))
    service, operation = read
    assert mark == "✗" and f"allow {READS[service][operation]} for" in sentence, sentence


def test_the_stack_that_may_not_be_described_is_one_problem():
    denied = {("cloudformation", "describe_stacks"): Refusal("AccessDenied", "not authorized to perform: cloudformation:DescribeStacks on resource: x")}
    stack = recorded(denied, calls := [])
    lines = {title: outcome(check, stack) for title, check in CHECKS}
    assert lines["stack"].mark == "✗" and "allow cloudformation:DescribeStacks" in lines["stack"].sentence
    assert lines[LAMBDA].mark == "✓", "it needs nothing of the stack"
    assert {result.mark for title, result in lines.items() if title not in ("stack", LAMBDA)} == {"–"}
    assert [call[:2] for call in calls] == [("cloudformation", "describe_stacks"), ("lambda", "get_account_settings")]


def test_the_action_that_aws_names_counts_before_ours():
    message = "User: arn:aws:iam::1:user/x is not authorized to perform: sms-voice:DescribeSpendLimits because no identity-based policy allows it"
    assert "allow sms-voice:DescribeSpendLimits" in outcome(CHECK[SPEND], recorded({ATTRIBUTES: Refusal("AuthorizationError", message)})).sentence


class BotoCoreError(Exception):
    """As botocore names it."""


class EndpointConnectionError(BotoCoreError):
    pass


class NoCredentialsError(BotoCoreError):
    pass


@pytest.mark.parametrize(("error", "words"), [
    (EndpointConnectionError(), "sns cannot be reached (EndpointConnectionError)"),
    (NoCredentialsError(), "no valid AWS credentials (NoCredentialsError)"),
    (Refusal("ExpiredToken"), "no valid AWS credentials (ExpiredToken)"),
    (Refusal("Throttled"), "sns:GetSMSAttributes with the error Throttled"),
    (Refusal("InvalidAction"), "with the error InvalidAction"),
    (KeyError(PHONE), "the check itself failed (KeyError in "),
])
def test_what_goes_wrong_with_a_read_is_a_problem(error, words):
    mark, sentence = outcome(CHECK[SPEND], recorded({ATTRIBUTES: error}))
    assert (mark, words in sentence, PHONE in sentence) == ("✗", True, False), sentence


def test_the_local_stack_has_its_own_limit_of_executions():
    assert outcome(CHECK[LAMBDA], recorded(executions(48, 48), is_local=True)).mark == "–"


@pytest.mark.parametrize("code", ["InvalidAction", "UnknownOperationException", "400"])
def test_what_the_local_stack_does_not_have_does_not_apply(code):
    assert outcome(CHECK[SPEND], recorded({ATTRIBUTES: Refusal(code)}, is_local=True)) == ("–", "the local stack does not have sns:GetSMSAttributes")


def test_all_pages_are_read():
    pages = [{"Quotas": [], "NextToken": "2"}, quotas(Transactional_SMS_Message_Delivery_Rate_per_Second=3.0)]
    assert "is 3 a second" in outcome(CHECK[RATE], recorded({QUOTAS: pages})).sentence


def test_the_plan_is_that_of_make_cost():
    assert Plan.of({}) == Plan() and Plan.of({"DOSSIERS": ""}) == Plan()
    assert Plan.of({"DOSSIERS": "1000", "SUPPLEMENTS": "0", "APOLOGIES": "50", "SNS_USD": "0.02"}).usd("keep") == pytest.approx(1000 * (3 + 2) * 0.02)
    for name, text in [("DOSSIERS", "many"), ("SNS_USD", "-1"), ("APOLOGIES", "nan")]:
        with pytest.raises(ValueError, match=f"{name}={text}: a number, 0 or more"):
            Plan.of({name: text})


def test_the_defaults_are_those_of_the_bill():
    cost = (ROOT / "tests/bench/src/bin/cost.rs").read_text()
    for name, value in [("DOSSIERS", "60_000.0"), ("SUPPLEMENTS", "10.0"), ("APOLOGIES", "10.0"), ("SNS_USD", "prices::SMS_PART.usd")]:
        assert f'number("{name}", {value})' in cost
    assert "usd: 0.139_89," in (ROOT / "tests/bench/src/prices.rs").read_text()
    assert "([3, 3, 4], [1, 1, 2])" in (ROOT / "tests/bench/src/bill.rs").read_text()


def test_the_template_has_what_the_checks_read():
    template = (ROOT / "template.yaml").read_text()
    for name in {*OUTPUTS, *PARAMETERS}:
        assert f"\n  {name}:" in template, name
    assert f"ThrottlingBurstLimit: {LEAST_EXECUTIONS}\n" in template
    assert "RetentionInDays: !Ref LogRetentionDays" in (ROOT / "infra/delivery-logging.yaml").read_text(), "a problem of delivery logging says so"


@pytest.mark.parametrize("carrier", CARRIERS)
def test_what_a_carrier_needs_is_what_the_functions_read(carrier):
    read = "".join((ROOT / path).read_text() for path in (f"functions/adapters/src/sms/{carrier}.rs", "functions/receipts/src/call_back.rs"))
    for name in parts.CARRIERS[carrier]:
        assert re.search(rf"\b{name.rpartition('.')[2]}: (String|Dlr),|\"{name}\"", read), name
    assert outcome(CHECK[SECRETS], recorded(sender(carrier))).mark == "✓"
