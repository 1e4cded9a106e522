"""Processes again what failed too often: the changes of the dead-letter bucket, by NotifyFunction, the events of the queue of failed
receipts, by ReceiptsFunction, and the call-backs that were not accepted for a day: `make redrive`.

Lambda writes a batch of changes that failed too often to S3, with its content: <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>.
No notice is sent twice, however often this runs. An object is deleted when all its records have succeeded, so a second
redrive finds nothing to do. An event with receipts that failed too often becomes a message of the queue, with the event as its
`requestPayload`: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>. A receipt can be recorded twice without
harm. A message is deleted when its event has succeeded. A call-back is put back into its queue and retried for another day; its
receiver recognises it by its id. Runs with the Python of SAM, which has boto3. Stack: STACK=onestop.
"""

import contextlib
import json
import os
import re
import sys
from pathlib import Path

import boto3

TEMPLATE = Path(__file__).resolve().parents[1] / "callbacks.yaml"
KINDS = re.search(r"detail-type: \[(.*)\]", TEMPLATE.read_text())[1].split(", ")  # what CallbackFunction sends
HIDDEN = 900  # seconds that a message is hidden from others: ten invocations of a minute each, and a reserve


def main():
    os.environ.setdefault("AWS_DEFAULT_REGION", os.environ.get("AWS_REGION", "ap-southeast-1"))
    if "AWS_ENDPOINT_URL" in os.environ:  # a local stack, which accepts any key
        os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
        os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")
    stack = os.environ.get("STACK", "onestop")
    described = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    functions = boto3.client("lambda")
    processed, left = redrive_changes(functions, outputs)
    receipts_left = redrive_receipts(functions, outputs)
    callbacks_left = redrive_callbacks(outputs)
    print(f"{processed} objects processed again, {left} left in {outputs['FailedRecordsBucket']}")
    return 1 if left or receipts_left or callbacks_left else 0


def redrive_changes(functions, outputs):
    """Returns how many objects of the bucket were processed, and how many are left."""
    s3, bucket = boto3.client("s3"), outputs["FailedRecordsBucket"]
    processed = left = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for found in page.get("Contents", []):
            records = records_of(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read())
            failed = process(functions, outputs["NotifyFunction"], records)
            if failed:
                left += 1
                print(f"✗ {found['Key']}: {failed} of {len(records)} records failed again; the function's log has the reason. The object stays.")
            else:
                processed += 1
                s3.delete_object(Bucket=bucket, Key=found["Key"])
                print(f"✓ {found['Key']}: {len(records)} records")
    return processed, left


def records_of(body):
    """The batch inside Lambda's invocation record; its `payload` is the event as text."""
    record = json.loads(body)
    payload = record.get("payload", record)
    event = json.loads(payload) if isinstance(payload, str) else payload
    return event.get("Records", [])


def process(functions, function, records):
    """Processes the records one at a time, so that an unreadable one does not stop the others. Returns how many failed."""
    failed = 0
    for record in records:
        answer = functions.invoke(FunctionName=function, Payload=json.dumps({"Records": [record]}).encode())
        outcome = json.loads(answer["Payload"].read())
        failed += bool(answer.get("FunctionError")) or bool(outcome["batchItemFailures"])
    return failed


def redrive_receipts(functions, outputs):
    """Returns how many messages are left in the queue of failed receipts. A stack from before that output has none."""
    queue = outputs.get("FailedReceiptsQueue")
    if not queue:
        return 0
    sqs, processed, left = boto3.client("sqs"), 0, []
    for message in messages(sqs, queue):
        problem = record_receipts(functions, outputs["ReceiptsFunction"], message["Body"])
        if problem:
            left.append(message)
            print(f"✗ {message['MessageId']}: {problem}. The message stays.")
        else:
            processed += 1
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            print(f"✓ {message['MessageId']}: an event with receipts")
    for message in left:
        show(sqs, queue, message)
    print(f"{processed} events with receipts processed again, {len(left)} left in {queue.rpartition('/')[2]}")
    return len(left)


def messages(sqs, queue):
    """Each message of the queue once, until none is left that was not seen. Long polling asks all of SQS's servers."""
    seen = set()
    while True:
        received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=HIDDEN, WaitTimeSeconds=2)
        unseen = [message for message in received.get("Messages", []) if message["MessageId"] not in seen]
        if not unseen:
            return
        seen.update(message["MessageId"] for message in unseen)
        yield from unseen


def record_receipts(functions, function, body):
    """Has the event recorded again. Returns what is wrong, without the event, which contains phone numbers; None if it succeeded."""
    event = event_of(body)
    if event is None:
        return "no record of a failed invocation"
    answer = functions.invoke(FunctionName=function, Payload=json.dumps(event).encode())
    answer["Payload"].read()
    return "it failed again; the function's log has the reason" if answer.get("FunctionError") else None


def event_of(body):
    """The event inside Lambda's invocation record; None if the message is none."""
    try:
        record = json.loads(body)
    except ValueError:
        return None
    return record.get("requestPayload") if isinstance(record, dict) else None


def redrive_callbacks(outputs):
    """Returns how many messages are left in the dead-letter queue of call-backs. A stack without CallbackUrl has none."""
    failed, queue = outputs.get("FailedCallbacksQueue"), outputs.get("CallbackQueue")
    if not failed:
        return 0
    sqs, moved, left = boto3.client("sqs"), 0, []
    for message in messages(sqs, failed):
        if is_event(message["Body"]):
            sqs.send_message(QueueUrl=queue, MessageBody=message["Body"])
            sqs.delete_message(QueueUrl=failed, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
        else:
            left.append(message)
            print(f"✗ {message['MessageId']}: no event of the bus. The message stays.")
    for message in left:
        show(sqs, failed, message)
    print(f"{moved} call-backs are retried for another day, {len(left)} left in {failed.rpartition('/')[2]}")
    return len(left)


def is_event(body):
    """Whether CallbackFunction sends it."""
    try:
        event = json.loads(body)
    except ValueError:
        return False
    if not isinstance(event, dict) or not isinstance(event.get("detail"), dict):
        return False
    return event.get("detail-type") in KINDS and all(isinstance(event.get(name), str) for name in ("id", "time"))


def show(sqs, queue, message):
    """Ends the hiding of a message that stays, so that the next redrive finds it."""
    with contextlib.suppress(sqs.exceptions.ClientError):  # after a long run it is visible already
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)


if __name__ == "__main__":
    sys.exit(main())
