//! Optional member `allow` of a gateway: the addresses it calls from, `["203.0.113.0/24","198.51.100.7"]`.
//!
//! Beside a signature, never instead of one. It is what stands between a stranger and a convention whose own is weak.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::Refusal;

/// Whether `source` may call. One range that cannot be read closes the gateway: it was meant to keep somebody out.
pub(super) fn check(source: Option<IpAddr>, allow: &Value) -> Result<(), Refusal> {
    let ranges = match allow {
        Value::Null => return Ok(()),
        Value::Array(ranges) => ranges.iter().map(range).collect::<Option<Vec<_>>>(),
        _ => None,
    };
    let ranges = ranges.ok_or(Refusal::NotConfigured)?;
    let allowed = source.is_some_and(|source| ranges.iter().any(|range| range.contains(&source.to_canonical())));
    if allowed { Ok(()) } else { Err(Refusal::WrongAddress) }
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
