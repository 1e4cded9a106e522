//! SMS through eSMS, a domestic gateway for brand names: one POST of JSON.
//!
//! <https://developers.esms.vn>, "Gửi tin nhắn CSKH". A `RequestId` is accepted once in 24 hours; a repeated request is
//! refused with code 124. We name the notice by it, so a request whose outcome is unknown is safe to repeat, and 124
//! counts as accepted: no notice is sent twice. The call-back to `/dlr/esms/{key}` names the same id.

use std::sync::Arc;

use application::ports::{SendError, Sms, SmsSender};
use domain::notice::receipt::CarrierWords;
use domain::text::sms::{Alphabet, Sms as Parts};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::aws::Timeouts;
use crate::https::{Answer, Failure, Https, private};
use crate::secret::Secret;

const SEND: &str = "https://rest.esms.vn/MainService.svc/json/SendMultipleMessage_V4_post_json/";
/// Messages to a customer, as against advertisements.
const CUSTOMER_CARE: &str = "2";

pub struct Esms {
    secret: Arc<Secret>,
    https: Https,
}

/// Its member of SmsSecret.
#[derive(Deserialize)]
struct Account {
    api_key: String,
    secret_key: String,
    brandname: String,
    /// `{ApiUrl}/dlr/esms/{callback_key}`.
    callback_url: String,
    /// Where messages are sent, if not to the public address.
    url: Option<String>,
}

impl Esms {
    /// The secret is read at each call.
    pub fn new(secret: Arc<Secret>, timeouts: Timeouts) -> Self {
        Self { secret, https: Https::new(timeouts) }
    }
}

impl SmsSender for Esms {
    async fn send(&self, sms: &Sms<'_>) -> Result<String, SendError> {
        let secret = self.secret.get().await.map_err(|error| SendError::NotSent(error.to_string()))?;
        let account = Account::deserialize(&secret["esms"])
            .map_err(|_| incomplete("api_key, secret_key, brandname and callback_url must be there"))?;
        let url = private(account.url.as_deref().unwrap_or(SEND));
        let url = url.ok_or_else(|| incomplete("url must be an https address"))?;
        let id = request_id(sms);
        meaning(self.https.post(&url, &body(&account, sms, &id)).await).map(|()| id)
    }
}

fn incomplete(what: &str) -> SendError {
    SendError::Unauthorised(format!("SmsSecret's member esms: {what}"))
}

/// All values are texts, as in the public examples. The phone number is written as within Vietnam.
fn body(account: &Account, sms: &Sms<'_>, request_id: &str) -> Value {
    let is_unicode = Parts::new(sms.text).alphabet == Alphabet::Ucs2;
    json!({
        "ApiKey": account.api_key, "SecretKey": account.secret_key, "Brandname": account.brandname,
        "SmsType": CUSTOMER_CARE, "Phone": sms.phone.as_e164().replacen("+84", "0", 1), "Content": sms.text,
        "IsUnicode": if is_unicode { "1" } else { "0" }, "RequestId": request_id, "CallbackUrl": account.callback_url,
    })
}

