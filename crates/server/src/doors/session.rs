//! Who is in the browser: cookies, the session behind them, and the frame of the page made for them.

use std::ops::Deref;

use http::{Method, StatusCode};
use jiff::Timestamp;
use tacebo_fhir::service::Failed;
use tacebo_governance::Confidence;
use tacebo_identity::{Authenticated, IdentityError};
use tacebo_vault::ledger::Receipt;
use tacebo_vault::policy::{self, PersonKind, Purpose};
use tacebo_vault::{Asker, Denial, Disclosed, Door, Origin, Outcome, Refused, Unanswered, VaultFault};
use uuid::Uuid;

use super::faces::SpeaksToOneself;
use super::wording;
use crate::app::App;
use crate::http::{Incoming, Open, Reply};
use crate::pages::message::{Message, MessageKind};
use crate::pages::shell::RunningEmergency;
use crate::pages::{Figures, Lang, Me, Nav, Shell, Theme, url};

/// The cookies of this house. Over TLS their names carry `__Host-`, which a browser takes only with
/// `Secure`, for this host and the whole of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookie {
    /// The session.
    Session,
    /// The log-in between its two steps.
    Step,
    /// The second factor on offer until its first code, sealed.
    Factor,
    /// What the browser is known by at the log-in.
    Browser,
    /// Whose record the portal shows, for a person who stands for a child too.
    Whose,
}

impl Cookie {
    pub(super) fn name(self, tls: bool) -> &'static str {
        match (self, tls) {
            (Self::Session, true) => "__Host-tacebo",
            (Self::Session, false) => "tacebo",
            (Self::Step, true) => "__Host-tacebo-step",
            (Self::Step, false) => "tacebo-step",
            (Self::Factor, true) => "__Host-tacebo-factor",
            (Self::Factor, false) => "tacebo-factor",
            (Self::Browser, true) => "__Host-tacebo-browser",
            (Self::Browser, false) => "tacebo-browser",
            (Self::Whose, true) => "__Host-tacebo-whose",
            (Self::Whose, false) => "tacebo-whose",
        }
    }

    /// The header that sets it; `seconds` is its life, none for as long as the browser runs.
    pub(super) fn set(self, tls: bool, value: &str, seconds: Option<i64>) -> String {
        let mut text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax", self.name(tls));
        if tls {
            text.push_str("; Secure");
        }
        if let Some(seconds) = seconds {
            text.push_str("; Max-Age=");
            text.push_str(&seconds.to_string());
        }
        text
    }

    pub(super) fn clear(self, tls: bool) -> String {
        self.set(tls, "", Some(0))
    }
}

/// A request from anybody.
pub(super) struct Visit {
    pub(super) app: App,
    pub(super) incoming: Incoming,
    pub(super) lang: Lang,
    theme: Theme,
    door: Door,
}

impl Visit {
    pub(super) fn new(app: App, incoming: Incoming, door: Door) -> Self {
        let accepted = || incoming.header("accept-language").and_then(|tags| tags.split(',').find_map(Lang::from_tag));
        let lang = incoming.cookie("lang").and_then(Lang::from_tag).or_else(accepted).unwrap_or_default();
        let theme = Theme::from_code(incoming.cookie("theme").unwrap_or_default());
        Self { app, incoming, lang, theme, door }
    }

    pub(super) fn origin(&self) -> Origin {
        Origin { door: self.door, address: self.incoming.peer }
    }

    pub(super) fn cookie(&self, cookie: Cookie) -> Option<&str> {
        self.incoming.cookie(cookie.name(self.incoming.tls)).filter(|value| !value.is_empty())
    }

    pub(super) fn now(&self) -> Timestamp {
        wording::moment(self.app.vault().now_us())
    }

    /// The frame for somebody unknown.
    pub(super) fn frame(&self) -> Shell {
        let institution = self.app.vault().institution();
        let mut shell = Shell::new(self.lang, institution.name.as_str(), self.now());
        shell.theme = self.theme;
        shell.figures = self.figures();
        // A name that nobody can own (RFC 2606): the house of the samples.
        shell.sample = std::path::Path::new(&institution.origin).extension().is_some_and(|end| end == "example");
        if self.incoming.method == Method::GET {
            self.here().clone_into(&mut shell.path);
        }
        shell
    }

