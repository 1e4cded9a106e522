// The result notice in Node, as one would write it: SDK v3.
import { ConditionalCheckFailedException, DynamoDBClient, PutItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";

const dynamodb = new DynamoDBClient({});
const sns = new SNSClient({});
const events = new EventBridgeClient({});
const { NOTICES_TABLE, CONTROL_TABLE, EVENT_BUS_NAME } = process.env;
let reservedUntil = 0;

async function reserve() {
  if (reservedUntil > Date.now()) return;
  reservedUntil = Date.now() + 1000;
  await dynamodb.send(new UpdateItemCommand({
    TableName: CONTROL_TABLE, Key: { name: { S: "sms-rate" } }, UpdateExpression: "SET free_at = :to",
    ExpressionAttributeValues: { ":to": { N: String(reservedUntil) } },
  }));
}

async function sendNotice({ dynamodb: change }) {
  const { OldImage: old, NewImage: dossier } = change;
  if (dossier.step.S !== "Trả kết quả" || old?.step.S === dossier.step.S || !dossier.phone?.S) return;
  const key = { receipt_code: dossier.receipt_code, notice: { S: `result#${dossier.revision.N}` } };
  try {
    await dynamodb.send(new PutItemCommand({
      TableName: NOTICES_TABLE, ConditionExpression: "attribute_not_exists(receipt_code)",
      Item: { ...key, state: { S: "sending" }, open_priority: { S: "0" }, due_at: { N: String(Date.now() + 1_200_000) } },
    }));
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return;
    throw error;
  }
  await reserve();
  const text = `TB: Hồ sơ của quý ông/bà (MS: ${dossier.receipt_code.S}) đã được giải quyết xong. Mời ông/bà đến Bộ phận Một cửa Sở Văn hóa và Thể thao để nhận kết quả`;
  const sent = await sns.send(new PublishCommand({
    PhoneNumber: "+84" + dossier.phone.S.replace(/^0/, ""), Message: text,
    MessageAttributes: { "AWS.SNS.SMS.SMSType": { DataType: "String", StringValue: "Transactional" } },
  }));
  await dynamodb.send(new UpdateItemCommand({
    TableName: NOTICES_TABLE, Key: key, ConditionExpression: "#state = :sending",
    UpdateExpression: "SET #state = :sent, message_id = :id, #text = :text REMOVE open_priority, due_at",
    ExpressionAttributeNames: { "#state": "state", "#text": "text" },
    ExpressionAttributeValues: { ":sending": { S: "sending" }, ":sent": { S: "sent" }, ":id": { S: sent.MessageId }, ":text": { S: text } },
  }));
  await events.send(new PutEventsCommand({
    Entries: [{ EventBusName: EVENT_BUS_NAME, Source: "onestop", DetailType: "Notice Sent", Detail: JSON.stringify({ receipt_code: dossier.receipt_code.S }) }],
  }));
  console.log(JSON.stringify({ level: "INFO", message: "a notice was sent", notice: key.notice.S }));
}

export async function handler(event) {
  const batchItemFailures = [];
  for (const record of event.Records) {
    try {
      await sendNotice(record);
    } catch (error) {
      console.error(JSON.stringify({ level: "ERROR", message: String(error) }));
      batchItemFailures.push({ itemIdentifier: record.dynamodb.SequenceNumber });
    }
  }
  return { batchItemFailures };
}
