//! A function's settings: environment variables that template.yaml sets, read once at the start.

use std::str::FromStr;

use application::rate_limiter::PartsPerSecond;
use application::sending::{NoticeConfig, ReceiptConfig};
use domain::ClosedSteps;
use domain::notice::sending_window::SendingWindow;
use domain::text::messages::DEFAULT_OFFICE;
use domain::text::sms::Accents;

/// A setting that prevents a function from starting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    #[error("setting {0} is missing: template.yaml sets it as an environment variable of the function")]
    Missing(&'static str),
    /// It is there, but its value is invalid.
    #[error("setting {name} is wrong: {why}")]
    Wrong { name: &'static str, why: String },
}

/// The source of settings: the environment, or a test's list.
pub struct Settings<F = fn(&str) -> Option<String>>(F);

impl Settings {
    pub fn from_env() -> Self {
        Self(|name| std::env::var(name).ok())
    }
}

impl<F: Fn(&str) -> Option<String>> Settings<F> {
    /// Any other source.
    pub fn from(source: F) -> Self {
        Self(source)
    }

    /// A setting that must not be absent or empty.
    pub fn required(&self, name: &'static str) -> Result<String, SettingError> {
        self.optional(name).ok_or(SettingError::Missing(name))
    }

    /// A setting that may be absent or empty.
    pub fn optional(&self, name: &'static str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// A required setting of some type.
    pub fn parsed<T: FromStr<Err: ToString>>(&self, name: &'static str) -> Result<T, SettingError> {
        self.required(name)?.parse().map_err(|error: T::Err| SettingError::Wrong { name, why: error.to_string() })
    }

    /// `CLOSED_STEPS`: steps separated by `;`. The default list is in the code.
    pub fn closed_steps(&self) -> Result<ClosedSteps, SettingError> {
        match self.vietnamese("CLOSED_STEPS")? {
            Some(steps) => Ok(ClosedSteps::new(steps.split(';'))),
            None => Ok(ClosedSteps::default()),
        }
    }

    /// `OFFICE_NAME`: the office that texts name where a dossier names none. The default is in the code.
    pub fn office(&self) -> Result<String, SettingError> {
        Ok(self.vietnamese("OFFICE_NAME")?.unwrap_or_else(|| DEFAULT_OFFICE.to_owned()))
    }

    /// The settings of the functions that plan or send notices.
    pub fn notice_config(&self) -> Result<NoticeConfig, SettingError> {
        let window = self.sending_window()?;
        Ok(NoticeConfig {
            closed_steps: self.closed_steps()?,
            office: self.office()?,
            accents: self.accents()?,
            window,
            rate: self.rate()?,
        })
    }

    /// The settings of the function that receives receipts.
    pub fn receipt_config(&self) -> Result<ReceiptConfig, SettingError> {
        Ok(ReceiptConfig { window: self.sending_window()?, send_again: self.yes_or_no("SEND_AGAIN")? })
    }

    /// Always open on the local stage.
    pub fn sending_window(&self) -> Result<SendingWindow, SettingError> {
        let is_local = self.required("STAGE")? == "local";
        let window = self.parsed("SENDING_WINDOW")?;
        Ok(if is_local { SendingWindow::ALWAYS } else { window })
    }

    /// `yes` or `no`.
    pub fn yes_or_no(&self, name: &'static str) -> Result<bool, SettingError> {
        match self.required(name)?.as_str() {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(SettingError::Wrong { name, why: "expected yes or no".into() }),
        }
    }

    /// `SMS_SENDER_ID`: "3-11 alphanumeric characters, including at least one letter and no spaces", hyphens too.
    /// <https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html>. SNS would refuse every message with any
    /// other value.
    pub fn sender_id(&self) -> Result<Option<String>, SettingError> {
        let name = "SMS_SENDER_ID";
        let Some(id) = self.optional(name) else { return Ok(None) };
        let is_known = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        if (3..=11).contains(&id.len()) && id.chars().all(is_known) && id.contains(|c: char| c.is_ascii_alphabetic()) {
            return Ok(Some(id));
        }
        let why = "expected 3 to 11 letters, digits or hyphens, at least one of them a letter".into();
        Err(SettingError::Wrong { name, why })
    }

    fn accents(&self) -> Result<Accents, SettingError> {
        match self.required("SMS_ACCENTS")?.as_str() {
            "keep" => Ok(Accents::Keep),
            "strip" => Ok(Accents::Strip),
            _ => Err(SettingError::Wrong { name: "SMS_ACCENTS", why: "expected keep or strip".into() }),
        }
    }

    fn rate(&self) -> Result<PartsPerSecond, SettingError> {
        let name = "SMS_PARTS_PER_SECOND";
        let why = "expected a whole number, at least 1".to_owned();
        PartsPerSecond::new(self.parsed(name)?).ok_or(SettingError::Wrong { name, why })
    }

    /// A Vietnamese text. It may be written with \u escapes (`S\u1edf Du l\u1ecbch`), since CloudFormation shows and
    /// compares parameters in ASCII only.
    fn vietnamese(&self, name: &'static str) -> Result<Option<String>, SettingError> {
        let Some(text) = self.optional(name) else { return Ok(None) };
        let unescaped = serde_json::from_str::<String>(&format!("\"{}\"", text.replace('"', "\\\"")));
        match unescaped {
            Ok(text) if !text.contains(['?', '\u{fffd}']) => Ok(Some(domain::text::tidy(&text))),
            _ => Err(SettingError::Wrong {
                name,
                why: "its letters did not survive; write the accented ones as \\uXXXX".into(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn settings(changes: &[(&'static str, &'static str)]) -> Settings<impl Fn(&str) -> Option<String>> {
        let mut all = HashMap::from([
            ("STAGE", "prod"),
            ("SENDING_WINDOW", "07:00-21:00"),
            ("SMS_ACCENTS", "keep"),
            ("SMS_PARTS_PER_SECOND", "10"),
            ("OFFICE_NAME", ""),
            ("CLOSED_STEPS", ""),
        ]);
        all.extend(changes.iter().copied());
        Settings::from(move |name| all.get(name).map(ToString::to_string))
    }

    #[test]
    fn a_missing_or_wrong_setting_is_named() {
        for (change, error) in [
            (
                ("STAGE", ""),
                "setting STAGE is missing: template.yaml sets it as an environment variable of the function",
            ),
            (("SMS_ACCENTS", "no"), "setting SMS_ACCENTS is wrong: expected keep or strip"),
            (
                ("SMS_PARTS_PER_SECOND", "0"),
                "setting SMS_PARTS_PER_SECOND is wrong: expected a whole number, at least 1",
            ),
            (("SMS_PARTS_PER_SECOND", "x"), "setting SMS_PARTS_PER_SECOND is wrong: invalid digit found in string"),
            (
                ("SENDING_WINDOW", "7-21"),
                "setting SENDING_WINDOW is wrong: `7-21` is no sending window: expected e.g. 07:00-21:00, opening before it closes",
            ),
            (
                ("OFFICE_NAME", "S? Du l?ch"),
                "setting OFFICE_NAME is wrong: its letters did not survive; write the accented ones as \\uXXXX",
            ),
        ] {
            assert_eq!(settings(&[change]).notice_config().unwrap_err().to_string(), error);
        }
    }

    #[test]
    fn a_sender_id_holds_a_letter() {
        for (id, is_one) in [
            ("", true),
            ("SoDuLich", true),
            ("8083-KH", true),
            ("1-a", true),
            ("80838083", false),
            ("---", false),
            ("KH", false),
            ("SoDuLichKhanhHoa", false),
            ("So Du Lich", false),
            ("Sở", false),
        ] {
            let expected = (!id.is_empty()).then(|| id.to_owned());
            let read = settings(&[("SMS_SENDER_ID", id)]).sender_id();
            match read {
                Ok(read) => assert!(is_one && read == expected, "{id}"),
                Err(error) => {
                    let why = "setting SMS_SENDER_ID is wrong: expected 3 to 11 letters, digits or hyphens, at least one of them a letter";
                    assert!(!is_one && error.to_string() == why, "{id}: {error}");
                }
            }
        }
    }

    #[test]
    fn the_defaults_in_vietnamese_live_in_the_code_and_escapes_replace_them() {
        assert_eq!(settings(&[]).notice_config().unwrap().office, "Sở Văn hóa và Thể thao");
        let own = settings(&[("OFFICE_NAME", "S\\u1edf Du l\\u1ecbch"), ("CLOSED_STEPS", "\\u0110\\u00f3ng; Xong")])
            .notice_config()
            .unwrap();
        assert_eq!(own.office, "Sở Du lịch");
        assert!(
            own.closed_steps.is_done("ĐÓNG")
                && own.closed_steps.is_done("xong")
                && !own.closed_steps.is_done("Kết thúc")
        );
    }

    #[test]
    fn the_window_is_always_open_on_the_local_stage_only() {
        assert_eq!(settings(&[("STAGE", "local")]).notice_config().unwrap().window, SendingWindow::ALWAYS);
        assert_ne!(settings(&[]).notice_config().unwrap().window, SendingWindow::ALWAYS);
    }
}