    /// Figures that the pages name, from the rooms that hold them.
    fn figures(&self) -> Figures {
        let library = self.app.governance().library();
        let terms = library.terms();
        let ages = self.app.vault().ages();
        let years = |what| library.retention_of(what).map_or(0, |rule| u32::from(rule.years));
        Figures {
            review_hours: self.app.vault().emergency_terms().review_hours,
            answer_workdays: terms.access_answer_workdays.value,
            complaint_days: terms.complaint_answer_days.value,
            complaint_sure: terms.complaint_answer_days.confidence != Confidence::U,
            outpatient_years: years("outpatient"),
            inpatient_years: years("inpatient"),
            guardian_under: u32::from(ages.guardian_under),
            majority: u32::from(ages.majority),
        }
    }

    fn here(&self) -> &str {
        self.incoming.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str)
    }

    /// Path of this site to go to after the log-in.
    pub(super) fn next(&self) -> String {
        local(self.incoming.form().get("next")).to_owned()
    }

    /// A page that says one thing to somebody unknown.
    pub(super) fn message(&self, status: StatusCode, kind: MessageKind) -> Reply {
        say(self.frame(), status, kind, None)
    }

    pub(super) fn unavailable(&self, error: &dyn std::fmt::Display) -> Reply {
        tracing::error!(%error, "a page cannot be answered");
        self.message(StatusCode::SERVICE_UNAVAILABLE, MessageKind::Unavailable)
    }

    /// Where the log-in sends somebody who is not known.
    fn to_log_in(&self) -> Reply {
        let here = if self.incoming.method == Method::GET { self.here() } else { "/" };
        let expired = if self.cookie(Cookie::Session).is_some() { "&expired=yes" } else { "" };
        Reply::see_other(&format!("{}?next={}{expired}", url::LOG_IN, url::segment(here)))
    }
}

/// A path of this site; the start page for anything else.
pub(super) fn local(path: &str) -> &str {
    let good = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= 2_000
        && path.chars().all(|c| c.is_ascii() && !c.is_ascii_control() && c != '\\');
    if good { path } else { "/" }
}

fn say(shell: Shell, status: StatusCode, kind: MessageKind, reference: Option<String>) -> Reply {
    let page = Message { shell, kind, detail: None, reference, back: "/".into() };
    Reply::open(status, Open::page(&page))
}

/// A request of somebody with a session.
pub(super) struct Inside {
    visit: Visit,
    pub(super) auth: Authenticated,
    request: Uuid,
}

impl Deref for Inside {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl Inside {
    /// Lets somebody in who has a session and owes no change of secrets.
    pub(super) fn enter(app: App, incoming: Incoming, door: Door) -> Result<Self, Box<Reply>> {
        let inside = Self::enter_owing(app, incoming, door)?;
        if inside.auth.must_change.password {
            return Err(Box::new(Reply::see_other(url::LOG_IN_PASSWORD)));
        }
        if inside.auth.must_change.factor {
            return Err(Box::new(Reply::see_other(url::LOG_IN_ENROL)));
        }
        Ok(inside)
    }

    /// The same for the pages on which secrets are changed.
    pub(super) fn enter_owing(app: App, incoming: Incoming, door: Door) -> Result<Self, Box<Reply>> {
        let visit = Visit::new(app, incoming, door);
        let Some(session) = visit.cookie(Cookie::Session) else { return Err(Box::new(visit.to_log_in())) };
        match visit.app.identity().session(session) {
            Ok(Some(auth)) => Ok(Self { visit, auth, request: Uuid::new_v4() }),
            Ok(None) => Err(Box::new(visit.to_log_in())),
            Err(error) => Err(Box::new(visit.unavailable(&error))),
        }
    }

    /// The ask of this person for a purpose; all asks of one request carry one id.
    pub(super) fn asker(&self, why: Purpose) -> Asker {
        let mut asker = Asker::new(self.auth.who.clone(), why, self.origin());
        asker.request = self.request;
        asker
    }

    pub(super) fn has(&self, role: policy::Role) -> bool {
        self.auth.who.roles.contains(&role)
    }

    /// The person's own patient id, in the portal.
    pub(super) fn own_patient(&self) -> Option<tacebo_vault::PatientId> {
        self.auth.who.patient.as_deref().filter(|_| self.is_portal()).map(tacebo_vault::PatientId::new)
    }

