//! DICOMweb (PS3.18): `/dicomweb`. Images are not kept yet; the door says so, in the same words to
//! everybody it lets in, whomever they ask about.

use http::{Method, StatusCode};
use tacebo_vault::policy::Action;
use tacebo_vault::{Door, Outcome};

use super::Problem;
use super::bearer::admit;
use crate::app::App;
use crate::http::{Exposure, Incoming, Open, Reply, Route};

/// The routes of this door: whatever studies, series, instances or worklists are asked for.
pub(super) fn routes() -> Vec<Route> {
    let own = Exposure::Own("says that images are not kept yet; that it was asked is noted");
    let mut routes = Vec::new();
    for path in ["/dicomweb", "/dicomweb/{*resource}"] {
        routes.push(Route::new(Method::GET, path, own, |app, incoming| unserved(app, incoming, Action::Search)));
        routes.push(Route::new(Method::POST, path, own, |app, incoming| unserved(app, incoming, Action::Create)));
    }
    routes
}

/// RFC 9457, which DICOMweb clients are told errors in.
fn problem(status: StatusCode, title: &'static str) -> Reply {
    Reply::open(status, Open::json("application/problem+json", &Problem { title, status: status.as_u16() }))
}

async fn unserved(app: App, incoming: Incoming, action: Action) -> Reply {
    let asker = match admit(&app, &incoming, Door::Dicomweb, action).await {
        Ok(asker) => asker,
        Err(turned) => {
            let reply = problem(turned.status, turned.why);
            return turned.around(reply);
        }
    };
    match app.vault().note(&asker, action, Outcome::Failed, "dicomweb images are not kept yet").await {
        Ok(receipts) => {
            let title = "images are not kept here yet: nothing can be found, retrieved or stored at this address";
            problem(StatusCode::NOT_IMPLEMENTED, title).receipts(&receipts)
        }
        Err(_) => problem(StatusCode::SERVICE_UNAVAILABLE, "temporarily unavailable"),
    }
}
