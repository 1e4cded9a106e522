//! The AWS calls of a lookup, written by hand in the same order: the secret once, the count together with the dossier,
//! the row together with the event. No gateway, no rules, no checks.

use std::collections::HashMap;
use std::env::var;

use aws_sdk_dynamodb::types::AttributeValue::{N, S, Ss};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::v2026_01_12()).await;
    let dynamodb = &aws_sdk_dynamodb::Client::new(&config);
    let eventbridge = &aws_sdk_eventbridge::Client::new(&config);
    let secrets = &aws_sdk_secretsmanager::Client::new(&config);
    let secret = &OnceCell::new();
    let (dossiers, inquiries, bus) = (&var("DOSSIERS_TABLE")?, &var("INQUIRIES_TABLE")?, &var("EVENT_BUS_NAME")?);
    let secret_id = &var("GATEWAY_SECRET")?;

    run(service_fn(async |event: LambdaEvent<Value>| {
        secret.get_or_try_init(|| secrets.get_secret_value().secret_id(secret_id).send()).await?;
        let query = &event.payload["multiValueQueryStringParameters"];
        let parameter = |name: &str| query[name][0].as_str().unwrap_or_default().to_owned();
        let code = parameter("mo_message").replace("MCKH ", "");
        let inquiry = format!("kannel#{}", parameter("request_id"));

        let count = dynamodb
            .update_item()
            .table_name(inquiries)
            .key("inquiry", S(format!("sender:{}", parameter("msisdn"))))
            .update_expression("ADD messages :messages SET expires_at = :expires_at")
            .condition_expression(
                "attribute_not_exists(messages) OR contains(messages, :message) OR size(messages) < :most",
            )
            .expression_attribute_values(":messages", Ss(vec![inquiry.clone()]))
            .expression_attribute_values(":message", S(inquiry.clone()))
            .expression_attribute_values(":most", N("30".into()))
            .expression_attribute_values(":expires_at", N("1800000000".into()));
        let read = dynamodb.get_item().table_name(dossiers).key("receipt_code", S(code.clone())).consistent_read(true);
        let (_, found) =
            tokio::try_join!(async { Ok(count.send().await?) }, async { Ok::<_, Error>(read.send().await?) })?;
        let step = found.item.and_then(|row| row.get("step")?.as_s().ok().cloned()).unwrap_or_default();
        let reply = format!("Hồ sơ của quý Ông/Bà ({code}) hiện đang ở bước {step}, trạng thái hồ sơ: Đúng hạn.");

        let row = HashMap::from([
            ("inquiry".to_owned(), S(inquiry)),
            ("sender".to_owned(), S(parameter("msisdn"))),
            ("text".to_owned(), S(parameter("mo_message"))),
            ("reply".to_owned(), S(reply.clone())),
            ("receipt_code".to_owned(), S(code)),
            ("expires_at".to_owned(), N("1800000000".into())),
        ]);
        let log = dynamodb
            .put_item()
            .table_name(inquiries)
            .set_item(Some(row))
            .condition_expression("attribute_not_exists(inquiry)");
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(bus)
            .source("baseline")
            .detail_type("Answered")
            .detail("{}");
        let announce = eventbridge.put_events().entries(entry.build());
        tokio::try_join!(async { Ok(log.send().await?) }, async { Ok::<_, Error>(announce.send().await?) })?;
        Ok::<_, Error>(json!({"statusCode": 200, "body": reply}))
    }))
    .await
}