    /// Whether this is an account of the portal: of a patient, a parent or guardian.
    pub(super) fn is_portal(&self) -> bool {
        self.auth.who.kind == PersonKind::Patient
    }

    /// Whether this person may declare emergencies.
    pub(super) fn may_declare(&self) -> bool {
        self.has(policy::Role::Doctor) || self.has(policy::Role::Nurse)
    }

    /// The frame for this person.
    pub(super) async fn shell(&self, here: Option<Nav>) -> Shell {
        let mut shell = self.frame();
        let department = match &self.auth.who.department {
            Some(reference) => self.app.governance().directory().name(reference).await.ok(),
            None => None,
        };
        let roles = self.auth.who.roles.iter().filter_map(|role| wording::role(*role)).collect();
        shell.me = Some(Me { name: self.auth.name.clone(), roles, department });
        shell.here = here;
        shell.emergencies = self.emergencies();
        if self.incoming.method == Method::GET
            && let Some(flash) = wording::flash(shell.t(), self.incoming.form().get("done"))
        {
            shell.flashes.push(flash);
        }
        shell
    }

    fn emergencies(&self) -> Vec<RunningEmergency> {
        if !self.may_declare() {
            return Vec::new();
        }
        match self.app.vault().running_emergencies(&self.asker(Purpose::EmergencyTreat)) {
            Ok(running) => running
                .into_iter()
                .map(|one| RunningEmergency {
                    href: url::patient(&one.named),
                    until: wording::moment(one.until_us),
                    patient: one.named,
                    ticket: one.id,
                })
                .collect(),
            Err(error) => {
                tracing::error!(%error, "running emergencies cannot be read");
                Vec::new()
            }
        }
    }

    /// The frame of a page of disclosed data, with the receipt at its foot.
    pub(super) async fn shell_with<T>(&self, here: Option<Nav>, disclosed: &Disclosed<T>) -> Shell {
        footed(self.shell(here).await, disclosed)
    }

    /// A page that says one thing.
    pub(super) async fn say(&self, status: StatusCode, kind: MessageKind) -> Reply {
        say(self.shell(None).await, status, kind, None)
    }

    /// Why an ask had no answer, in words that do not tell whether there is such a thing.
    pub(super) async fn refused(&self, refused: &Refused) -> Reply {
        let (status, kind) = match refused.denial() {
            Denial::Forbidden(_) => (StatusCode::FORBIDDEN, MessageKind::NotForYou),
            Denial::NotFound | Denial::Gone => (StatusCode::NOT_FOUND, MessageKind::NotFound),
            Denial::Precondition { .. } | Denial::Raced => (StatusCode::CONFLICT, MessageKind::Conflict),
            Denial::TooCostly | Denial::Invalid(_) => (StatusCode::BAD_REQUEST, MessageKind::BadRequest),
            Denial::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, MessageKind::Unavailable),
        };
        let page = Message { shell: self.shell(None).await, kind, detail: None, reference: None, back: "/".into() };
        Reply::refused(status, Open::page(&page), refused)
    }

    /// The same for a fault of the house.
    pub(super) async fn fault(&self, fault: VaultFault) -> Reply {
        self.refused(&Refused::from(fault)).await
    }

    /// The same for what identity answers.
    pub(super) async fn identity_error(&self, error: &IdentityError) -> Reply {
        match error {
            IdentityError::Refused(refused) => self.refused(refused).await,
            IdentityError::Unknown => self.say(StatusCode::NOT_FOUND, MessageKind::NotFound).await,
            IdentityError::Changed | IdentityError::NotActive | IdentityError::PractitionerTaken => {
                self.say(StatusCode::CONFLICT, MessageKind::Conflict).await
            }
            IdentityError::OwnAccount => self.say(StatusCode::FORBIDDEN, MessageKind::NotForYou).await,
            IdentityError::Fault(_) | IdentityError::Crypto(_) | IdentityError::Busy => self.unavailable(error),
            _ => self.say(StatusCode::BAD_REQUEST, MessageKind::BadRequest).await,
        }
    }

    /// A page about this person and nobody else.
    pub(super) fn own_page<P: SpeaksToOneself + askama::Template>(status: StatusCode, page: &P) -> Reply {
        Reply::open(status, Open::page(page))
    }
}

