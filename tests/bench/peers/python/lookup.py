"""The lookup in Python, as one would write it: boto3 and Powertools."""

import base64
import datetime
import hashlib
import hmac
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from botocore.exceptions import ClientError

logger = Logger(service="lookup")
app = APIGatewayRestResolver()
dynamodb = boto3.client("dynamodb")
events = boto3.client("events")
secrets = boto3.client("secretsmanager")
beside = ThreadPoolExecutor(4)
secret = {}


def gateway():
    if secret.get("until", 0) < time.time():
        value = secrets.get_secret_value(SecretId=os.environ["GATEWAY_SECRET"])["SecretString"]
        secret.update(json.loads(value), until=time.time() + 300)
    return secret["kannel"]


def genuine(header):
    account = gateway()
    wanted = base64.b64encode(f"{account['user']}:{account['password']}".encode()).decode()
    return hmac.compare_digest(header or "", f"Basic {wanted}")


def count(phone, message):
    minute = int(time.time()) // 60
    try:
        dynamodb.update_item(
            TableName=os.environ["INQUIRIES_TABLE"],
            Key={"inquiry": {"S": "sender:" + hashlib.sha256(f"{phone}{minute}".encode()).hexdigest()[:32]}},
            UpdateExpression="ADD messages :messages SET expires_at = :expires_at",
            ConditionExpression="attribute_not_exists(messages) OR contains(messages, :message) OR size(messages) < :most",
            ExpressionAttributeValues={":messages": {"SS": [message]}, ":message": {"S": message}, ":most": {"N": "30"},
                                       ":expires_at": {"N": str(minute * 60 + 3660)}},
        )
        return True
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    except ClientError:
        return True


@app.get("/mo/<name>")
def lookup(name):
    query, headers = app.current_event.query_string_parameters, app.current_event.headers
    if not genuine(headers.get("Authorization")):
        return Response(401, "text/plain", "not authorised")
    code = query["mo_message"].upper().removeprefix("MCKH").strip(" _")
    inquiry = f"{name}#{query['request_id']}"
    counted = beside.submit(count, query["msisdn"], inquiry)
    found = dynamodb.get_item(TableName=os.environ["DOSSIERS_TABLE"], Key={"receipt_code": {"S": code}}, ConsistentRead=True)
    if not counted.result():
        reply = "Số điện thoại này vừa gửi quá nhiều tin nhắn tra cứu."
    elif "Item" not in found:
        reply = f"Không tìm thấy hồ sơ {code}."
    else:
        dossier = {field: value.get("S") for field, value in found["Item"].items()}
        day = dossier.get("result_on") or datetime.date.today().isoformat()
        on_time = "Đúng hạn" if day <= dossier["appointment_on"] else "Trễ hạn"
        reply = f"Hồ sơ của quý Ông/Bà ({code}) hiện đang ở bước {dossier['step']}, trạng thái hồ sơ: {on_time}."
    announced = beside.submit(events.put_events, Entries=[{
        "EventBusName": os.environ["EVENT_BUS_NAME"], "Source": "onestop", "DetailType": "Inquiry Answered",
        "Detail": json.dumps({"inquiry": inquiry})}])
    try:
        dynamodb.put_item(
            TableName=os.environ["INQUIRIES_TABLE"],
            Item={"inquiry": {"S": inquiry}, "sender": {"S": query["msisdn"]}, "text": {"S": query["mo_message"]},
                  "reply": {"S": reply}, "received_at": {"S": datetime.datetime.now().isoformat()}},
            ConditionExpression="attribute_not_exists(inquiry)", ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as known:
        reply = known.response["Item"]["reply"]["S"]
    announced.result()
    return Response(200, "text/plain; charset=utf-8", reply)


def handler(event, context):
    return app.resolve(event, context)
