//! Addresses of console and portal, in one place for templates and router.

/// Log in (`GET` page, `POST` fields `name`, `password`, `next`).
pub const LOG_IN: &str = "/login";
/// Second factor (`POST` field `code`, `next`).
pub const LOG_IN_CODE: &str = "/login/code";
/// First second factor after a new account or a reset (`POST` fields `code`, `next`).
pub const LOG_IN_ENROL: &str = "/login/enrol";
/// A new password before anything else (`POST` fields `new`, `again`, `next`).
pub const LOG_IN_PASSWORD: &str = "/login/password";
/// Log out (`POST`).
pub const LOG_OUT: &str = "/logout";
/// Language and colours (`POST` fields `lang` or `theme`, and `back`): sets the cookie, redirects to `back`.
pub const PREFERENCES: &str = "/preferences";

/// The doctor's own patients.
pub const PATIENTS: &str = "/patients";
/// Find a patient (`GET` field `q`).
pub const FIND: &str = "/patients/find";
/// The counter (`GET` field `q`).
pub const RECEPTION: &str = "/reception";
/// Register a patient (`GET` page, `POST`).
pub const REGISTER: &str = "/reception/register";
/// What the privacy officer must do today.
pub const PRIVACY: &str = "/privacy";
/// Emergency accesses to review.
pub const REVIEWS: &str = "/privacy/reviews";
/// Who saw whom (`GET` fields `by` = `patient` | `staff`, `q`, `page`).
pub const WHO_SAW: &str = "/privacy/who-saw";
/// Destruction of personal data (`POST` asks for one, see [`super::destruction::Destructions`]).
pub const DESTRUCTIONS: &str = "/privacy/destructions";
/// New data keys for a patient (`POST` field `q`).
pub const NEW_KEYS: &str = "/privacy/new-keys";
/// Forbids a destruction (`POST` fields `q`, `text`).
pub const HOLDS: &str = "/privacy/holds";
/// The log (`GET` filters, see [`super::audit::LogFilters`]).
pub const AUDIT: &str = "/audit";
/// Verify the log now (`GET` page, `POST` field `checkpoint`).
pub const VERIFY: &str = "/audit/verify";
/// Compare documents and log now (`POST`).
pub const COMPARE: &str = "/audit/compare";
/// Accounts (`GET` field `q`, `POST` creates).
pub const ACCOUNTS: &str = "/accounts";
/// A new account (page).
pub const ACCOUNT_NEW: &str = "/accounts/new";
/// State of the system.
pub const SYSTEM: &str = "/system";
/// Root keys.
pub const ROOT_KEYS: &str = "/system/keys";
/// A new root key (`POST`, no fields).
pub const ROOT_TURN: &str = "/system/keys/turn";
/// New keys of blind terms (`POST`, no fields).
pub const TERMS_ANEW: &str = "/system/keys/terms";
/// Backups.
pub const BACKUPS: &str = "/system/backups";
/// A backup now (`POST`, no fields).
pub const BACKUP_NOW: &str = "/system/backups/now";
/// A restore is tried now (`POST`, no fields).
pub const RESTORE_TEST: &str = "/system/backups/test";
/// The person's own account.
pub const ACCOUNT: &str = "/account";
/// Own password (`POST` fields `current`, `new`, `again`).
pub const ACCOUNT_PASSWORD: &str = "/account/password";

/// Portal.
pub const ME: &str = "/me";
/// Whose record the portal shows.
pub const ME_WHOSE: &str = "/me/whose";
/// Portal: who saw it (`GET` field `page`).
pub const SEEN: &str = "/me/seen";
/// Portal: choices (`GET` page, `POST` fields `department`, `limit` = `on` | `off`).
pub const CHOICES: &str = "/me/choices";
/// Portal: own record.
pub const MY_RECORD: &str = "/me/record";
/// Check a proof that was downloaded (public; `POST` field `proof`).
pub const CHECK_PROOF: &str = "/check-proof";

/// A patient's record.
pub fn patient(id: &str) -> String {
    format!("/patients/{}", segment(id))
}