/// The same for a notice to a number: another number is another message. At most 50 characters are accepted, so it is a
/// hash.
pub fn request_id(sms: &Sms<'_>) -> String {
    let digest = Sha256::digest(format!("{} {}", sms.id, sms.phone.as_e164()));
    digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a code of eSMS means for a notice. <https://developers.esms.vn>, "Bảng mã lỗi".
#[derive(Clone, Copy)]
enum Meaning {
    Accepted,
    WrongNumber,
    Refused,
    /// Our account, brand name or templates: they are wrong for every notice.
    Unauthorised,
}

const MEANINGS: [(&str, Meaning); 15] = [
    ("100", Meaning::Accepted),
    ("124", Meaning::Accepted),
    ("99", Meaning::WrongNumber),
    ("108", Meaning::WrongNumber),
    ("177", Meaning::Refused),
    ("101", Meaning::Unauthorised),
    ("102", Meaning::Unauthorised),
    ("103", Meaning::Unauthorised),
    ("104", Meaning::Unauthorised),
    ("118", Meaning::Unauthorised),
    ("140", Meaning::Unauthorised),
    ("143", Meaning::Unauthorised),
    ("146", Meaning::Unauthorised),
    ("201", Meaning::Unauthorised),
    ("300", Meaning::Unauthorised),
];

/// Whatever is not known is repeated: eSMS accepts one request for a notice.
fn meaning(answer: Result<Answer, Failure>) -> Result<(), SendError> {
    let (status, body) = answer.map_err(|failure| SendError::NotSent(failure.to_string()))?;
    let code = body["CodeResult"].as_str().unwrap_or_default();
    let words = CarrierWords::new(body["ErrorMessage"].as_str().or(body["error"].as_str()).unwrap_or_default());
    let words = format!("HTTP {status}, code {code}: {words}");
    match MEANINGS.iter().find(|(known, _)| *known == code).map(|(_, meaning)| *meaning) {
        Some(Meaning::Accepted) => Ok(()),
        Some(Meaning::WrongNumber) => Err(SendError::WrongNumber(words)),
        Some(Meaning::Refused) => Err(SendError::Refused(words)),
        Some(Meaning::Unauthorised) => Err(SendError::Unauthorised(words)),
        None if matches!(status, 401 | 403) => Err(SendError::Unauthorised(words)),
        None => Err(SendError::NotSent(words)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{NoticeId, Phone};

    fn answered(code: &str, message: &str) -> Result<(), SendError> {
        meaning(Ok((200, json!({"CodeResult": code, "CountRegenerate": 0, "ErrorMessage": message}))))
    }

    #[test]
    fn a_notice_is_sent_as_the_public_example_shows() {
        let account = Account {
            api_key: "k".into(),
            secret_key: "s".into(),
            brandname: "SoDuLich".into(),
            callback_url: "https://api.example/v1/dlr/esms/c".into(),
            url: None,
        };
        let id = NoticeId::parse("0161701234", "result#3").expect("a notice");
        let phone = Phone::parse("0912345678").expect("a number");
        let sms = Sms { id: &id, phone: &phone, text: "TB: Hồ sơ", expires_at: None };
        assert_eq!(
            body(&account, &sms, &request_id(&sms)),
            json!({"ApiKey": "k", "SecretKey": "s", "Brandname": "SoDuLich", "SmsType": "2", "Phone": "0912345678",
                "Content": "TB: Hồ sơ", "IsUnicode": "1", "RequestId": request_id(&sms),
                "CallbackUrl": "https://api.example/v1/dlr/esms/c"})
        );
    }

    #[test]
    fn a_notice_to_a_number_has_one_request_id() {
        let id = NoticeId::parse("0161701234", "result#3").expect("a notice");
        let of = |id: &NoticeId, number: &str, text| {
            let phone = Phone::parse(number).expect("a number");
            request_id(&Sms { id, phone: &phone, text, expires_at: None })
        };
        let first = of(&id, "0912345678", "TB");
        assert_eq!((first.len(), &first), (32, &of(&id, "0912345678", "TB: another text")));
        assert_ne!(first, of(&id.again(), "0912345678", "TB"));
        assert_ne!(first, of(&id, "0912345679", "TB"));
    }

    #[test]
    fn a_repeated_request_counts_as_accepted_and_an_unknown_outcome_is_repeated() {
        assert_eq!(answered("100", ""), Ok(()));
        assert_eq!(answered("124", "Request exist 1"), Ok(()));
        assert!(matches!(meaning(Err(Failure::NoAnswer("timed out".into()))), Err(SendError::NotSent(_))));
        assert!(matches!(meaning(Ok((502, Value::Null))), Err(SendError::NotSent(_))));
        assert!(matches!(meaning(Ok((200, json!({"error": "Invalid request"})))), Err(SendError::NotSent(_))));
    }

    #[test]
    fn each_code_has_its_meaning() {
        for (code, wanted) in [
            ("101", "not authorised"),
            ("103", "not authorised"),
            ("104", "not authorised"),
            ("146", "not authorised"),
            ("99", "phone number"),
            ("108", "phone number"),
            ("177", "for good"),
            ("999", "not sent"),
        ] {
            let error = answered(code, "0912345678").expect_err(code).to_string();
            assert!(error.contains(wanted) && !error.contains("912345678"), "{error}");
        }
    }
}
