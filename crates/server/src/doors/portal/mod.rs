//! The pages of a patient, or of the parent or guardian of a child: what is kept, who saw it, what is limited, and the proof of each.

mod check;
mod choices;
mod me;
mod record;
mod seen;

use std::borrow::Borrow;
use std::ops::Deref;

use http::{Method, StatusCode};
use tacebo_vault::policy::{Action, Purpose};
use tacebo_vault::{Asker, Disclosed, Door, PatientId};

use super::inside::{Answering, Handler, entered};
use super::session::{Cookie, Halt, Inside};
use crate::app::App;
use crate::http::{Exposure, Incoming, Reply, Route};
use crate::pages::message::MessageKind;
use crate::pages::shell::OneOf;
use crate::pages::{Nav, Shell, url};

/// The routes of the portal.
pub(super) fn routes() -> Vec<Route> {
    use Exposure::{Decided, Own, Public};
    let public = Public("checks what is pasted with the log's public key; keeps nothing");
    let own = Own("chooses whose record the next page is about; shows nothing");
    vec![
        Route::new(Method::GET, url::ME, Decided(Action::Search), shown(me::page)),
        Route::new(Method::POST, url::ME_WHOSE, own, shown(switch)),
        Route::new(Method::GET, url::SEEN, Decided(Action::ReadLog), shown(seen::list)),
        Route::new(Method::GET, "/me/seen/{index}", Decided(Action::ReadLog), shown(seen::one)),
        Route::new(Method::GET, "/me/seen/{index}/proof", Decided(Action::ReadLog), shown(seen::proof)),
        Route::new(Method::GET, url::CHOICES, Decided(Action::Search), shown(choices::page)),
        Route::new(Method::POST, url::CHOICES, Decided(Action::Update), shown(choices::choose)),
        Route::new(Method::GET, url::MY_RECORD, Decided(Action::Search), shown(record::page)),
        Route::new(Method::GET, url::CHECK_PROOF, public, check::form),
        Route::new(Method::POST, url::CHECK_PROOF, public, check::check),
    ]
}

/// Somebody in the portal, and whose record the pages show.
struct Portal {
    inside: Inside,
    patient: PatientId,
    /// The person's own record, or that of a child.
    why: Purpose,
    /// Everybody whose record this person may choose.
    people: Vec<OneOf>,
}

impl Deref for Portal {
    type Target = Inside;

    fn deref(&self) -> &Inside {
        &self.inside
    }
}

impl Borrow<Inside> for Portal {
    fn borrow(&self) -> &Inside {
        &self.inside
    }
}

impl Portal {
    /// Lets somebody in: to the own record, or to that of a child whose parent or guardian this person is. Which of
    /// them was chosen stands in a cookie, as a place in the list; whether it opens, policy says.
    async fn enter(app: App, incoming: Incoming) -> Result<Self, Reply> {
        let inside = Inside::enter(app, incoming, Door::Portal).map_err(|reply| *reply)?;
        if !inside.is_portal() {
            return Err(inside.say(StatusCode::FORBIDDEN, MessageKind::NotForYou).await);
        }
        let wards = match inside.app.vault().wards(&inside.asker(Purpose::FamilyRequest)) {
            Ok(wards) => wards,
            Err(fault) => return Err(inside.fault(fault).await),
        };
        let own = inside.own_patient().map(|patient| (patient, Purpose::PatientRequest, true));
        let wards = wards.into_iter().map(|ward| (ward.patient, Purpose::FamilyRequest, ward.open));
        let mut all: Vec<(PatientId, Purpose, bool)> = own.into_iter().chain(wards).collect();
        // A place in the list, not an id: nothing of a person stays in a shared browser.
        let wanted = inside.cookie(Cookie::Whose).and_then(|place| place.parse::<usize>().ok());
        let wanted = wanted.filter(|at| all.get(*at).is_some_and(|(.., open)| *open));
        // When none is open, one that has closed is asked for all the same: the refusal is in the log.
        let at = wanted.or_else(|| all.iter().position(|(.., open)| *open)).unwrap_or(0);
        let people = all
            .iter()
            .enumerate()
            .filter(|(_, (.., open))| *open)
            .map(|(n, (one, why, _))| OneOf {
                place: n.to_string(),
                id: one.as_str().to_owned(),
                own: *why == Purpose::PatientRequest,
                chosen: n == at,
            })
            .collect();
        if at >= all.len() {
            return Err(inside.say(StatusCode::FORBIDDEN, MessageKind::NotForYou).await);
        }
        let (patient, why, _) = all.swap_remove(at);
        Ok(Self { inside, patient, why, people })
    }

    /// The ask about the record shown.
    fn ask(&self) -> Asker {
        self.inside.asker(self.why)
    }

    /// The frame, with the choice of records where there are several.
    async fn shell_with<T>(&self, here: Nav, disclosed: &Disclosed<T>) -> Shell {
        let mut shell = self.inside.shell_with(Some(here), disclosed).await;
        if self.people.len() > 1 || self.why == Purpose::FamilyRequest {
            shell.people.clone_from(&self.people);
        }
        shell
    }
}

/// For whoever may be in the portal.
fn shown<H>(handler: H) -> impl Fn(App, Incoming) -> Answering
where
    H: for<'a> Handler<'a, Portal> + Copy + Send + Sync + 'static,
{
    entered(Portal::enter, handler)
}

/// Goes on to the record of somebody else; only those this person stands for are ever shown.
async fn switch(portal: &Portal) -> Result<Reply, Halt> {
    let form = portal.incoming.form();
    let wanted = form.get("person");
    if !portal.people.iter().any(|one| one.place == wanted) {
        return Ok(portal.say(StatusCode::BAD_REQUEST, MessageKind::BadRequest).await);
    }
    let cookie = Cookie::Whose.set(portal.incoming.tls, wanted, None);
    Ok(Reply::see_other(url::ME).cookie(&cookie))
}
