"""infra/delivery-logging.yaml: its function sets SNS's delivery logging, puts the earlier setting back, and always answers CloudFormation."""

import io
import json
import re
import sys
import types
import zipfile
from pathlib import Path

import pytest
import yaml

TEMPLATE = Path(__file__).resolve().parents[2] / "infra" / "delivery-logging.yaml"


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's tags: !Ref x is {"Ref": "x"}."""


def tagged(loader, tag, node):
    read = {"scalar": loader.construct_scalar, "sequence": loader.construct_sequence, "mapping": loader.construct_mapping}[node.id]
    return {tag: read(node, deep=True) if node.id != "scalar" else read(node)}


Loader.add_multi_constructor("!", tagged)
RESOURCES = yaml.load(TEMPLATE.read_text(), Loader)["Resources"]
CODE = RESOURCES["Function"]["Properties"]["Code"]["ZipFile"]

DELIVERED = "sns/ap-southeast-1/123456789012/DirectPublishToPhoneNumber"
FAILED = DELIVERED + "/Failure"
OURS = "arn:aws:iam::123456789012:role/onestop-DeliveryLogging-1A-SnsLogRole-2B"
THEIRS = "arn:aws:iam::123456789012:role/sms-logs"
OTHERS = "arn:aws:iam::123456789012:role/set-since"
RECEIPTS = "arn:aws:lambda:ap-southeast-1:123456789012:function:onestop-ReceiptsFunction-3C"
FILTER = "onestop-DeliveryLogging-1A"
ROLE, RATE = "DeliveryStatusIAMRole", "DeliveryStatusSuccessSamplingRate"
ANSWER_URL = "https://cloudformation-custom-resource-response.s3.amazonaws.com/?X-Amz-Signature=hidden"
ASKED = {"ServiceToken": "arn", "ServiceTimeout": "600", "RoleArn": OURS, "EarlierRoleArn": "", "LogGroups": [DELIVERED, FAILED],
         "RetentionInDays": "90", "FilterName": FILTER, "FunctionArn": RECEIPTS}


class ClientError(Exception):
    """botocore's: the same text, and the code in the same place."""

    def __init__(self, code, text, operation):
        super().__init__(f"An error occurred ({code}) when calling the {operation} operation: {text}")
        self.response = {"Error": {"Code": code, "Message": text}}


class Account:
    """What SNS and CloudWatch Logs keep, as far as the function uses them. `refusals` are errors of an operation, None for as long as asked."""

    def __init__(self, attributes=(), groups=()):
        self.attributes, self.groups = dict(attributes), {name: {"retention": None, "filters": {}} for name in groups}
        self.roles, self.refusals, self.calls = {OURS, THEIRS, OTHERS}, {}, []
        self.may_not_pass, self.empty_rate_is_valid = set(), True

    def refuse(self, operation, code, text="no", times=None):
        self.refusals[operation] = [code, text, times]

    def client(self, _service):
        return self

    def __getattr__(self, operation):
        if operation.startswith("_"):
            raise AttributeError(operation)

        def call(**values):
            self.calls.append(operation)
            name = "".join(word.capitalize() for word in operation.split("_"))
            code, text, times = self.refusals.get(operation, (None, "", 0))
            if code and times != 0:
                self.refusals[operation][2] = times and times - 1
                raise ClientError(code, text, name)
            return getattr(self, f"_{operation}")(lambda code, text: ClientError(code, text, name), **values)
        return call

    def _get_sms_attributes(self, _error, attributes):
        set_now = {name: value for name, value in self.attributes.items() if name in attributes}
        return {"attributes": set_now} if set_now else {}

    def _set_sms_attributes(self, error, attributes):
        if attributes.get(ROLE, "") not in self.roles | {""}:
            raise error("InvalidParameter", f"Invalid parameter: {attributes[ROLE]} is not a valid role to allow SNS to write to Cloudwatch Logs")
        if attributes.get(ROLE) in self.may_not_pass:
            raise error("AuthorizationError", f"not authorized to perform: iam:PassRole on resource: {attributes[ROLE]}")
        if attributes.get(RATE) == "" and not self.empty_rate_is_valid:
            raise error("InvalidParameter", f"Invalid parameter: {RATE}")
        self.attributes.update(attributes)
        self.attributes = {name: value for name, value in self.attributes.items() if value}

    def _create_log_group(self, error, logGroupName):
        if logGroupName in self.groups:
            raise error("ResourceAlreadyExistsException", "The specified log group already exists")
        self.groups[logGroupName] = {"retention": None, "filters": {}}

    def _put_retention_policy(self, _error, logGroupName, retentionInDays):
        assert isinstance(retentionInDays, int)
        self.groups[logGroupName]["retention"] = retentionInDays

    def _put_subscription_filter(self, error, logGroupName, filterName, filterPattern, destinationArn):
        filters = self.groups[logGroupName]["filters"]
        if filterName not in filters and len(filters) == 2:
            raise error("LimitExceededException", "Resource limit exceeded.")
        assert filterPattern == ""
        filters[filterName] = destinationArn

    def _delete_subscription_filter(self, error, logGroupName, filterName):
        if filterName not in self.groups.get(logGroupName, {"filters": {}})["filters"]:
            raise error("ResourceNotFoundException", "The specified resource does not exist.")
        del self.groups[logGroupName]["filters"][filterName]

    def filters(self):
        return {name: group["filters"] for name, group in self.groups.items()}

    def retentions(self):
        return {name: group["retention"] for name, group in self.groups.items()}


