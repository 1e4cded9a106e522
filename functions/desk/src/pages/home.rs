//! The first page: the form to look up.

use application::ports::DeskPorts;
use askama::Template;

use super::Frame;
use crate::Desk;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::session::Door;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    frame: Frame<'a>,
}

impl<D: Door, P: DeskPorts> Desk<D, P> {
    pub(crate) fn home(&self, visit: &Visit<'_>) -> Result<Reply, Problem> {
        Ok(Reply::page(HomePage { frame: Frame::new(visit) }.render()?))
    }
}
