//! SMS through Kannel's `sendsms`, to an operator by SMPP. Kannel user guide 1.4.5, "Using SendSMS".
//!
//! Kannel returns no message id, and does not recognise a repeated request: an unknown outcome stays unknown. Its
//! delivery report comes to `/dlr/kannel` and names the notice, because we write it into `dlr-url`.

use std::sync::Arc;

use application::ports::{SendError, Sms, SmsSender};
use chrono::Utc;
use domain::NoticeId;
use domain::notice::receipt::CarrierWords;
use domain::text::sms::{Alphabet, Sms as Parts};
use http::Uri;
use serde::Deserialize;
use serde_json::Value;

use crate::aws::Timeouts;
use crate::https::{Failure, Https, private};
use crate::secret::Secret;

/// Delivered (1), not delivered (2), refused by the operator (16).
const DLR_MASK: &str = "19";

pub struct Kannel {
    secret: Arc<Secret>,
    https: Https,
}

/// Its member of SmsSecret.
#[derive(Deserialize)]
struct Account {
    /// `https://host:port/cgi-bin/sendsms`.
    url: String,
    username: String,
    password: String,
    /// The brand name.
    from: String,
    /// The `smsc-id` of the operator, if Kannel has several.
    smsc: Option<String>,
    dlr: Dlr,
}

/// Where delivery reports come back to.
#[derive(Deserialize)]
struct Dlr {
    /// `{ApiUrl}/dlr/kannel`.
    url: String,
    /// Letters and digits only, because they are part of a URL.
    user: String,
    password: String,
}

impl Kannel {
    /// The secret is read at each call.
    pub fn new(secret: Arc<Secret>, timeouts: Timeouts) -> Self {
        Self { secret, https: Https::new(timeouts) }
    }
}

impl SmsSender for Kannel {
    async fn send(&self, sms: &Sms<'_>) -> Result<String, SendError> {
        let secret = self.secret.get().await.map_err(|error| SendError::NotSent(error.to_string()))?;
        let account = account(&secret)?;
        let url = url(&account, sms).ok_or_else(|| incomplete("url must be an https address"))?;
        let answer = self.https.get(&url).await;
        meaning(answer).map(|()| sms.id.to_string())
    }
}

fn account(secret: &Value) -> Result<Account, SendError> {
    Account::deserialize(&secret["kannel"])
        .map_err(|_| incomplete("url, username, password, from and dlr {url, user, password} must be there"))
}

fn incomplete(what: &str) -> SendError {
    SendError::Unauthorised(format!("SmsSecret's member kannel: {what}"))
}

/// The request. None if the address is not one to which a call is confidential.
fn url(account: &Account, sms: &Sms<'_>) -> Option<Uri> {
    let base = private(&account.url)?;
    let is_unicode = Parts::new(sms.text).alphabet == Alphabet::Ucs2;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("username", &account.username)
        .append_pair("password", &account.password)
        .append_pair("from", &account.from)
        .append_pair("to", sms.phone.as_e164())
        .append_pair("text", sms.text)
        .append_pair("charset", "UTF-8")
        .append_pair("coding", if is_unicode { "2" } else { "0" })
        .append_pair("dlr-mask", DLR_MASK)
        .append_pair("dlr-url", &dlr_url(&account.dlr, sms.id));
    if let Some(smsc) = &account.smsc {
        query.append_pair("smsc", smsc);
    }
    if let Some(expires_at) = sms.expires_at {
        let minutes = (expires_at - Utc::now()).num_minutes().max(1);
        query.append_pair("validity", &minutes.to_string());
    }
    format!("{base}?{}", query.finish()).parse().ok()
}

/// Where Kannel reports to: the notice, and what Kannel fills in (`%d` the report, `%T` its time, `%A` the operator's
/// words). A percent sign that is not Kannel's is doubled.
fn dlr_url(dlr: &Dlr, id: &NoticeId) -> String {
    let credentials = format!("://{}:{}@", dlr.user, dlr.password);
    let address = dlr.url.replacen("://", &credentials, 1);
    let mut named = form_urlencoded::Serializer::new(String::new());
    named.append_pair("code", id.receipt_code.as_str()).append_pair("notice", &id.name());
    format!("{address}?{}&report=%d&at=%T&words=%A", named.finish().replace('%', "%%"))
}

