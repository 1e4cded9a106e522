//! Hides the content of events that cannot be parsed, and of panics.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error};

/// A function's event. If it cannot be parsed, the runtime logs why, but without serde's error text, which quotes the
/// wrong value: that may be a phone number.
pub struct Redacted<T>(pub T);

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redacted(…)")
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Redacted<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self).map_err(|_| D::Error::custom("it is not an event of this function"))
    }
}

/// From now on the log of a panic has its place and not its message: the message about a slice inside a letter, for
/// example, contains the whole text.
pub fn panics() {
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(panic.at = panic.location().map(tracing::field::display), "a bug: the function panicked");
    }));
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_panic_says_where_and_not_what() {
        const CHILD: &str = "ONESTOP_TEST_REDACTION";
        let cut_a_letter = || "+84912345678 Mời".to_owned().split_at(15).0.len();
        match std::env::var(CHILD).as_deref() {
            Ok("yes") => {
                panics();
                cut_a_letter();
            }
            Ok(_) => drop(cut_a_letter().to_string()),
            Err(_) => {}
        }
        for (redacted, shows) in [("yes", false), ("no", true)] {
            let this = std::env::current_exe().unwrap();
            let name = "redacted::tests::a_panic_says_where_and_not_what";
            let child =
                Command::new(this).args(["--exact", name, "--nocapture"]).env(CHILD, redacted).output().unwrap();
            let said = String::from_utf8_lossy(&[child.stdout, child.stderr].concat()).into_owned();
            assert!(!child.status.success());
            assert_eq!(said.contains("912345678"), shows, "{said}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_quoted() {
        let Redacted(read) = serde_json::from_str::<Redacted<Vec<String>>>(r#"["a"]"#).unwrap();
        assert_eq!(read, ["a"]);
        let error = serde_json::from_str::<Redacted<Vec<u8>>>(r#"["+84912345678"]"#).unwrap_err().to_string();
        assert!(error.starts_with("it is not an event of this function") && !error.contains("912345678"), "{error}");
    }
}
