//! Optional member `allow` of a gateway: the addresses it calls from, `["203.0.113.0/24","198.51.100.7"]`.
//!
//! It adds to a signature and never replaces one. Protocols whose own signature is weak need it.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use crate::Refusal;

/// The permitted ranges; `None` permits every address.
pub struct AllowList(Option<Vec<IpNet>>);

impl AllowList {
    /// One range that cannot be read makes the account wrong: without that range, the list would not be the intended one.
    pub fn parse(member: &Value) -> Result<Self, Refusal> {
        let ranges = match member {
            Value::Null => return Ok(Self(None)),
            Value::Array(ranges) => ranges.iter().map(range).collect::<Option<Vec<_>>>(),
            _ => None,
        };
        ranges.map(|ranges| Self(Some(ranges))).ok_or(Refusal::NotConfigured)
    }

    pub fn check(&self, source: Option<IpAddr>) -> Result<(), Refusal> {
        let Some(ranges) = &self.0 else { return Ok(()) };
        let allowed = source.is_some_and(|source| ranges.iter().any(|range| range.contains(&source.to_canonical())));
        if allowed { Ok(()) } else { Err(Refusal::WrongAddress) }
    }
}

fn range(text: &Value) -> Option<IpNet> {
    let text = text.as_str()?.trim();
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn check(source: Option<IpAddr>, member: &Value) -> Result<(), Refusal> {
        AllowList::parse(member)?.check(source)
    }

    #[test]
    fn only_the_listed_addresses_may_call() {
        let list = json!(["203.0.113.0/24", "198.51.100.7", "2001:db8::/32"]);
        for (source, allowed) in [
            (Some("203.0.113.255"), true),
            (Some("203.0.114.0"), false),
            (Some("198.51.100.7"), true),
            (Some("198.51.100.8"), false),
            (Some("2001:db8::1"), true),
            (Some("2001:db9::1"), false),
            (Some("::ffff:203.0.113.9"), true),
            (None, false),
        ] {
            let checked = check(source.map(|source| source.parse().unwrap()), &list);
            assert_eq!(checked, if allowed { Ok(()) } else { Err(Refusal::WrongAddress) }, "{source:?}");
        }
    }

    #[test]
    fn no_list_lets_every_address_in_and_a_wrong_one_none() {
        let source = Some("203.0.113.1".parse().unwrap());
        assert_eq!(check(source, &json!(null)), Ok(()));
        assert_eq!(check(source, &json!([])), Err(Refusal::WrongAddress));
        for wrong in [json!("203.0.113.0/24"), json!(["203.0.113.0/24", "203.0.113.0/33"]), json!([7]), json!({})] {
            assert_eq!(check(source, &wrong), Err(Refusal::NotConfigured), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_range_breaks_it(range in "[0-9a-f.:/]{0,20}|\\PC{0,10}", source: [u8; 4]) {
            let _ = check(Some(source.into()), &json!([range]));
        }
    }
}