class Clock:
    """Lambda's context and the module time: waiting takes the time that is left."""

    log_stream_name = "2026/10/01/[$LATEST]abc"

    def __init__(self):
        self.left = 120

    def sleep(self, seconds):
        self.left -= seconds

    def get_remaining_time_in_millis(self):
        return self.left * 1000


class Answer:
    def __init__(self, status, physical_id, reason):
        self.status, self.id, self.reason = status, physical_id, reason


@pytest.fixture
def deploy(monkeypatch):
    """Runs the template's code on an account as Lambda does, and returns what CloudFormation is told."""
    def run(account, kind, physical_id=None, **properties):
        answers, clock = [], Clock()

        def send(event, context, status, data, physicalResourceId=None, noEcho=False, reason=None):
            assert event["ResponseURL"] == ANSWER_URL and context is clock and data == {} and not noEcho
            answers.append(Answer(status, physicalResourceId, reason))

        for name, members in {"boto3": {"client": account.client}, "botocore": {}, "botocore.exceptions": {"ClientError": ClientError},
                              "cfnresponse": {"SUCCESS": "SUCCESS", "FAILED": "FAILED", "send": send}, "time": {"sleep": clock.sleep}}.items():
            module = types.ModuleType(name)
            vars(module).update(members)
            monkeypatch.setitem(sys.modules, name, module)
        index = {"__name__": "index"}
        exec(compile(CODE, "index.py", "exec"), index)  # noqa: S102
        event = {"RequestType": kind, "ResponseURL": ANSWER_URL, "StackId": "s", "RequestId": "r", "LogicalResourceId": "DeliveryLogging",
                 "ResourceProperties": ASKED | properties}
        index["handler"](event | ({"PhysicalResourceId": physical_id} if physical_id else {}), clock)
        monkeypatch.undo()
        [answer] = answers
        assert answer.id and len(answer.id.encode()) <= 1024, "CloudFormation keeps 1 KB"
        assert len(json.dumps(vars(answer))) < 3500, "CloudFormation takes 4,096 bytes"
        assert "X-Amz-Signature" not in str(vars(answer))
        if kind != "Create":
            assert answer.id == physical_id, "another id would have the old one deleted"
        return answer
    return run


def created(deploy, account, **properties):
    answer = deploy(account, "Create", **properties)
    assert (answer.status, answer.reason) == ("SUCCESS", None)
    return answer.id


def test_a_new_account(deploy):
    account = Account()
    physical_id = created(deploy, account)
    assert account.attributes == {ROLE: OURS, RATE: "100"}
    assert account.filters() == {DELIVERED: {FILTER: RECEIPTS}, FAILED: {FILTER: RECEIPTS}}
    assert account.retentions() == {DELIVERED: 90, FAILED: 90}
    assert json.loads(physical_id) == {"role": "", "rate": "", "made": [0, 1]}

    assert deploy(account, "Delete", physical_id).status == "SUCCESS"
    assert account.attributes == {}
    assert account.filters() == {DELIVERED: {}, FAILED: {}}, "the groups stay, with their entries"


def test_what_was_set_before_is_put_back_and_other_attributes_are_not_touched(deploy):
    before = {ROLE: THEIRS, RATE: "10", "DefaultSMSType": "Transactional", "MonthlySpendLimit": "50"}
    account = Account(before)
    physical_id = created(deploy, account, EarlierRoleArn=THEIRS)
    assert account.attributes == before | {ROLE: OURS, RATE: "100"}
    assert deploy(account, "Delete", physical_id, EarlierRoleArn=THEIRS).status == "SUCCESS"
    assert account.attributes == before


