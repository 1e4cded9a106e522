//! The pages, one file each with its template in `templates/`.

mod by_phone;
mod dossier;
mod frame;
mod home;

pub(crate) use frame::Frame;
