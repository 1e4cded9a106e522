//! Who calls `/mo/{gateway}` and `/dlr/{carrier}`: the request as a gateway sends it, its addresses and its keys.

mod allow;
mod keys;
mod refusal;
mod request;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use allow::AllowList;
pub use keys::{Basic, Key, pairs, same};
pub use refusal::Refusal;
pub use request::Request;
