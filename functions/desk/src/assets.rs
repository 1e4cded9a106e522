//! The style sheet. It is part of the log-in page too, so a stranger gets it.

use std::sync::LazyLock;

use crate::reply::Reply;
use crate::request::Request;

const STYLE: &str = include_str!("style.css");

/// `style-<hash>.css`: another style sheet has another address, so that browsers can keep it for a year.
pub fn stylesheet() -> &'static str {
    static NAME: LazyLock<String> = LazyLock::new(|| format!("style-{:016x}.css", fnv1a(STYLE.as_bytes())));
    &NAME
}

pub(crate) fn asked_for(request: &Request) -> Option<Reply> {
    let wanted = request.only_reads() && request.page == stylesheet();
    wanted.then(|| Reply::asset("text/css; charset=utf-8", STYLE))
}

/// FNV-1a, 64 bits: it names a file, and protects nothing.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
