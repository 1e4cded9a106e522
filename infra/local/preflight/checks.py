"""The checks in the order in which they are printed."""

from . import account, delivery_log, metrics, parts, sender_id
from .reading import NotRead
from .result import problem

CHECKS = [
    ("stack", parts.deployed),
    ("SMS sandbox", account.sandbox),
    ("spend limit", account.spend_limit),
    ("sender ID", sender_id.registered),
    ("sender ID for SNS", sender_id.resource_policy),
    ("SMS rate", account.sms_rate),
    ("delivery logging", delivery_log.delivery_logging),
    ("Lambda concurrency", account.lambda_concurrency),
    ("alarm e-mail", parts.alarm_email),
    ("secrets", parts.secrets),
    ("stream mapping", parts.stream_mapping),
    ("rules", parts.rules),
    ("tables", parts.tables),
    ("last apology", metrics.last_apology),
    ("last receipt", metrics.last_receipt),
]


def outcome(check, stack):
    """The check's result, whatever happens: one that cannot be done does not stop the others."""
    try:
        return check(stack)
    except Exception as error:
        return failure(error)


def failure(error):
    if isinstance(error, NotRead):
        return error.result
    # The text of another exception may contain what was read.
    return problem(f"the check itself failed ({type(error).__name__} in {where(error)}): report this line to the developers")


def where(error):
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
