// The lookup in Node, as one would write it: SDK v3.
import { createHash, timingSafeEqual } from "node:crypto";
import { ConditionalCheckFailedException, DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

const dynamodb = new DynamoDBClient({});
const events = new EventBridgeClient({});
const secrets = new SecretsManagerClient({});
const { DOSSIERS_TABLE, INQUIRIES_TABLE, EVENT_BUS_NAME, GATEWAY_SECRET } = process.env;
let secret = { until: 0 };

async function gateway() {
  if (secret.until < Date.now()) {
    const fetched = await secrets.send(new GetSecretValueCommand({ SecretId: GATEWAY_SECRET }));
    secret = { ...JSON.parse(fetched.SecretString), until: Date.now() + 300_000 };
  }
  return secret.kannel;
}

async function genuine(header = "") {
  const { user, password } = await gateway();
  const [given, wanted] = [header, "Basic " + btoa(`${user}:${password}`)].map((text) => createHash("sha256").update(text).digest());
  return timingSafeEqual(given, wanted);
}

async function count(phone, message) {
  const minute = Math.floor(Date.now() / 60_000);
  try {
    await dynamodb.send(new UpdateItemCommand({
      TableName: INQUIRIES_TABLE,
      Key: { inquiry: { S: "sender:" + createHash("sha256").update(`${phone}${minute}`).digest("hex").slice(0, 32) } },
      UpdateExpression: "ADD messages :messages SET expires_at = :expires_at",
      ConditionExpression: "attribute_not_exists(messages) OR contains(messages, :message) OR size(messages) < :most",
      ExpressionAttributeValues: { ":messages": { SS: [message] }, ":message": { S: message }, ":most": { N: "30" }, ":expires_at": { N: String(minute * 60 + 3660) } },
    }));
    return true;
  } catch (error) {
    return !(error instanceof ConditionalCheckFailedException);
  }
}

export async function handler(event) {
  const query = event.queryStringParameters;
  if (!(await genuine(event.headers.Authorization))) return { statusCode: 401, body: "not authorised" };
  const code = query.mo_message.toUpperCase().replace(/^MCKH[\s_]*/, "").trim();
  const inquiry = `${event.pathParameters.gateway}#${query.request_id}`;
  const read = dynamodb.send(new GetItemCommand({ TableName: DOSSIERS_TABLE, Key: { receipt_code: { S: code } }, ConsistentRead: true }));
  const [admitted, { Item: found }] = await Promise.all([count(query.msisdn, inquiry), read]);
  let reply = `Không tìm thấy hồ sơ ${code}.`;
  if (!admitted) reply = "Số điện thoại này vừa gửi quá nhiều tin nhắn tra cứu.";
  else if (found) {
    const day = found.result_on?.S ?? new Date().toISOString().slice(0, 10);
    const onTime = day <= found.appointment_on.S ? "Đúng hạn" : "Trễ hạn";
    reply = `Hồ sơ của quý Ông/Bà (${code}) hiện đang ở bước ${found.step.S}, trạng thái hồ sơ: ${onTime}.`;
  }
  const announced = events.send(new PutEventsCommand({
    Entries: [{ EventBusName: EVENT_BUS_NAME, Source: "onestop", DetailType: "Inquiry Answered", Detail: JSON.stringify({ inquiry }) }],
  }));
  try {
    await dynamodb.send(new PutItemCommand({
      TableName: INQUIRIES_TABLE,
      Item: { inquiry: { S: inquiry }, sender: { S: query.msisdn }, text: { S: query.mo_message }, reply: { S: reply }, received_at: { S: new Date().toISOString() } },
      ConditionExpression: "attribute_not_exists(inquiry)",
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    }));
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    reply = error.Item.reply.S;
  }
  await announced;
  return { statusCode: 200, headers: { "content-type": "text/plain; charset=utf-8" }, body: reply };
}
