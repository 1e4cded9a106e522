"""The result notice in Python, as one would write it: boto3 and Powertools' batch."""

import json
import os
import time

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

logger = Logger(service="notify")
processor = BatchProcessor(event_type=EventType.DynamoDBStreams)
dynamodb = boto3.client("dynamodb")
sns = boto3.client("sns")
events = boto3.client("events")
reserved = {"until": 0}


def reserve():
    if reserved["until"] < time.time():
        reserved["until"] = time.time() + 1
        dynamodb.update_item(TableName=os.environ["CONTROL_TABLE"], Key={"name": {"S": "sms-rate"}},
                             UpdateExpression="SET free_at = :to",
                             ExpressionAttributeValues={":to": {"N": str(int(reserved["until"] * 1000))}})


def send_notice(record: DynamoDBRecord):
    old, new = record.dynamodb.old_image or {}, record.dynamodb.new_image
    if new["step"] != "Trả kết quả" or old.get("step") == new["step"] or not new.get("phone"):
        return
    key = {"receipt_code": {"S": new["receipt_code"]}, "notice": {"S": f"result#{new['revision']}"}}
    try:
        dynamodb.put_item(TableName=os.environ["NOTICES_TABLE"], ConditionExpression="attribute_not_exists(receipt_code)",
                          Item={**key, "state": {"S": "sending"}, "open_priority": {"S": "0"},
                                "due_at": {"N": str(int(time.time() + 1200) * 1000)}})
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return
    reserve()
    text = (f"TB: Hồ sơ của quý ông/bà (MS: {new['receipt_code']}) đã được giải quyết xong. Mời ông/bà đến Bộ phận Một cửa "
            "Sở Văn hóa và Thể thao để nhận kết quả")
    sent = sns.publish(PhoneNumber="+84" + new["phone"].removeprefix("0"), Message=text, MessageAttributes={
        "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}})
    dynamodb.update_item(TableName=os.environ["NOTICES_TABLE"], Key=key, ConditionExpression="#state = :sending",
                         UpdateExpression="SET #state = :sent, message_id = :id, #text = :text REMOVE open_priority, due_at",
                         ExpressionAttributeNames={"#state": "state", "#text": "text"},
                         ExpressionAttributeValues={":sending": {"S": "sending"}, ":sent": {"S": "sent"},
                                                    ":id": {"S": sent["MessageId"]}, ":text": {"S": text}})
    events.put_events(Entries=[{"EventBusName": os.environ["EVENT_BUS_NAME"], "Source": "onestop",
                                "DetailType": "Notice Sent", "Detail": json.dumps({"receipt_code": new["receipt_code"]})}])
    logger.info("a notice was sent", extra={"notice": key["notice"]["S"]})


def handler(event, context):
    return process_partial_response(event=event, record_handler=send_notice, processor=processor, context=context)
