//! Who is asking.

use std::future::Future;

use domain::desk::Staff;

use crate::reply::Reply;
use crate::request::Request;

/// One of the staff, logged in.
#[derive(Clone)]
pub struct Session {
    pub staff: Staff,
    /// The token that every form of this session carries as the field [`Session::TOKEN`].
    pub token: String,
    /// Origin of the provider's log-out page, to which the form of the log-out leads; or empty.
    pub leads_to: String,
}

impl Session {
    /// The name of the token's field.
    pub const TOKEN: &'static str = "token";
}

/// Who may come in. Every request passes it before anything else is done.
pub trait Door: Sync {
    /// Lets a person in, or answers itself: a stranger, the log-in and its call-back, the log-out, a form that has not
    /// the session's token or came from another site.
    fn admit(&self, request: &Request) -> impl Future<Output = Admission> + Send;
}

/// What the door says of a request.
pub enum Admission {
    /// The request is this person's. If it changes anything (any method but GET and HEAD), it is genuine: sent by a page of
    /// this session.
    Welcome(Session),
    /// This is the whole answer.
    Answer(Reply),
}
