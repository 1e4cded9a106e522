//! `/dlr/{carrier}`: a carrier's call-back, authenticated by its member of SmsSecret.

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use aws_lambda_events::encodings::Body;
use caller::{AllowList, Basic, Key, Refusal, Request};
use chrono::{DateTime, Utc};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::Value;

use crate::source::{Parsed, esms, kannel};

/// A genuine call-back's entry.
pub(crate) fn read(event: &ApiGatewayProxyRequest, secret: &Value, now: DateTime<Utc>) -> Result<Parsed, Refusal> {
    let carrier = carrier(event);
    let (request, account) = (Request::new(event), &secret[carrier]);
    AllowList::parse(&account["allow"])?.check(request.source)?;
    match carrier {
        "kannel" => {
            let dlr = Basic::deserialize(&account["dlr"]).map_err(|_| Refusal::NotConfigured)?;
            dlr.check(&request).map(|()| kannel::parse(&request, now).into())
        }
        // Its call-backs have no signature and no header: the key is the end of the address.
        "esms" => {
            let key = Key::deserialize(&account["callback_key"]).map_err(|_| Refusal::NotConfigured)?;
            let given = event.path_parameters.get("key").map(String::as_str).unwrap_or_default();
            if key.is(given) { Ok(esms::parse(&request, now).into()) } else { Err(Refusal::WrongCredentials) }
        }
        _ => Err(Refusal::NoSuchGateway),
    }
}

pub(crate) fn carrier(event: &ApiGatewayProxyRequest) -> &str {
    event.path_parameters.get("carrier").map(String::as_str).unwrap_or_default()
}

/// Why is not said: an unknown carrier gets the same answer as wrong credentials.
pub(crate) fn refused() -> ApiGatewayProxyResponse {
    plain(401, "not authorised")
}

pub(crate) fn plain(status: i64, text: &str) -> ApiGatewayProxyResponse {
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = status;
    response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.body = Some(Body::Text(text.to_owned()));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn secret() -> Value {
        json!({"kannel": {"dlr": {"user": "dlr", "password": "s3cret"}}, "esms": {"callback_key": "k3y"}})
    }

    fn event(carrier: &str, key: &str, authorization: &str, query: Value) -> ApiGatewayProxyRequest {
        let event = json!({"httpMethod": "GET", "path": "/dlr", "headers": {"Authorization": authorization},
            "pathParameters": {"carrier": carrier, "key": key}, "queryStringParameters": query,
            "requestContext": {"httpMethod": "GET", "identity": {"sourceIp": "203.0.113.9"}}});
        serde_json::from_value(event).expect("an event")
    }

    fn verdict(event: &ApiGatewayProxyRequest, secret: &Value) -> Result<bool, Refusal> {
        read(event, secret, DateTime::UNIX_EPOCH).map(|parsed| matches!(parsed, Parsed::Entry(_)))
    }

    #[test]
    fn only_a_genuine_call_back_is_read() {
        let report = || json!({"code": "0161701234", "notice": "result#3", "report": "1"});
        let result = || json!({"RequestId": "5f3a", "SendStatus": "5", "SendSuccess": "1"});
        // dlr:s3cret and dlr:wrong
        let (right, wrong) = ("Basic ZGxyOnMzY3JldA==", "Basic ZGxyOndyb25n");
        for (carrier, key, authorization, query, expected) in [
            ("kannel", "", right, report(), Ok(true)),
            ("kannel", "", right, json!({}), Ok(false)),
            ("kannel", "", wrong, report(), Err(Refusal::WrongCredentials)),
            ("kannel", "", "", report(), Err(Refusal::WrongCredentials)),
            ("esms", "k3y", "", result(), Ok(true)),
            ("esms", "k3", "", result(), Err(Refusal::WrongCredentials)),
            ("esms", "", right, result(), Err(Refusal::WrongCredentials)),
            ("vina", "", right, report(), Err(Refusal::NoSuchGateway)),
            ("", "", right, report(), Err(Refusal::NoSuchGateway)),
        ] {
            let event = event(carrier, key, authorization, query);
            assert_eq!(verdict(&event, &secret()), expected, "{carrier} {key} {authorization}");
        }
    }

    #[test]
    fn an_account_without_its_key_or_with_an_allow_list_admits_no_stranger() {
        let report = json!({"code": "0161701234", "notice": "result#3", "report": "1"});
        let genuine = event("kannel", "", "Basic ZGxyOnMzY3JldA==", report);
        assert_eq!(verdict(&genuine, &json!({})), Err(Refusal::NotConfigured));
        let mut listed = secret();
        listed["kannel"]["allow"] = json!(["198.51.100.0/24"]);
        assert_eq!(verdict(&genuine, &listed), Err(Refusal::WrongAddress));
        let empty = json!({"esms": {"callback_key": ""}});
        assert_eq!(verdict(&event("esms", "", "", json!({})), &empty), Err(Refusal::NotConfigured));
    }
}
