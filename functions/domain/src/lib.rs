//! The rules of the one-stop shop's SMS service, as the notice of 28 September 2017 of Khánh Hòa province states them
//! (`tests/seed/thong-bao-2017.txt`).
//!
//! Everything here is pure: time, randomness and data come in as arguments, and whatever touches the world is a trait
//! in [`ports`]. A value of [`ReceiptCode`], [`Phone`], [`Dossier`] or [`NoticeId`] cannot be wrong once it exists.
//!
//! | The seed says | The code |
//! |---|---|
//! | hồ sơ, mã số biên nhận | [`dossier`], [`receipt_code`] |
//! | ba loại tin nhắn thông báo | [`notice`], [`decision`], [`texts`] |
//! | vào thời điểm 17 giờ 30 hàng ngày | [`deadline`], [`calendar`] |
//! | cú pháp tin nhắn và đầu số | [`inquiry`], [`inquiry_id`], [`outgoing`] |
//! | số điện thoại di động | [`phone`] |

pub mod calendar;
pub mod deadline;
pub mod decision;
pub mod delivery;
pub mod dossier;
pub mod event;
pub mod inquiry;
pub mod inquiry_id;
pub mod lifecycle;
pub mod notice;
pub mod outgoing;
pub mod phone;
pub mod ports;
pub mod rate_limiter;
pub mod receipt_code;
pub mod retry;
pub mod revision;
pub mod sending_window;
pub mod sms;
pub mod steps;
pub mod text;
pub mod texts;

pub use dossier::Dossier;
pub use inquiry_id::InquiryId;
pub use notice::{NoticeId, NoticeKey, NoticeKind};
pub use outgoing::Outgoing;
pub use phone::Phone;
pub use receipt_code::ReceiptCode;
pub use steps::ClosedSteps;