def test_an_earlier_role_that_could_not_be_put_back_is_refused_and_nothing_is_changed(deploy):
    account = Account({ROLE: THEIRS, RATE: "10"})
    answer = deploy(account, "Create")
    assert answer.status == "FAILED" and THEIRS in answer.reason and "EarlierRoleArn" in answer.reason
    assert deploy(account, "Delete", answer.id).status == "SUCCESS"
    assert account.attributes == {ROLE: THEIRS, RATE: "10"} and account.groups == {}


def test_a_rate_without_a_role_is_put_back(deploy):
    account = Account({RATE: "25"})
    physical_id = created(deploy, account)
    assert deploy(account, "Delete", physical_id).status == "SUCCESS"
    assert account.attributes == {RATE: "25"}


def test_the_longest_role_fits_into_the_physical_id(deploy):
    longest = f"arn:aws-us-gov:iam::123456789012:role/{'p' * 510}/{'n' * 64}"
    account = Account({ROLE: longest, RATE: "100"})
    assert json.loads(created(deploy, account, EarlierRoleArn=longest))["role"] == longest


def test_log_groups_that_exist_keep_their_retention_and_their_filters(deploy):
    account = Account(groups=[DELIVERED])
    account.groups[DELIVERED] = {"retention": 7, "filters": {"somebody": "arn:other"}}
    physical_id = created(deploy, account)
    assert account.retentions() == {DELIVERED: 7, FAILED: 90}
    assert account.filters()[DELIVERED] == {"somebody": "arn:other", FILTER: RECEIPTS}
    assert deploy(account, "Update", physical_id, RetentionInDays="30").status == "SUCCESS"
    assert account.retentions() == {DELIVERED: 7, FAILED: 30}, "only a group that this stack made follows its retention"
    assert deploy(account, "Delete", physical_id).status == "SUCCESS"
    assert account.filters() == {DELIVERED: {"somebody": "arn:other"}, FAILED: {}}


def test_an_update_sets_the_new_values_and_keeps_what_was_set_before(deploy):
    account = Account({ROLE: THEIRS})
    physical_id = created(deploy, account, EarlierRoleArn=THEIRS)
    new = {"RoleArn": OTHERS, "FunctionArn": RECEIPTS + "-new", "EarlierRoleArn": THEIRS}
    assert deploy(account, "Update", physical_id, **new).status == "SUCCESS"
    assert account.attributes == {ROLE: OTHERS, RATE: "100"}
    assert account.filters() == {DELIVERED: {FILTER: RECEIPTS + "-new"}, FAILED: {FILTER: RECEIPTS + "-new"}}
    assert deploy(account, "Delete", physical_id, **new).status == "SUCCESS"
    assert account.attributes == {ROLE: THEIRS}


def test_an_update_makes_a_log_group_that_somebody_deleted_again(deploy):
    account = Account(groups=[FAILED])
    physical_id = created(deploy, account)
    del account.groups[FAILED]
    assert deploy(account, "Update", physical_id).status == "SUCCESS"
    assert account.groups[FAILED] == {"retention": 90, "filters": {FILTER: RECEIPTS}}


def test_an_update_keeps_the_earlier_role(deploy):
    account = Account({ROLE: THEIRS})
    physical_id = created(deploy, account, EarlierRoleArn=THEIRS)
    answer = deploy(account, "Update", physical_id)
    assert answer.status == "FAILED" and THEIRS in answer.reason


@pytest.mark.parametrize("since", [{ROLE: OTHERS, RATE: "50"}, {RATE: "50"}])
def test_what_somebody_else_set_since_is_left_alone(deploy, since):
    account = Account()
    physical_id = created(deploy, account)
    account.attributes = dict(since)
    assert deploy(account, "Delete", physical_id).status == "SUCCESS"
    assert account.attributes == since
    assert account.filters() == {DELIVERED: {}, FAILED: {}}


