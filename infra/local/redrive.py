"""Processes the changes of the dead-letter bucket again, by NotifyFunction: `make redrive`.

Lambda writes a batch that failed too often to S3, with its content: <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>.
No notice is sent twice, however often this runs. An object is deleted when all its records have succeeded, so a second
redrive finds nothing to do. Runs with the Python of SAM, which has boto3. Stack: STACK=onestop.
"""

import json
import os
import sys

import boto3


def main():
    os.environ.setdefault("AWS_DEFAULT_REGION", os.environ.get("AWS_REGION", "ap-southeast-1"))
    if "AWS_ENDPOINT_URL" in os.environ:  # a local stack, which accepts any key
        os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
        os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")
    stack = os.environ.get("STACK", "onestop")
    described = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    s3, functions = boto3.client("s3"), boto3.client("lambda")
    bucket, function = outputs["FailedRecordsBucket"], outputs["NotifyFunction"]
    processed = left = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for found in page.get("Contents", []):
            records = records_of(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read())
            failed = process(functions, function, records)
            if failed:
                left += 1
                print(f"✗ {found['Key']}: {failed} of {len(records)} records failed again; the function's log has the reason. The object stays.")
            else:
                processed += 1
                s3.delete_object(Bucket=bucket, Key=found["Key"])
                print(f"✓ {found['Key']}: {len(records)} records")
    print(f"{processed} objects processed again, {left} left in {bucket}")
    return 1 if left else 0


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


if __name__ == "__main__":
    sys.exit(main())
