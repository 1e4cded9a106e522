"""The deployed stack, as CloudFormation describes it."""

from functools import cached_property

from .reading import NotRead
from .result import not_applicable, problem

AWS_SENDERS = ("sns", "aws-sms")


class Deployment:
    """Read at the first use, and once. `now` is in UTC; `endpoint` is the local stack's address, or empty on AWS."""

    def __init__(self, aws, name, plan, now, endpoint=""):
        self.aws, self.name, self.plan, self.now, self.endpoint = aws, name, plan, now, endpoint

    @cached_property
    def reading(self):
        """The description and None, or None and why it could not be read."""
        try:
            return self.aws.read("cloudformation", "describe_stacks", StackName=self.name)["Stacks"][0], None
        except NotRead as error:
            return None, error

    @property
    def description(self):
        described, error = self.reading
        if error:  # the check of the stack itself reports why
            raise NotRead(not_applicable("not checked, because the stack could not be read"))
        return described

    @cached_property
    def parameters(self):
        return {one["ParameterKey"]: one.get("ParameterValue", "") for one in self.description.get("Parameters", [])}

    @cached_property
    def outputs(self):
        return outputs_of(self.description)

    def output(self, name):
        if name not in self.outputs:
            raise NotRead(problem(f"the stack has no output {name}: make deploy"))
        return self.outputs[name]

    @cached_property
    def resources(self):
        return self.aws.all("cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=self.description["StackId"])

    @cached_property
    def sender_ids(self):
        """All of the account for Vietnam, since AWS answers with an error if it is asked for one that does not exist."""
        country = [{"Name": "iso-country-code", "Values": ["VN"]}]
        return self.aws.all("pinpoint-sms-voice-v2", "describe_sender_ids", "SenderIds", Filters=country)

    def nested(self, logical_id):
        """The outputs of a nested stack."""
        stack = next((one["PhysicalResourceId"] for one in self.resources if one["LogicalResourceId"] == logical_id), None)
        if stack is None:
            raise NotRead(problem(f"the stack has no nested stack {logical_id}: make deploy"))
        return outputs_of(self.aws.read("cloudformation", "describe_stacks", StackName=stack)["Stacks"][0])

    @property
    def stage(self):
        return self.parameters.get("Stage", "prod")

    @property
    def is_local_stage(self):
        return self.stage == "local"

    @property
    def sender(self):
        """SmsSender; a stack without the parameter sends through SNS."""
        return self.parameters.get("SmsSender") or "sns"

    @property
    def region(self):
        return self.description["StackId"].split(":")[3]

    @property
    def account(self):
        return self.description["StackId"].split(":")[4]

    def function_arn(self, output):
        partition = self.description["StackId"].split(":")[1]
        return f"arn:{partition}:lambda:{self.region}:{self.account}:function:{self.output(output)}"

    @property
    def api_url(self):
        """The local stack serves `https://<id>.execute-api…/<stage>` under its own address."""
        url = self.output("ApiUrl")
        if not self.endpoint:
            return url
        return f"{self.endpoint}/_aws/execute-api/{url.split('//')[1].split('.')[0]}/{url.rsplit('/', 1)[1]}"


def outputs_of(description):
    return {one["OutputKey"]: one["OutputValue"] for one in description.get("Outputs", [])}


def only_through_aws(check):
    """The check applies only if AWS sends the SMS."""
    def checked(stack):
        if stack.sender not in AWS_SENDERS:
            return not_applicable(f"SmsSender={stack.sender} sends through an operator's gateway, not through AWS")
        return check(stack)

    checked.__name__, checked.__doc__ = check.__name__, check.__doc__
    return checked