def test_of_two_stacks_either_may_be_deleted_first(deploy):
    second = {"RoleArn": OTHERS, "FilterName": "second", "EarlierRoleArn": OURS}
    for first_one_first in (True, False):
        account = Account()
        first_id, second_id = created(deploy, account), created(deploy, account, **second)
        assert account.filters()[FAILED] == {FILTER: RECEIPTS, "second": RECEIPTS}
        if first_one_first:
            assert deploy(account, "Delete", first_id).status == "SUCCESS"
            assert account.attributes[ROLE] == OTHERS and account.filters()[FAILED] == {"second": RECEIPTS}
            account.roles.remove(OURS)
            assert deploy(account, "Delete", second_id, **second).status == "SUCCESS"
        else:
            assert deploy(account, "Delete", second_id, **second).status == "SUCCESS"
            assert account.attributes[ROLE] == OURS and account.filters()[FAILED] == {FILTER: RECEIPTS}
            assert deploy(account, "Delete", first_id).status == "SUCCESS"
        assert ROLE not in account.attributes and account.filters() == {DELIVERED: {}, FAILED: {}}


@pytest.mark.parametrize("full", [DELIVERED, FAILED])
def test_a_third_filter_is_refused_with_the_reason_and_the_first_is_taken_back(deploy, full):
    account = Account(groups=[DELIVERED, FAILED])
    account.groups[full]["filters"] = {"a": "arn:a", "b": "arn:b"}
    answer = deploy(account, "Create")
    assert answer.status == "FAILED" and f"{full} has two subscription filters already" in answer.reason
    assert account.attributes == {}
    assert deploy(account, "Delete", answer.id).status == "SUCCESS"
    assert account.filters() == {DELIVERED: {}, FAILED: {}} | {full: {"a": "arn:a", "b": "arn:b"}}


@pytest.mark.parametrize(("operation", "code"), [
    ("get_sms_attributes", "AuthorizationError"), ("create_log_group", "AccessDeniedException"), ("put_retention_policy", "AccessDeniedException"),
    ("put_subscription_filter", "AccessDeniedException"), ("set_sms_attributes", "AuthorizationError"),
])
def test_a_missing_permission_is_named_and_the_failed_create_can_be_deleted(deploy, operation, code):
    account = Account({RATE: "25"})
    denied = f"User: arn:aws:sts::123456789012:assumed-role/x is not authorized to perform: {operation}"
    account.refuse(operation, code, denied)
    answer = deploy(account, "Create")
    assert answer.status == "FAILED" and denied in answer.reason
    assert account.calls.count(operation) > 5, "it waited for a new role to be known everywhere"
    assert deploy(account, "Delete", answer.id).status == "SUCCESS"
    assert account.attributes == {RATE: "25"} and not any(account.filters().values())


@pytest.mark.parametrize(("operation", "code"), [
    ("get_sms_attributes", "AuthorizationError"), ("put_subscription_filter", "InvalidParameterException"),
    ("put_subscription_filter", "OperationAbortedException"), ("set_sms_attributes", "InvalidParameter"), ("set_sms_attributes", "Throttled"),
])
def test_what_passes_in_the_first_seconds_is_waited_for(deploy, operation, code):
    account = Account()
    account.refuse(operation, code, times=4)
    created(deploy, account)
    assert account.attributes == {ROLE: OURS, RATE: "100"}


def test_a_create_that_gave_no_answer_is_run_again_or_deleted(deploy):
    account = Account({ROLE: THEIRS, RATE: "10"})
    created(deploy, account, EarlierRoleArn=THEIRS)  # Lambda's first run: its answer was lost
    again = created(deploy, account, EarlierRoleArn=THEIRS)
    assert json.loads(again)["role"] == THEIRS
    assert deploy(account, "Delete", "onestop-DeliveryLogging-1A-DeliveryLogging-9Z").status == "SUCCESS", "CloudFormation's own id"
    assert ROLE not in account.attributes and account.filters() == {DELIVERED: {}, FAILED: {}}


def test_a_delete_that_fails_is_reported_and_can_be_run_again(deploy):
    account = Account({ROLE: THEIRS, RATE: "10"})
    physical_id = created(deploy, account, EarlierRoleArn=THEIRS)
    account.may_not_pass = {THEIRS}
    answer = deploy(account, "Delete", physical_id, EarlierRoleArn=THEIRS)
    assert answer.status == "FAILED" and "iam:PassRole on resource: " + THEIRS in answer.reason
    assert account.attributes[ROLE] == OURS, "it is not cleared instead: the next try still knows what was before"
    account.may_not_pass = set()
    assert deploy(account, "Delete", physical_id, EarlierRoleArn=THEIRS).status == "SUCCESS"
    assert account.attributes == {ROLE: THEIRS, RATE: "10"}


