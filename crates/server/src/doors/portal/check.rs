//! Check a proof: the file, the log's public key, and nothing else.

use http::StatusCode;
use tacebo_vault::Door;
use tacebo_vault::ledger::{Evidence, LogVerifier, TlogProof};

use crate::app::App;
use crate::doors::console::audit::{field_label, pasted};
use crate::doors::session::Visit;
use crate::http::{Incoming, Open, Reply};
use crate::pages::portal::{CheckProof, ProofResult};
use crate::pages::{Field, FieldError, url};

/// Longest file that is looked at, in bytes.
const LONGEST: usize = 1 << 20;

fn show(visit: &Visit, status: StatusCode, proof: Field, result: Option<ProofResult>) -> Reply {
    let public_key = match visit.app.vault().log_vkey() {
        Ok(key) => key,
        Err(fault) => return visit.unavailable(&fault),
    };
    let mut shell = visit.frame();
    url::CHECK_PROOF.clone_into(&mut shell.path);
    let origin = visit.app.vault().institution().origin.clone();
    Reply::open(status, Open::page(&CheckProof { shell, proof, result, public_key, origin }))
}

pub(super) async fn form(app: App, incoming: Incoming) -> Reply {
    show(&Visit::new(app, incoming, Door::Portal), StatusCode::OK, Field::default(), None)
}

pub(super) async fn check(app: App, incoming: Incoming) -> Reply {
    let visit = Visit::new(app, incoming, Door::Portal);
    let text = pasted(&visit.incoming, "proof");
    if text.is_empty() || text.len() > LONGEST {
        let wrong =
            Field::default().wrong(if text.is_empty() { FieldError::Required } else { FieldError::NotReadable });
        return show(&visit, StatusCode::UNPROCESSABLE_ENTITY, wrong, None);
    }
    let result = judge(&visit, text.as_bytes());
    let status = if result.held { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    show(&visit, status, Field::of(text), Some(result))
}

fn judge(visit: &Visit, file: &[u8]) -> ProofResult {
    let t = visit.lang.t();
    let broken =
        || ProofResult { held: false, fault: Some(t.proof_not_of_this_log()), fields: Vec::new(), entry: None };
    let verifier = visit.app.vault().log_vkey().ok().and_then(|key| key.trim().parse::<LogVerifier>().ok());
    let Some(verifier) = verifier else { return broken() };
    let (Ok(proof), Ok(proved)) = (TlogProof::parse(file), Evidence::verify(file, &verifier)) else { return broken() };
    let minute = i64::try_from(proved.head.time_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let mut fields = Vec::new();
    if let Some(minute) = minute {
        fields.push((t.proof_minute(), visit.frame().when(&minute)));
    }
    for field in &proved.disclosures {
        fields.push((field_label(t, field.name()), String::from_utf8_lossy(field.value()).into_owned()));
    }
    ProofResult { held: true, fault: None, fields, entry: Some(proof.index) }
}
