//! Connects to public addresses only, if that is asked for: what a name leads to is checked each time, and the
//! connection is made to the addresses that were checked. So to change the name's address after a check has no effect
//! (DNS rebinding).

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};
use std::vec::IntoIter;

use futures::FutureExt;
use futures::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

type BoxError = Box<dyn Error + Send + Sync>;

/// A name led to an address of this machine, of a private network, of the cloud's metadata or of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name leads to an address that is not public")]
pub(crate) struct NotPublic;

/// A resolver of names, whose answers are checked.
#[derive(Clone)]
pub(crate) struct Checked<R> {
    pub names: R,
    pub public_only: bool,
}

impl<R> Service<Name> for Checked<R>
where
    R: Service<Name, Response: Iterator<Item = SocketAddr>, Error: Into<BoxError>, Future: Send + 'static>,
{
    type Response = IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<IntoIter<SocketAddr>, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.names.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (asked, public_only) = (self.names.call(name), self.public_only);
        async move {
            let found: Vec<SocketAddr> = asked.await.map_err(Into::into)?.collect();
            // One private address among public ones is refused too: no name of a public server has both.
            let is_good = !public_only || found.iter().all(|address| is_public(address.ip()));
            if is_good { Ok(found.into_iter()) } else { Err(NotPublic.into()) }
        }
        .boxed()
    }
}

/// The special ranges of IPv4: first address and length of the prefix.
/// <https://www.iana.org/assignments/iana-ipv4-special-registry/>
const SPECIAL_V4: [([u8; 4], u32); 15] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16), // also the cloud's metadata, 169.254.169.254
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// All global addresses of IPv6. The rest has this machine's, private networks', the metadata's (fd00:ec2::254), and
/// those that contain an address of IPv4.
const GLOBAL_V6: ([u16; 8], u32) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);
/// The special ranges among them. <https://www.iana.org/assignments/iana-ipv6-special-registry/>
const SPECIAL_V6: [([u16; 8], u32); 4] = [
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), // 6to4: contains an address of IPv4
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|(first, prefix)| {
            let first = u32::from_be_bytes(*first);
            (u32::from(address) ^ first) >> (32 - prefix) == 0
        }),
        IpAddr::V6(address) => {
            let is_in = |(first, prefix): &([u16; 8], u32)| {
                let first = u128::from(std::net::Ipv6Addr::from(*first));
                (u128::from(address) ^ first) >> (128 - prefix) == 0
            };
            is_in(&GLOBAL_V6) && !SPECIAL_V6.iter().any(is_in)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn only_an_address_of_the_internet_is_public() {
        for (address, public) in [
            ("8.8.8.8", true),
            ("113.160.0.1", true),
            ("172.15.255.255", true),
            ("172.32.0.0", true),
            ("100.128.0.0", true),
            ("2404:6800:4005:80e::200e", true),
            ("2001:200::1", true),
            ("127.0.0.1", false),
            ("127.255.255.254", false),
            ("0.0.0.0", false),
            ("10.0.0.1", false),
            ("172.16.0.1", false),
            ("172.31.255.255", false),
            ("192.168.1.1", false),
            ("100.64.0.1", false),
            ("169.254.169.254", false),
            ("169.254.170.2", false),
            ("192.0.0.192", false),
            ("198.19.255.255", false),
            ("203.0.113.9", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::1", false),
            ("::ffff:8.8.8.8", false),
            ("::ffff:169.254.169.254", false),
            ("64:ff9b::a9fe:a9fe", false),
            ("fd00:ec2::254", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
            ("2001::1", false),
            ("2001:db8::1", false),
            ("2002:a9fe:a9fe::1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }

    /// Gives another answer at each question.
    #[derive(Clone)]
    struct Answers(Arc<Mutex<Vec<Vec<&'static str>>>>);

    impl Service<Name> for Answers {
        type Response = IntoIter<SocketAddr>;
        type Error = BoxError;
        type Future = BoxFuture<'static, Result<IntoIter<SocketAddr>, BoxError>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Name) -> Self::Future {
            let next = self.0.lock().unwrap().remove(0);
            let addresses: Vec<SocketAddr> =
                next.into_iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect();
            futures::future::ready(Ok(addresses.into_iter())).boxed()
        }
    }

    #[tokio::test]
    async fn each_answer_is_checked_and_one_private_address_refuses_them_all() {
        let answers = || {
            Answers(Arc::new(Mutex::new(vec![
                vec!["8.8.8.8", "1.1.1.1"],
                vec!["169.254.169.254"],
                vec!["8.8.8.8", "10.0.0.1"],
                vec!["8.8.8.8"],
            ])))
        };
        for (public_only, expected) in [(true, [Some(2), None, None, Some(1)]), (false, [2, 1, 2, 1].map(Some))] {
            let mut names = Checked { names: answers(), public_only };
            for expected in expected {
                let found = names.call("motcua.example.vn".parse().unwrap()).await;
                match (&found, expected) {
                    (Ok(found), Some(count)) => assert_eq!(found.len(), count),
                    (Err(error), None) => assert!(error.is::<NotPublic>()),
                    _ => panic!("{found:?}, not {expected:?}"),
                }
            }
        }
    }
}
