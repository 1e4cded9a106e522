"""`make preflight`, run with the Python of SAM, which has boto3. STACK=onestop; AWS_ENDPOINT_URL for a local stack."""

import os
import sys
from datetime import datetime, timezone

from .checks import CHECKS, failure, outcome
from .deployment import Deployment
from .plan import Plan, number
from .reading import Reader
from .result import NOT_APPLICABLE, OK, PROBLEM
from .send import WAIT, send


def main():
    environment = os.environ
    try:
        plan, wait = Plan.of(environment), number("WAIT", environment.get("WAIT") or str(WAIT))
    except ValueError as error:
        print(f"✗ {error}")
        return 2
    environment.setdefault("AWS_DEFAULT_REGION", environment.get("AWS_REGION") or "ap-southeast-1")
    endpoint = environment.get("AWS_ENDPOINT_URL", "")
    if endpoint:  # a local stack, which accepts any key
        environment.setdefault("AWS_ACCESS_KEY_ID", "test")
        environment.setdefault("AWS_SECRET_ACCESS_KEY", "test")
    from .clients import client_of  # here, because the checks themselves need no boto3

    stack = Deployment(Reader(client_of, bool(endpoint)), environment.get("STACK") or "onestop", plan, datetime.now(timezone.utc), endpoint)
    return report(stack, environment.get("SEND", ""), wait)


def report(stack, phone, wait, say=print, message=send):
    """Prints a line for each check as soon as it is done. The exit status is 1 if there is a problem."""
    marks = []
    for title, result in results(stack, phone, wait, message):
        marks.append(result.mark)
        say(f"{result.mark} {title}: {result.sentence}", flush=True)
    say(", ".join(f"{marks.count(mark)} {mark}" for mark in (OK, PROBLEM, NOT_APPLICABLE)), flush=True)
    return 1 if PROBLEM in marks else 0


def results(stack, phone, wait, message):
    for title, check in CHECKS:
        yield title, outcome(check, stack)
    if phone:
        try:
            yield from message(stack, phone, wait)
        except Exception as error:
            yield "test message", failure(error)


if __name__ == "__main__":
    sys.exit(main())
