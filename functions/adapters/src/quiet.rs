//! An event that nothing quotes.

use serde::de::{Deserialize, Deserializer, Error};

/// A function's event. Where it is not what the function takes, the runtime logs why: not in serde's words, which show
/// the value they stumbled over, and that may be a phone number.
#[derive(Debug)]
pub struct Quiet<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Quiet<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self).map_err(|_| D::Error::custom("it is not an event of this function"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_not_quoted() {
        let Quiet(read) = serde_json::from_str::<Quiet<Vec<String>>>(r#"["a"]"#).unwrap();
        assert_eq!(read, ["a"]);
        let error = serde_json::from_str::<Quiet<Vec<u8>>>(r#"["+84912345678"]"#).unwrap_err().to_string();
        assert!(error.starts_with("it is not an event of this function") && !error.contains("912345678"), "{error}");
    }
}