/// Emergency access to a record (`GET` page, `POST` fields `reason`, `text`, `minutes`, `code`).
pub fn emergency(id: &str) -> String {
    format!("/patients/{}/emergency", segment(id))
}

/// Ask for ordinary access (`POST` field `text`).
pub fn request_access(id: &str) -> String {
    format!("/patients/{}/request-access", segment(id))
}

/// End an emergency access early (`POST`).
pub fn emergency_end(ticket: &str) -> String {
    format!("/emergency/{}/end", segment(ticket))
}

/// Notice and consent of a patient at the counter (`GET` page, `POST`).
pub fn consent(id: &str) -> String {
    format!("/reception/patients/{}/consent", segment(id))
}

/// Accounts of the portal for a patient, at the counter (`GET` page, `POST` opens the patient's own).
pub fn desk(id: &str) -> String {
    format!("/reception/patients/{}/portal", segment(id))
}

/// A step on the patient's own account (`POST` fields `document`, `checked`): `reset-password`, `reset-factor`, `end`.
pub fn desk_step(id: &str, step: &str) -> String {
    format!("{}/{step}", desk(id))
}

/// Records a parent or guardian with an account (`POST`, see [`super::desk::Desk`]).
pub fn guardians(id: &str) -> String {
    format!("/reception/patients/{}/guardians", segment(id))
}

/// A step on a parent or guardian (`POST`): those of [`desk_step`], `open`, and `end-authority`.
pub fn guardian_step(id: &str, guardian: &str, step: &str) -> String {
    format!("{}/{}/{step}", guardians(id), segment(guardian))
}

/// Review of one emergency access (`GET` page, `POST` fields `outcome`, `note`).
pub fn review(ticket: &str) -> String {
    format!("/privacy/reviews/{}", segment(ticket))
}

/// One request for access (`GET` page, `POST` field `answer`).
pub fn access_request(id: &str) -> String {
    format!("/privacy/requests/{}", segment(id))
}

/// One destruction.
pub fn destruction(id: &str) -> String {
    format!("{DESTRUCTIONS}/{}", segment(id))
}

/// Its certificate, as a file.
pub fn certificate(id: &str) -> String {
    format!("{DESTRUCTIONS}/{}/certificate", segment(id))
}

/// Lifts a hold (`POST`, no fields).
pub fn hold(id: &str) -> String {
    format!("{HOLDS}/{}", segment(id))
}

/// One entry of the log.
pub fn entry(index: &u64) -> String {
    format!("/audit/entries/{index}")
}

/// Open a committed field of an entry (`POST` field `field`).
pub fn entry_open(index: &u64) -> String {
    format!("/audit/entries/{index}/open")
}

/// The proof file of an entry, for the auditor.
pub fn entry_proof(index: &u64) -> String {
    format!("/audit/entries/{index}/proof")
}

/// One account (`GET` page, `POST` changes).
pub fn account(id: &str) -> String {
    format!("/accounts/{}", segment(id))
}

/// A step on one account (`POST`): `lock`, `unlock`, `reset-factor`, `reset-password`.
pub fn account_step(id: &str, step: &str) -> String {
    format!("/accounts/{}/{step}", segment(id))
}

/// End one of one's own sessions (`POST`).
pub fn session_end(id: &str) -> String {
    format!("/account/sessions/{}/end", segment(id))
}

/// Portal: one disclosure with its proof.
pub fn seen_entry(index: &u64) -> String {
    format!("/me/seen/{index}")
}

/// Portal: the proof file of one disclosure.
pub fn seen_proof(index: &u64) -> String {
    format!("/me/seen/{index}/proof")
}

/// One path segment: everything but unreserved characters is percent-encoded.
pub fn segment(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_path_segment() {
        assert_eq!(patient("p-1"), "/patients/p-1");
        assert_eq!(patient("a/b?c"), "/patients/a%2Fb%3Fc");
        assert_eq!(patient("张"), "/patients/%E5%BC%A0");
    }
}
