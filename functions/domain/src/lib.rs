//! The rules of the one-stop shop's SMS service, as the notice of 28 September 2017 of Khánh Hòa province states them
//! (`tests/notice-2017/thong-bao-2017.txt`).
//!
//! Everything here is a value or a pure function: time, randomness and data are arguments. A value of
//! [`ReceiptCode`], [`Phone`], [`Dossier`] or [`NoticeId`] is valid once it exists.
//!
//! | The 2017 notice says | The code |
//! |---|---|
//! | hồ sơ, mã số biên nhận, bước, hạn | [`dossier`] |
//! | ba loại tin nhắn thông báo | [`notice`] |
//! | cú pháp tin nhắn và đầu số | [`inquiry`] |
//! | nội dung tin nhắn | [`text`] |
//! | vào thời điểm 17 giờ 30 hàng ngày | [`calendar`] |
//! | số điện thoại di động | [`phone`] |
//!
//! [`desk`] has the rules of the pages for those who answer for it; the notice of 2017 knows none.

pub mod calendar;
pub mod desk;
pub mod dossier;
pub mod event;
pub mod inquiry;
pub mod notice;
pub mod phone;
pub mod text;

pub use dossier::{ClosedSteps, Dossier, ReceiptCode};
pub use inquiry::InquiryId;
pub use notice::{NoticeId, NoticeKey, NoticeKind, Outgoing};
pub use phone::Phone;
