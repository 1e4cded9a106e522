//! The pages, one file each with its template in `templates/`.

mod again;
mod by_phone;
mod calls;
mod dossier;
mod frame;
mod home;
mod letters;

pub(crate) use frame::Frame;
