//! The id of one message to 8083.

use std::fmt;
use std::str::FromStr;

/// The id of a message to 8083, written `<gateway>#<the gateway's message id>`. No receipt code contains a `#`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InquiryId(String);

impl InquiryId {
    /// The message that `gateway` calls `message`. A gateway's name contains no `#`, and neither is empty.
    pub fn new(gateway: &str, message: &str) -> Result<Self, NotAnInquiry> {
        let written = format!("{gateway}#{message}");
        if gateway.contains('#') { Err(NotAnInquiry(written)) } else { written.parse() }
    }

    /// The gateway that delivered it.
    pub fn gateway(&self) -> &str {
        self.0.split_once('#').map_or("", |(gateway, _)| gateway)
    }

    /// The gateway's own message id.
    pub fn message(&self) -> &str {
        self.0.split_once('#').map_or("", |(_, message)| message)
    }

    /// The written form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InquiryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is not the id of a message to 8083.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no inquiry: expected <gateway>#<message id>")]
pub struct NotAnInquiry(String);

impl FromStr for InquiryId {
    type Err = NotAnInquiry;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('#') {
            Some((gateway, message)) if !gateway.is_empty() && !message.is_empty() => Ok(Self(text.to_owned())),
            _ => Err(NotAnInquiry(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inquiry_is_named_by_its_gateway_and_the_gateways_own_id() {
        let id = InquiryId::new("kannel", "7f#3").expect("an id");
        assert_eq!((id.gateway(), id.message(), id.as_str()), ("kannel", "7f#3", "kannel#7f#3"));
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in ["", "#", "kannel", "kannel#", "#7f"] {
            assert_eq!(wrong.parse::<InquiryId>(), Err(NotAnInquiry(wrong.to_owned())), "{wrong}");
        }
        for (gateway, message) in [("", "7f"), ("kannel", ""), ("", ""), ("a#b", "7f")] {
            assert!(InquiryId::new(gateway, message).is_err(), "{gateway} {message}");
        }
    }
}
