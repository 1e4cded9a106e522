"""What the functions reported lately: the last apology run, the last receipt."""

from datetime import timedelta, timezone

from .delivery_log import source_of_receipts
from .result import not_applicable, ok, problem

VIETNAM = timezone(timedelta(hours=7))
DAY, EVENING_RUN = timedelta(hours=24), timedelta(hours=25)
# A receipt can be some minutes late. AWS writes some hours late, and those of a whole day are not all late.
TIME_FOR_A_RECEIPT = timedelta(minutes=15)
PERIOD = 300  # seconds


def last_apology(stack):
    if stack.now - stack.description["CreationTime"] < EVENING_RUN:
        return not_applicable("the stack is younger than a day: run the check again after 17:35")
    runs = points(stack, EVENING_RUN, "ApologyRuns")["ApologyRuns"]
    if runs:
        return ok(f"ApologyFunction ran at {vietnam(runs[0])}")
    if stack.is_local_stage:
        return not_applicable("the local stack makes no metrics of log lines")
    return problem("ApologyFunction did not run in the last 25 hours: read its log, and docs/runbook.md#apologydidnotrun")


def last_receipt(stack):
    if "ReceiptsFunction" not in stack.outputs:
        return not_applicable("this stack has no ReceiptsFunction")
    found = points(stack, DAY, "ReceiptsRecorded", "NoticesSent")
    receipts = found["ReceiptsRecorded"]
    if receipts:
        return ok(f"recorded at {vietnam(receipts[0])}")
    if any(at <= stack.now - TIME_FOR_A_RECEIPT for at in found["NoticesSent"]):
        return problem(f"notices were sent in the last 24 hours, and no receipt was recorded: {source_of_receipts(stack)}")
    return not_applicable("no notice was sent in the last 24 hours: SEND=<your phone> sends one")


def points(stack, back, *names):
    """The times at which each metric was above zero, newest first, in periods of PERIOD seconds."""
    dimensions = [{"Name": "stage", "Value": stack.stage}]
    queries = [{"Id": f"m{index}", "MetricStat": {"Metric": {"Namespace": "OneStop", "MetricName": name, "Dimensions": dimensions}, "Period": PERIOD, "Stat": "Sum"}}
               for index, name in enumerate(names)]
    answer = stack.aws.read("cloudwatch", "get_metric_data", MetricDataQueries=queries, StartTime=stack.now - back, EndTime=stack.now)
    found = {one["Id"]: zip(one["Timestamps"], one["Values"]) for one in answer["MetricDataResults"]}
    return {name: sorted((at for at, value in found.get(f"m{index}", []) if value > 0), reverse=True) for index, name in enumerate(names)}


def vietnam(instant):
    return f"{instant.astimezone(VIETNAM):%Y-%m-%d %H:%M} (Vietnam)"
