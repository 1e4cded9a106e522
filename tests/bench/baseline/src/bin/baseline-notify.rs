//! The AWS calls of one notice, written by hand in the same order: enqueue and claim, reserve at the rate limiter,
//! Publish, complete, publish the event. No rules, no retries, no error handling for single records.

use std::env::var;

use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_sns::types::MessageAttributeValue;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::v2026_01_12()).await;
    let dynamodb = &aws_sdk_dynamodb::Client::new(&config);
    let eventbridge = &aws_sdk_eventbridge::Client::new(&config);
    let sns = &aws_sdk_sns::Client::new(&config);
    let (notices, control, bus) = (&var("NOTICES_TABLE")?, &var("CONTROL_TABLE")?, &var("EVENT_BUS_NAME")?);
    let transactional = &MessageAttributeValue::builder().data_type("String").string_value("Transactional").build()?;

    run(service_fn(async |event: LambdaEvent<Value>| {
        for record in event.payload["Records"].as_array().into_iter().flatten() {
            let image = &record["dynamodb"]["NewImage"];
            let field = |name: &str| image[name]["S"].as_str().unwrap_or_default().to_owned();
            let code = field("receipt_code");
            let notice = format!("result#{}", image["revision"]["N"].as_str().unwrap_or_default());
            let enqueue = dynamodb
                .put_item()
                .table_name(notices)
                .item("receipt_code", S(code.clone()))
                .item("notice", S(notice.clone()))
                .item("state", S("sending".into()))
                .item("owner", S(event.context.request_id.clone()))
                .item("open_priority", S("0".into()))
                .item("due_at", N("1800000000000".into()))
                .condition_expression("attribute_not_exists(receipt_code)");
            enqueue.send().await?;
            let reservation = dynamodb
                .update_item()
                .table_name(control)
                .key("name", S("sms-rate".into()))
                .update_expression("SET free_at = :to")
                .expression_attribute_values(":to", N("1".into()));
            reservation.send().await?;
            let text = format!(
                "TB: Hồ sơ của quý ông/bà (MS: {code}) đã được giải quyết xong. Mời ông/bà đến Bộ phận Một cửa \
                 Sở Văn hóa và Thể thao để nhận kết quả"
            );
            let publish = sns
                .publish()
                .phone_number(format!("+84{}", field("phone").trim_start_matches('0')))
                .message(&text)
                .message_attributes("AWS.SNS.SMS.SMSType", transactional.clone());
            let published = publish.send().await?;
            let complete = dynamodb
                .update_item()
                .table_name(notices)
                .key("receipt_code", S(code))
                .key("notice", S(notice))
                .update_expression("SET #state = :sent, message_id = :id, #text = :text REMOVE open_priority, due_at")
                .condition_expression("#state = :sending")
                .expression_attribute_names("#state", "state")
                .expression_attribute_names("#text", "text")
                .expression_attribute_values(":sent", S("sent".into()))
                .expression_attribute_values(":sending", S("sending".into()))
                .expression_attribute_values(":id", S(published.message_id.unwrap_or_default()))
                .expression_attribute_values(":text", S(text));
            complete.send().await?;
            let entry = PutEventsRequestEntry::builder()
                .event_bus_name(bus)
                .source("baseline")
                .detail_type("Sent")
                .detail("{}");
            eventbridge.put_events().entries(entry.build()).send().await?;
        }
        Ok::<_, Error>(json!({"batchItemFailures": []}))
    }))
    .await
}
