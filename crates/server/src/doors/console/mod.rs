//! The staff console: every page a plain form, every look at a person decided and logged.

mod account;
mod accounts;
pub(super) mod audit;
mod backups;
mod consent;
mod desk;
mod destructions;
mod doctor;
mod emergency;
mod guardians;
mod login;
pub(super) mod privacy;
mod reception;
mod record;
mod register;
mod requests;
mod reviews;
mod roots;
pub(super) mod staff;
mod system;

use http::Method;
use tacebo_vault::policy::Action;

use super::inside::{inside, owing};
use crate::app::App;
use crate::http::{Exposure, Incoming, Reply, Route};
use crate::pages::url;

/// The routes of the console.
pub(super) fn routes() -> Vec<Route> {
    let mut routes = door();
    routes.extend(care());
    routes.extend(counter());
    routes.extend(oversight());
    routes.extend(administration());
    routes
}

fn get<F, R>(path: &'static str, exposure: Exposure, handler: F) -> Route
where
    F: Fn(App, Incoming) -> R + Send + Sync + 'static,
    R: Future<Output = Reply> + Send + 'static,
{
    Route::new(Method::GET, path, exposure, handler)
}

fn post<F, R>(path: &'static str, exposure: Exposure, handler: F) -> Route
where
    F: Fn(App, Incoming) -> R + Send + Sync + 'static,
    R: Future<Output = Reply> + Send + 'static,
{
    Route::new(Method::POST, path, exposure, handler)
}

fn door() -> Vec<Route> {
    use Exposure::{Own, Public};
    let own = Own("one's own session and secrets, handled and logged by identity");
    vec![
        get("/", Own("sends a session to where its person begins"), inside(login::start)),
        get(url::LOG_IN, Public("the log-in form"), login::log_in_page),
        post(url::LOG_IN, Public("the first step of the log-in, logged by identity"), login::log_in),
        get(url::LOG_IN_CODE, Public("the log-in form"), login::code_form),
        post(url::LOG_IN_CODE, Public("the second step of the log-in, logged by identity"), login::code),
        get(url::LOG_IN_PASSWORD, own, owing(login::password_form)),
        post(url::LOG_IN_PASSWORD, own, owing(login::password)),
        get(url::LOG_IN_ENROL, own, owing(login::enrol_form)),
        post(url::LOG_IN_ENROL, own, owing(login::enrol)),
        post(url::LOG_OUT, Public("ends the session it is given, if any"), login::log_out),
        post(url::PREFERENCES, Public("language and colours, kept in the browser"), login::preferences),
        get(url::ACCOUNT, own, inside(account::page)),
        post(url::ACCOUNT_PASSWORD, own, inside(account::password)),
        post("/account/sessions/{session}/end", own, inside(account::end_session)),
    ]
}

fn care() -> Vec<Route> {
    use Exposure::{Decided, Own};
    let form = Own("a form that speaks of nobody: nothing is asked yet");
    vec![
        get(url::PATIENTS, Decided(Action::Search), inside(doctor::patients)),
        get(url::FIND, Decided(Action::Search), inside(doctor::find)),
        get("/patients/{patient}", Decided(Action::Search), inside(record::page)),
        post("/patients/{patient}/request-access", Decided(Action::Create), inside(record::request_access)),
        get("/patients/{patient}/emergency", form, inside(emergency::form)),
        post("/patients/{patient}/emergency", Decided(Action::DeclareBreakGlass), inside(emergency::declare)),
        post("/emergency/{ticket}/end", Decided(Action::DeclareBreakGlass), inside(emergency::end)),
    ]
}

fn counter() -> Vec<Route> {
    use Exposure::{Decided, Own};
    let form = Own("a form that speaks of nobody: nothing is asked yet");
    vec![
        get(url::RECEPTION, Decided(Action::Search), inside(reception::counter)),
        get(url::REGISTER, form, inside(register::form)),
        post(url::REGISTER, Decided(Action::Create), inside(register::register)),
        get("/reception/patients/{patient}/consent", Decided(Action::Read), inside(consent::form)),
        post("/reception/patients/{patient}/consent", Decided(Action::Create), inside(consent::record)),
        get("/reception/patients/{patient}/portal", Decided(Action::Read), inside(desk::page)),
        post("/reception/patients/{patient}/portal", Decided(Action::Create), inside(desk::open)),
        post("/reception/patients/{patient}/portal/{step}", Decided(Action::Update), inside(desk::step)),
        post("/reception/patients/{patient}/guardians", Decided(Action::Create), inside(guardians::record)),
        post(
            "/reception/patients/{patient}/guardians/{guardian}/{step}",
            Decided(Action::Update),
            inside(guardians::step),
        ),
    ]
}

fn oversight() -> Vec<Route> {
    use Exposure::{Decided, Own};
    vec![
        get(url::PRIVACY, Decided(Action::Review), inside(privacy::today)),
        get(url::REVIEWS, Decided(Action::Review), inside(reviews::queue)),
        get("/privacy/reviews/{ticket}", Decided(Action::Review), inside(reviews::one)),
        post("/privacy/reviews/{ticket}", Decided(Action::Review), inside(reviews::decide)),
        get("/privacy/requests/{request}", Decided(Action::Review), inside(requests::page)),
        post("/privacy/requests/{request}", Decided(Action::Review), inside(requests::answer)),
        get(url::DESTRUCTIONS, Decided(Action::Review), inside(destructions::page)),
        post(url::DESTRUCTIONS, Decided(Action::Create), inside(destructions::ask)),
        get("/privacy/destructions/{destruction}", Decided(Action::Review), inside(destructions::one)),
        post("/privacy/destructions/{destruction}", Decided(Action::Review), inside(destructions::answer)),
        get(
            "/privacy/destructions/{destruction}/certificate",
            Decided(Action::Review),
            inside(destructions::certificate),
        ),
        post(url::NEW_KEYS, Decided(Action::Create), inside(destructions::renew)),
        post(url::HOLDS, Decided(Action::Create), inside(destructions::hold)),
        post("/privacy/holds/{hold}", Decided(Action::Create), inside(destructions::lift)),
        get(url::WHO_SAW, Decided(Action::ReadLog), inside(privacy::who_saw)),
        get(url::AUDIT, Decided(Action::ReadLog), inside(audit::log)),
        get("/audit/entries/{index}", Decided(Action::ReadLog), inside(audit::entry)),
        post("/audit/entries/{index}/open", Decided(Action::ReadLog), inside(audit::open_field)),
        get("/audit/entries/{index}/proof", Decided(Action::ReadLog), inside(audit::proof)),
        get(url::VERIFY, Own("the log's public head and a form"), inside(audit::verify_page)),
        post(url::VERIFY, Decided(Action::VerifyLog), inside(audit::verify)),
        post(url::COMPARE, Decided(Action::VerifyLog), inside(audit::compare)),
    ]
}

fn administration() -> Vec<Route> {
    use Exposure::{Decided, Own};
    let form = Own("a form that speaks of nobody: nothing is asked yet");
    vec![
        get(url::ACCOUNTS, Decided(Action::Read), inside(accounts::list)),
        get(url::ACCOUNT_NEW, form, inside(accounts::new_form)),
        post(url::ACCOUNTS, Decided(Action::Create), inside(accounts::create)),
        get("/accounts/{account}", Decided(Action::Read), inside(accounts::edit_form)),
        post("/accounts/{account}", Decided(Action::Update), inside(accounts::update)),
        post("/accounts/{account}/{step}", Decided(Action::Administer), inside(accounts::step)),
        get(url::SYSTEM, Decided(Action::Read), inside(system::status)),
        get(url::BACKUPS, Decided(Action::Read), inside(backups::page)),
        post(url::BACKUP_NOW, Decided(Action::Administer), inside(backups::now)),
        post(url::RESTORE_TEST, Decided(Action::Administer), inside(backups::test)),
        get(url::ROOT_KEYS, Decided(Action::Read), inside(roots::page)),
        post(url::ROOT_TURN, Decided(Action::Administer), inside(roots::turn)),
        post(url::TERMS_ANEW, Decided(Action::Administer), inside(roots::terms)),
    ]
}
