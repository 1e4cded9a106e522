//! V-COM's call for a reply, "Send MT": POST JSON with `client_id`, `request_id`, `service_id`, `command_code`,
//! `mt_code`, `message`, `is_charged`, `time` and `checksum`. No phone number: the request id identifies the citizen.
//!
//! <https://support.v-com.vn/support/solutions/articles/24000046091>. A pair of `request_id` and `mt_code` is sent
//! once. A reply has one `mt_code`, so a repeated call, after a time-out or a crash, causes no second SMS: the answer
//! is 104, which counts as sent.

use std::sync::Arc;

use application::ports::{ReplySender, SendError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use domain::inquiry::{Inquiry, ReplyCall};
use domain::notice::receipt::CarrierWords;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::aws::Timeouts;
use crate::https::{Answer, Failure, Https, private};
use crate::secret::Secret;

/// The address on the public page.
const SEND_MT: &str = "https://sms-api.v-com.vn/api/v2/send-mt";
/// The only reply to a request.
const MT_CODE: &str = "reply";

/// V-COM, for every gateway whose member of GatewaySecret names its protocol or is called `vcom`.
pub struct Vcom {
    secret: Arc<Secret>,
    https: Https,
}

/// The part of its member of GatewaySecret that replies need.
#[derive(Deserialize)]
struct Account {
    client_id: String,
    secure_key: String,
    /// Where replies are sent, if not to the public page's address.
    send_mt: Option<String>,
}

impl Vcom {
    /// GatewaySecret is read at each call.
    pub fn new(secret: Arc<Secret>, timeouts: Timeouts) -> Self {
        Self { secret, https: Https::new(timeouts) }
    }
}

impl ReplySender for Vcom {
    async fn reply(&self, inquiry: &Inquiry) -> Result<String, SendError> {
        let secret = self.secret.get().await.map_err(|error| SendError::NotSent(error.to_string()))?;
        let gateway = inquiry.id.gateway();
        let incomplete = |what: &str| SendError::Unauthorised(format!("GatewaySecret's member {gateway}: {what}"));
        let account = Account::deserialize(&secret[gateway]);
        let account = account.map_err(|_| incomplete("client_id and secure_key must be there"))?;
        let url = private(account.send_mt.as_deref().unwrap_or(SEND_MT));
        let url = url.ok_or_else(|| incomplete("send_mt must be an https address"))?;
        let Some(call) = &inquiry.call else {
            return Err(SendError::Refused("the inquiry names no service_id and command_code".into()));
        };
        let answer = self.https.post(&url, &body(&account, inquiry, call, Utc::now().timestamp())).await;
        meaning(answer).map(|()| format!("{}/{MT_CODE}", inquiry.id.message()))
    }
}

fn body(account: &Account, inquiry: &Inquiry, call: &ReplyCall, time: i64) -> Value {
    let request_id = inquiry.id.message();
    let signed = [&account.client_id, request_id, MT_CODE, &account.secure_key, &time.to_string()];
    json!({
        "client_id": account.client_id, "request_id": request_id, "service_id": call.short_code,
        "command_code": call.command, "mt_code": MT_CODE, "message": inquiry.reply,
        "is_charged": u8::from(inquiry.charged), "time": time, "checksum": checksum(signed),
    })
}

/// `base64(sha256(a . b . c …))`, as V-COM's pages write it.
pub fn checksum<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let digest = parts.into_iter().fold(Sha256::new(), |digest, part| digest.chain_update(part));
    STANDARD.encode(digest.finalize())
}

/// What V-COM's answer means for a reply. If the outcome is open, the call is repeated: see above.
fn meaning(answer: Result<Answer, Failure>) -> Result<(), SendError> {
    let (status, body) = answer.map_err(|failure| SendError::NotSent(failure.to_string()))?;
    let said = if body["errors"].is_object() { &body["errors"] } else { &body["data"] };
    let code = said["code"].as_u64().or_else(|| said["code"].as_str()?.parse().ok()).unwrap_or_default();
    let words =
        format!("HTTP {status}, code {code}: {}", CarrierWords::new(said["message"].as_str().unwrap_or_default()));
    match (status, code) {
        // 104: "MT is duplicated".
        (200, 200 | 104) => Ok(()),
        // 108: "Request from IP is not allowed".
        (401 | 403, _) | (_, 108) => Err(SendError::Unauthorised(words)),
        (400 | 413 | 422, _) => Err(SendError::Refused(words)),
        // 106 is a wrong checksum as well as a wrong parameter: the cause may affect all replies, or only this one.
        _ => Err(SendError::NotSent(words)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::InquiryId;
    use domain::event::InquiryOutcome;

    fn inquiry() -> Inquiry {
        Inquiry {
            id: InquiryId::new("vcom", "1297875832").expect("an id"),
            sender: "84912345678".into(),
            text: "MCKH 0161701234".into(),
            receipt_code: None,
            reply: "Hồ sơ \"1\"".into(),
            outcome: InquiryOutcome::Answered,
            charged: true,
            call: Some(ReplyCall { short_code: "8083".into(), command: "mckh".into() }),
            received_at: "2026-11-24T10:30:00Z".parse().unwrap(),
        }
    }

    /// Made with openssl: `printf '%s' 'demo1297875832reply5fdc57e97198o11795516200' | openssl dgst -sha256 -binary | base64`
    #[test]
    fn a_call_names_the_inquiry_and_is_signed_as_the_page_has_it() {
        let account = Account { client_id: "demo".into(), secure_key: "5fdc57e97198o1".into(), send_mt: None };
        let call = inquiry().call.unwrap();
        let mut expected = json!({"client_id": "demo", "request_id": "1297875832", "service_id": "8083",
            "command_code": "mckh", "mt_code": "reply", "message": "Hồ sơ \"1\"", "is_charged": 1, "time": 1_795_516_200,
            "checksum": "DDHeqClikNwOgfhti6DzH2f4HGBStPlcc946F+bV0jg="});
        assert_eq!(body(&account, &inquiry(), &call, 1_795_516_200), expected);
        expected["is_charged"] = json!(0);
        assert_eq!(body(&account, &Inquiry { charged: false, ..inquiry() }, &call, 1_795_516_200), expected);
    }

    #[test]
    fn an_answer_is_sent_tried_again_given_up_or_a_matter_of_configuration() {
        let refused =
            |code: u64| json!({"errors": {"code": code, "status": "error", "message": "84912345678 is wrong"}});
        let not_sent = |words: &str| Err(SendError::NotSent(words.into()));
        for (status, body, expected) in [
            (200, json!({"data": {"code": 200, "status": "success", "message": "Thanks"}}), Ok(())),
            (200, refused(104), Ok(())),
            (200, refused(106), not_sent("HTTP 200, code 106: *********** is wrong")),
            (200, refused(102), not_sent("HTTP 200, code 102: *********** is wrong")),
            (200, refused(108), Err(SendError::Unauthorised("HTTP 200, code 108: *********** is wrong".into()))),
            (403, json!(null), Err(SendError::Unauthorised("HTTP 403, code 0: ".into()))),
            (422, json!(null), Err(SendError::Refused("HTTP 422, code 0: ".into()))),
            (500, json!({"data": {"code": 200}}), not_sent("HTTP 500, code 200: ")),
            (200, json!("ok"), not_sent("HTTP 200, code 0: ")),
        ] {
            assert_eq!(meaning(Ok((status, body.clone()))), expected, "{status} {body}");
        }
        assert_eq!(
            meaning(Err(Failure::NoAnswer("no answer within 10000 ms".into()))),
            not_sent("no answer within 10000 ms")
        );
    }
}