def test_a_delete_clears_the_role_even_if_sns_takes_no_empty_rate(deploy):
    account = Account()
    physical_id = created(deploy, account)
    account.empty_rate_is_valid = False
    assert deploy(account, "Delete", physical_id).status == "SUCCESS"
    assert account.attributes == {RATE: "100"}, "without a role it has no effect"


def test_a_delete_works_without_the_log_groups(deploy):
    account = Account()
    physical_id = created(deploy, account)
    account.groups.clear()
    assert deploy(account, "Delete", physical_id).status == "SUCCESS"
    assert account.attributes == {}


def test_any_other_error_is_answered_too(deploy):
    account = Account()
    assert "KeyError" in deploy(account, "Destroy", "x").reason
    account.refuse("create_log_group", "InternalFailure", "x" * 5000)
    answer = deploy(account, "Create")
    assert answer.status == "FAILED" and answer.reason.startswith("ClientError: An error occurred (InternalFailure)")
    assert account.calls.count("create_log_group") == 1, "nothing is waited for that will not pass"


def test_cloudformation_takes_the_code():
    assert "\nimport cfnresponse\n" in CODE, "CloudFormation looks for exactly this line"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("index.py", CODE)
    assert len(packed.getvalue()) < 4 * 1024 * 1024
    assert RESOURCES["Function"]["Properties"]["Handler"] == "index.handler"


def test_the_function_is_asked_for_what_it_reads():
    properties = RESOURCES["DeliveryLogging"]["Properties"]
    assert set(properties) == set(ASKED)
    assert [group["Sub"] for group in properties["LogGroups"]] == [
        "sns/${AWS::Region}/${AWS::AccountId}/DirectPublishToPhoneNumber", "sns/${AWS::Region}/${AWS::AccountId}/DirectPublishToPhoneNumber/Failure"]
    assert properties["FilterName"] == {"Ref": "AWS::StackName"}
    assert RESOURCES["DeliveryLogging"]["DependsOn"] == ["DeliveriesMayCall", "FailuresMayCall"], "CloudWatch Logs tries a call at once"
    assert properties["ServiceTimeout"] > RESOURCES["Function"]["Properties"]["Timeout"]


ARN = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:sns/${AWS::Region}/${AWS::AccountId}/DirectPublishToPhoneNumber"
GROUPS = [{"Sub": ARN + end} for end in ("", ":*", "/Failure", "/Failure:*")]


def statements(role):
    return RESOURCES[role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]


def test_sns_may_only_write_these_two_logs():
    assert statements("SnsLogRole") == [
        {"Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "Resource": GROUPS}]


def test_only_these_two_logs_may_call_the_function():
    permissions = [resource["Properties"] for resource in RESOURCES.values() if resource["Type"] == "AWS::Lambda::Permission"]
    assert [permission["SourceArn"] for permission in permissions] == [GROUPS[1], GROUPS[3]]
    for permission in permissions:
        assert permission["Principal"] == "logs.amazonaws.com" and permission["SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_the_function_may_do_what_it_does_and_no_more():
    asked = set(re.findall(r"\b(sns|logs)\.([a-z]+(?:_[a-z]+)+)", CODE))
    needed = {f"{service}:{''.join(word.capitalize() for word in operation.split('_'))}".replace("Sms", "SMS") for service, operation in asked}
    settings, limits, passing, groups, own_log = statements("Role")
    assert settings == {"Effect": "Allow", "Action": ["sns:GetSMSAttributes", "sns:SetSMSAttributes"], "Resource": "*"}
    assert needed == {*settings["Action"], *groups["Action"]}
    by_sns = {"ForAnyValue:StringEquals": {"aws:CalledVia": "sns.amazonaws.com"}}
    assert limits == {"Effect": "Allow", "Action": "sms-voice:DescribeSpendLimits", "Resource": "*", "Condition": by_sns}
    assert groups["Resource"] == GROUPS
    assert passing == {"Effect": "Allow", "Action": "iam:PassRole", "Condition": {"StringEquals": {"iam:PassedToService": "sns.amazonaws.com"}},
                       "Resource": [{"GetAtt": "SnsLogRole.Arn"}, {"If": ["HasEarlierRole", {"Ref": "EarlierRoleArn"}, {"Ref": "AWS::NoValue"}]}]}
    assert own_log == {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": {"GetAtt": "Log.Arn"}}
    assert all("ManagedPolicyArns" not in resource.get("Properties", {}) for resource in RESOURCES.values())
