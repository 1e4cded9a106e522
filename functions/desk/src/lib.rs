//! `/desk`: the pages for the people who answer for the one-stop shop. Rendered here, in Vietnamese, without a script.
//!
//! A request passes the [`Door`] first, then the right to its page is checked, then it is written into the audit, and only
//! then something is shown or done.

mod assets;
pub mod login;
mod operator_file;
mod pages;
mod plot;
mod problem;
mod reply;
mod request;
mod route;
mod session;
mod sums;
#[cfg(test)]
mod testing;
mod upload;
mod visit;

use application::ports::DeskPorts;
use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use domain::ClosedSteps;
use domain::desk::Action;
use domain::desk::letters::Evenings;
use domain::notice::sending_window::SendingWindow;
use http::Method;

use pages::Frame;
use problem::Problem;
use route::Route;
use visit::Visit;

pub use assets::stylesheet;
pub use operator_file::{Columns, NotATable, Table as OperatorTable};
pub use reply::Reply;
pub use request::{LONGEST_BODY, Request};
pub use session::{Admission, Door, Session};
pub use upload::File;

/// Queries that run at the same time for one page: each may need a connection of its own.
const AT_ONCE: usize = 8;

/// The stack's parameters.
#[derive(Debug, Clone)]
pub struct DeskConfig {
    /// Parameter `OfficeName`: the office of dossiers that name none.
    pub office: String,
    /// Parameter `ClosedSteps`.
    pub closed_steps: ClosedSteps,
    /// Parameter `SendingWindow`; always open with Stage=local.
    pub window: SendingWindow,
    /// When apologies are planned.
    pub evenings: Evenings,
    /// Parameters `NoticeRetentionDays` and `InquiryRetentionDays`: what is older cannot be counted.
    pub notices_kept_days: u32,
    pub inquiries_kept_days: u32,
}

/// The function.
pub struct Desk<D, P> {
    pub door: D,
    pub ports: P,
    pub config: DeskConfig,
}

impl<D: Door, P: DeskPorts> Desk<D, P> {
    /// Answers one request.
    pub async fn handle(&self, event: &ApiGatewayProxyRequest) -> ApiGatewayProxyResponse {
        let request = Request::new(event);
        let request_id = event.request_context.request_id.clone().unwrap_or_default();
        let mut reply = self.answer(&request, request_id).await;
        if request.method == Method::HEAD {
            reply = reply.without_body();
        }
        reply.into_response()
    }

    async fn answer(&self, request: &Request, request_id: String) -> Reply {
        if let Some(asset) = assets::asked_for(request) {
            return asset;
        }
        let session = match self.door.admit(request).await {
            Admission::Answer(reply) => return reply,
            Admission::Welcome(session) => session,
        };
        let visit = Visit { request, request_id, session: &session, office: &self.config.office };
        let reply = match self.page(&visit).await {
            Ok(reply) => reply,
            Err(problem) => problem.reply(&Frame::new(&visit)),
        };
        reply.leading_to(&session.leads_to)
    }

    /// What is seen is read while its audit entry is written; what is done waits for it.
    async fn page(&self, visit: &Visit<'_>) -> Result<Reply, Problem> {
        let route = Route::of(visit.request).ok_or(Problem::NothingHere)?;
        if let Some(task) = route.task().filter(|task| !visit.session.staff.may(*task)) {
            tracing::warn!(?task, "a page was refused: its task is not among the person's");
            self.note(visit, Action::WasRefused, None, Some(visit.request.page.clone())).await?;
            return Err(Problem::NotAllowed);
        }
        if !visit.request.only_reads() {
            self.note_route(visit, route).await?;
            return self.serve(visit, route).await;
        }
        let (noted, reply) = futures::join!(self.note_route(visit, route), self.serve(visit, route));
        noted?;
        reply
    }

    async fn serve(&self, visit: &Visit<'_>, route: Route) -> Result<Reply, Problem> {
        match route {
            Route::Home => self.home(visit),
            Route::LookUp => self.look_up(visit).await,
            Route::Calls => self.calls(visit).await,
            Route::Tick => self.tick(visit).await,
            Route::SendAgain => self.send_again(visit).await,
            Route::Letters => self.letters(visit).await,
            Route::Slips => self.slips(visit).await,
            Route::Inquiries => self.inquiries(visit).await,
            Route::InquiriesFile => self.inquiries_file(visit).await,
            Route::OperatorForm => self.operator_form(visit).await,
            Route::Compare => self.compare(visit).await,
            Route::Month => self.month(visit).await,
            Route::MonthFile => self.month_file(visit).await,
            Route::PhoneForm => self.phone_form(visit),
            Route::ByPhone => self.by_phone(visit).await,
            Route::Dossier => self.dossier(visit).await,
        }
    }
}
