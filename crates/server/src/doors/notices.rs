//! Notices that were given, in words: at the counter and in the portal.

use tacebo_governance::{Answer, Library, Method, Notice, NoticeProof};
use tacebo_vault::Record;

use super::wording;
use crate::pages::lang::Messages;
use crate::pages::reception::ConsentPast;
use crate::pages::{Lang, Shell};

/// Title and text in the reader's language.
pub(super) fn words(notice: &Notice, lang: Lang) -> (&str, &str) {
    match lang {
        Lang::Zh => (&notice.title_zh, &notice.text_zh),
        Lang::En => (&notice.title_en, &notice.text_en),
    }
}

fn method(t: &Messages, method: Method) -> String {
    match method {
        Method::Tablet => t.method_screen(),
        Method::Paper => t.method_paper(),
        Method::Aloud => t.method_aloud(),
    }
}

/// One that was given, with what was answered and by whom.
pub(super) fn past(proof: &Record<NoticeProof>, library: &Library, shell: &Shell) -> ConsentPast {
    let proof = &proof.value;
    let title = library.notice(&proof.notice).map_or(proof.notice.as_str(), |one| words(one, shell.lang).0);
    let title = vec![title.to_owned()];
    let declined = proof.answer == Answer::Declined;
    ConsentPast {
        when: wording::moment(proof.at_us),
        version: proof.version.clone(),
        since: proof.since.to_string(),
        given_on: proof.given.on.to_string(),
        guardian: proof.given.guardian.clone(),
        method: method(shell.t(), proof.given.method),
        agreed: if declined { Vec::new() } else { title.clone() },
        declined: if declined { title } else { Vec::new() },
    }
}
