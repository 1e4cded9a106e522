//! One dossier.

use application::ports::DeskPorts;

use crate::Desk;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::session::Door;
use crate::visit::Visit;

impl<D: Door, P: DeskPorts> Desk<D, P> {
    pub(crate) async fn dossier(&self, visit: &Visit<'_>) -> Result<Reply, Problem> {
        visit.code().ok_or(Problem::NothingHere)?;
        Err(Problem::NothingHere)
    }
}
