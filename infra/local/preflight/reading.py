"""Reads from AWS, and nothing else: READS has every operation that a check may call."""

import re

from .result import not_applicable, problem

# The client of boto3, its method, and the IAM action that permits it. Add a read here before a check uses it, and never a write.
READS = {
    "cloudformation": {"describe_stacks": "cloudformation:DescribeStacks", "list_stack_resources": "cloudformation:ListStackResources"},
    "cloudwatch": {"get_metric_data": "cloudwatch:GetMetricData"},
    "dynamodb": {
        "describe_continuous_backups": "dynamodb:DescribeContinuousBackups",
        "describe_table": "dynamodb:DescribeTable",
        "describe_time_to_live": "dynamodb:DescribeTimeToLive",
        "get_item": "dynamodb:GetItem",  # only for SEND: the row of the test message
    },
    "events": {"describe_rule": "events:DescribeRule", "list_rule_names_by_target": "events:ListRuleNamesByTarget"},
    "lambda": {"get_account_settings": "lambda:GetAccountSettings", "list_event_source_mappings": "lambda:ListEventSourceMappings"},
    "logs": {"describe_subscription_filters": "logs:DescribeSubscriptionFilters"},
    "pinpoint-sms-voice-v2": {
        "describe_account_attributes": "sms-voice:DescribeAccountAttributes",
        "describe_configuration_sets": "sms-voice:DescribeConfigurationSets",
        "describe_sender_ids": "sms-voice:DescribeSenderIds",
        "describe_spend_limits": "sms-voice:DescribeSpendLimits",
        "get_resource_policy": "sms-voice:GetResourcePolicy",
    },
    "secretsmanager": {"get_secret_value": "secretsmanager:GetSecretValue"},
    "service-quotas": {"list_service_quotas": "servicequotas:ListServiceQuotas"},
    "sns": {
        "get_sms_attributes": "sns:GetSMSAttributes",
        "get_sms_sandbox_account_status": "sns:GetSMSSandboxAccountStatus",
        "list_subscriptions_by_topic": "sns:ListSubscriptionsByTopic",
    },
}

DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException", "UnauthorizedOperation"}
CREDENTIALS = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch",
               "InvalidSignatureException", "InvalidAccessKeyId", "AuthFailure", "RequestExpired"}
# What the local stack answers to an operation, or to a whole service, that it does not have. AWS has them all.
NOT_ON_THE_LOCAL_STACK = {"InvalidAction", "UnknownOperationException", "NotImplemented", "400", "404", "501"}


class NotRead(Exception):
    """A read without an answer. `result` is the line of the check that needed it."""

    def __init__(self, result):
        super().__init__(result.sentence)
        self.result = result


class Refused(NotRead):
    """An error of the service. Some are an answer to a check, e.g. ResourceNotFoundException."""

    def __init__(self, code, action):
        super().__init__(problem(f"AWS answers {action} with the error {code}: run the check again, and read AWS's page about this error if it stays"))
        self.code = code


class Reader:
    """`client_of(service)` makes a client of boto3. `is_local`: an unknown operation does not count as a problem."""

    def __init__(self, client_of, is_local=False):
        self.client_of, self.is_local, self.clients = client_of, is_local, {}

    def read(self, service, operation, **parameters):
        """The answer of one operation of READS; raises NotRead."""
        action = READS.get(service, {}).get(operation)
        if action is None:
            raise PermissionError(f"{service} {operation} is not in READS: preflight only reads")
        try:
            if service not in self.clients:
                self.clients[service] = self.client_of(service)
            return getattr(self.clients[service], operation)(**parameters)
        except Exception as error:
            raise self.meaning_of(error, service, action) from error

    def all(self, service, operation, member, **parameters):
        """The list `member` of all pages, for operations whose pages are linked by NextToken."""
        answer = self.read(service, operation, **parameters)
        found = list(answer.get(member, []))
        while answer.get("NextToken"):
            answer = self.read(service, operation, **parameters, NextToken=answer["NextToken"])
            found += answer.get(member, [])
        return found

    def meaning_of(self, error, service, action):
        """The NotRead for an exception of boto3; an exception that is not boto3's stays what it is."""
        answer = getattr(error, "response", None)
        if answer is None:
            return without_answer(error, service)
        code, message = answer["Error"].get("Code", ""), answer["Error"].get("Message") or ""
        if code in DENIED:
            return NotRead(problem(f"not permitted: allow {needed(message, action)} for the credentials that run this check"))
        if code in CREDENTIALS:
            return NotRead(no_credentials(code))
        if self.is_local and code in NOT_ON_THE_LOCAL_STACK:
            return NotRead(not_applicable(f"the local stack does not have {action}"))
        return Refused(code, action)


def needed(message, action):
    """The action that AWS's message names, which can be another one: SNS also checks `sms-voice` actions.
    <https://docs.aws.amazon.com/sns/latest/dg/sns-sms-access-management.html>"""
    named = re.search(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)", message)
    return named[1] if named else action


def without_answer(error, service):
    """botocore's own errors, by name, because this module does not import it."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if "BotoCoreError" not in names or "ParamValidationError" in names:
        return error
    name = type(error).__name__
    if "Credential" in name or "Token" in name or "SSO" in name or "Profile" in name:
        return NotRead(no_credentials(name))
    return NotRead(problem(f"{service} cannot be reached ({name}): check the network and AWS_REGION, then run the check again"))


def no_credentials(why):
    return problem(f"no valid AWS credentials ({why}): sign in to the account of the stack again")