/// How an ask of a page ends without one.
#[derive(Debug)]
pub(super) enum Halt {
    /// The vault's no.
    Refused(Refused),
    /// FHIR's no.
    Failed(Failed),
    /// A page that says one thing.
    Say(StatusCode, MessageKind, Vec<Receipt>),
}

impl Halt {
    pub(super) fn say(status: StatusCode, kind: MessageKind) -> Self {
        Self::Say(status, kind, Vec::new())
    }
}

impl From<Refused> for Halt {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Failed> for Halt {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

impl From<VaultFault> for Halt {
    fn from(fault: VaultFault) -> Self {
        Self::Refused(fault.into())
    }
}

impl Unanswered for Halt {
    fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Refused(refused) => refused.outcome(),
            Self::Failed(failed) => failed.outcome(),
            Self::Say(StatusCode::FORBIDDEN, ..) => Some(Outcome::Refused),
            Self::Say(StatusCode::NOT_FOUND, ..) => Some(Outcome::NotFound),
            Self::Say(..) => Some(Outcome::Failed),
        }
    }

    fn recorded(self, receipts: Vec<Receipt>) -> Self {
        match self {
            Self::Refused(refused) => Self::Refused(refused.recorded(receipts)),
            Self::Failed(failed) => Self::Failed(failed.recorded(receipts)),
            Self::Say(status, kind, _) => Self::Say(status, kind, receipts.into_iter().take(1).collect()),
        }
    }
}

impl Inside {
    /// Why an ask of a page had no answer.
    pub(super) async fn halted(&self, halt: &Halt) -> Reply {
        match halt {
            Halt::Refused(refused) => self.refused(refused).await,
            Halt::Failed(failed) => self.failed(failed).await,
            Halt::Say(status, kind, receipts) => self.say(*status, *kind).await.receipts(receipts),
        }
    }

    /// Why FHIR's room had no answer.
    pub(super) async fn failed(&self, failed: &Failed) -> Reply {
        let status = StatusCode::from_u16(failed.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = match failed.status() {
            403 => MessageKind::NotForYou,
            404 | 410 => MessageKind::NotFound,
            409 | 412 => MessageKind::Conflict,
            503 => MessageKind::Unavailable,
            _ => MessageKind::BadRequest,
        };
        self.say(status, kind).await.receipts(failed.receipts())
    }
}

/// A page's frame with the receipt of what it shows at its foot.
pub(super) fn footed<T>(mut shell: Shell, disclosed: &Disclosed<T>) -> Shell {
    shell.receipt = disclosed.receipts().first().map(receipt_words);
    shell
}

/// How a receipt is shown at the foot of a page.
fn receipt_words(receipt: &Receipt) -> String {
    format!("{} #{}", receipt.origin(), receipt.index())
}

/// Where somebody begins, by role.
pub(super) fn landing(auth: &Authenticated) -> &'static str {
    use policy::Role as R;
    let has = |role: R| auth.who.roles.contains(&role);
    if has(R::Doctor) || has(R::Nurse) || has(R::Radiographer) {
        url::PATIENTS
    } else if has(R::Receptionist) {
        url::RECEPTION
    } else if has(R::PrivacyOfficer) {
        url::PRIVACY
    } else if has(R::Auditor) || has(R::AuditAdmin) {
        url::AUDIT
    } else if has(R::SecurityAdmin) {
        url::ACCOUNTS
    } else if has(R::SystemAdmin) || has(R::SecurityOfficer) {
        url::SYSTEM
    } else if has(R::Patient) {
        url::ME
    } else {
        url::ACCOUNT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_gone_to() {
        assert_eq!(local("/patients?q=1"), "/patients?q=1");
        for elsewhere in ["", "//evil.example", "https://evil.example", "/\\evil.example", "javascript:1", "/a\nb"] {
            assert_eq!(local(elsewhere), "/", "{elsewhere:?}");
        }
    }

    #[test]
    fn over_tls_a_cookie_is_bound_to_the_host_and_secure() {
        let over = Cookie::Session.set(true, "x", None);
        assert!(over.starts_with("__Host-tacebo=x; Path=/; HttpOnly; SameSite=Lax; Secure"), "{over}");
        let clear = Cookie::Session.set(false, "x", None);
        assert_eq!(clear, "tacebo=x; Path=/; HttpOnly; SameSite=Lax");
    }
}