/// What Kannel's answer means for a notice.
fn meaning(answer: Result<(u16, String), Failure>) -> Result<(), SendError> {
    let (status, body) = match answer {
        Ok(answer) => answer,
        Err(failure @ (Failure::NotConnected(_) | Failure::NotPublic)) => {
            return Err(SendError::NotSent(failure.to_string()));
        }
        Err(Failure::NoAnswer(why)) => return Err(SendError::Unknown(why)),
    };
    let words = format!("HTTP {status}: {}", CarrierWords::new(body.trim()));
    match status {
        // "0: Accepted for delivery", "3: Queued for later delivery".
        202 => Ok(()),
        400 if body.contains("eceiver") || body.contains("Number(s)") => Err(SendError::WrongNumber(words)),
        400 => Err(SendError::Refused(words)),
        // No route for this receiver, or for any: how many are refused decides.
        403 if body.contains("Not routable") => Err(SendError::Refused(words)),
        // Wrong credentials, an address of ours that it does not know, a wrong path.
        401 | 403 | 404 => Err(SendError::Unauthorised(words)),
        // "Sending failed.", "Temporal failure, try again later."
        500 | 503 => Err(SendError::NotSent(words)),
        _ => Err(SendError::Unknown(words)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use domain::Phone;
    use serde_json::json;

    fn secret() -> Value {
        json!({"kannel": {"url": "https://kannel.example:13013/cgi-bin/sendsms", "username": "onestop", "password": "p&ss",
            "from": "SoDuLich", "dlr": {"url": "https://api.example/v1/dlr/kannel", "user": "dlr", "password": "s3cret"}}})
    }

    /// The decoded parameters of the request for that text.
    fn request(text: &str, expires_in: Option<TimeDelta>) -> Vec<(String, String)> {
        let id = NoticeId::parse("000.00.15.H32-260926-0001", "result#3").expect("a notice");
        let phone = Phone::parse("0912345678").expect("a number");
        let expires_at = expires_in.map(|time| Utc::now() + time);
        let url = url(&account(&secret()).expect("an account"), &Sms { id: &id, phone: &phone, text, expires_at });
        let url = url.expect("an address");
        assert_eq!((url.host(), url.path()), (Some("kannel.example"), "/cgi-bin/sendsms"));
        form_urlencoded::parse(url.query().expect("a query").as_bytes()).into_owned().collect()
    }

    fn value<'a>(request: &'a [(String, String)], name: &str) -> Option<&'a str> {
        request.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_text_with_accents_is_sent_as_ucs2_and_any_other_as_gsm7() {
        let accents = request("TB: Hồ sơ của quý ông/bà", None);
        assert_eq!(value(&accents, "text"), Some("TB: Hồ sơ của quý ông/bà"));
        assert_eq!((value(&accents, "coding"), value(&accents, "charset")), (Some("2"), Some("UTF-8")));
        assert_eq!((value(&accents, "to"), value(&accents, "from")), (Some("+84912345678"), Some("SoDuLich")));
        assert_eq!(value(&request("TB: Ho so", None), "coding"), Some("0"));
    }

    #[test]
    fn the_report_comes_back_with_the_notices_name() {
        let request = request("TB", None);
        assert_eq!(
            value(&request, "dlr-url"),
            Some(
                "https://dlr:s3cret@api.example/v1/dlr/kannel?code=000.00.15.H32-260926-0001&notice=result%%233&report=%d&at=%T&words=%A"
            )
        );
        assert_eq!(value(&request, "dlr-mask"), Some("19"));
    }

    #[test]
    fn an_apology_is_not_kept_beyond_its_day() {
        assert_eq!(value(&request("TB", Some(TimeDelta::seconds(90 * 60 + 30))), "validity"), Some("90"));
        assert_eq!(value(&request("TB", Some(TimeDelta::seconds(3))), "validity"), Some("1"));
        assert_eq!(value(&request("TB", None), "validity"), None);
    }

    #[test]
    fn each_answer_has_its_meaning() {
        let answer = |status, body: &str| meaning(Ok((status, body.to_owned())));
        assert_eq!(answer(202, "0: Accepted for delivery"), Ok(()));
        assert_eq!(answer(202, "3: Queued for later delivery"), Ok(()));
        for (status, body, wanted) in [
            (403, "Authorization failed for sendsms", "not authorised"),
            (403, "Not routable. Do not try again.", "for good"),
            (400, "Empty receiver number not allowed, rejected", "phone number"),
            (400, "Charset or body misformed, rejected", "for good"),
            (503, "Temporal failure, try again later.", "not sent"),
            (500, "Sending failed.", "not sent"),
            (502, "bad gateway", "unknown"),
            (200, "a login page", "unknown"),
        ] {
            let error = answer(status, body).expect_err(body).to_string();
            assert!(error.contains(wanted), "{error}");
        }
        assert!(matches!(meaning(Err(Failure::NotConnected("refused".into()))), Err(SendError::NotSent(_))));
        assert!(matches!(meaning(Err(Failure::NoAnswer("timed out".into()))), Err(SendError::Unknown(_))));
        let starred = answer(400, "receiver 84912345678").expect_err("refused").to_string();
        assert!(!starred.contains("912345678"), "{starred}");
    }

    #[test]
    fn an_account_that_is_not_complete_sends_nothing() {
        let incomplete = |secret: Value| matches!(account(&secret), Err(SendError::Unauthorised(_)));
        assert!(incomplete(json!({})) && incomplete(json!({"kannel": {"url": "https://a"}})));
        let mut open = secret();
        open["kannel"]["url"] = json!("http://kannel.example/cgi-bin/sendsms");
        let id = NoticeId::parse("0161701234", "result#3").expect("a notice");
        let phone = Phone::parse("0912345678").expect("a number");
        let account = account(&open).expect("an account");
        assert_eq!(url(&account, &Sms { id: &id, phone: &phone, text: "TB", expires_at: None }), None, "no TLS");
    }
}
