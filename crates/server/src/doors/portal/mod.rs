//! The patient's own pages: what is kept, who saw it, what is limited, and the proof of each.

mod check;
mod choices;
mod me;
mod record;
mod seen;

use http::{Method, StatusCode};
use tacebo_vault::policy::Action;
use tacebo_vault::{Door, PatientId};

use super::session::Inside;
use crate::app::App;
use crate::http::{Exposure, Incoming, Reply, Route};
use crate::pages::message::MessageKind;
use crate::pages::url;

/// The routes of the portal.
pub(super) fn routes() -> Vec<Route> {
    use Exposure::{Decided, Public};
    let public = Public("checks what is pasted with the log's public key; keeps nothing");
    vec![
        Route::new(Method::GET, url::ME, Decided(Action::Search), me::page),
        Route::new(Method::GET, url::SEEN, Decided(Action::ReadLog), seen::list),
        Route::new(Method::GET, "/me/seen/{index}", Decided(Action::ReadLog), seen::one),
        Route::new(Method::GET, "/me/seen/{index}/proof", Decided(Action::ReadLog), seen::proof),
        Route::new(Method::GET, url::CHOICES, Decided(Action::Search), choices::page),
        Route::new(Method::POST, url::CHOICES, Decided(Action::Update), choices::choose),
        Route::new(Method::GET, url::MY_RECORD, Decided(Action::Search), record::page),
        Route::new(Method::GET, url::CHECK_PROOF, public, check::form),
        Route::new(Method::POST, url::CHECK_PROOF, public, check::check),
    ]
}

/// Lets a patient in, with the id of the own record.
async fn enter(app: App, incoming: Incoming) -> Result<(Inside, PatientId), Reply> {
    let inside = Inside::enter(app, incoming, Door::Portal).map_err(|reply| *reply)?;
    match inside.own_patient() {
        Some(patient) => Ok((inside, patient)),
        None => Err(inside.say(StatusCode::FORBIDDEN, MessageKind::NotForYou).await),
    }
}
