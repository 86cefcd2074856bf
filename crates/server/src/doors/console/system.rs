//! How the machine stands, in numbers that speak of nobody.

use http::StatusCode;
use tacebo_vault::policy::Purpose;
use tacebo_vault::{Comparison, CustodyTrouble, NodeRow, Refused, Standby, Standbys, Suite, Worth};

use super::backups;
use crate::doors::session::Inside;
use crate::doors::wording;
use crate::http::Reply;
use crate::pages::lang::Messages;
use crate::pages::parts::grouped;
use crate::pages::system::{Check, NodeLine, Status};
use crate::pages::{Nav, Shell, unlike_words};

/// Resident memory of this process, where the system tells it.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1_024)
}

/// Who holds the root key, by what its word on destruction is worth.
pub(super) fn custodian(worth: Worth, t: &Messages) -> String {
    match worth {
        Worth::Module => t.custodian_module(),
        Worth::Tpm => t.custodian_tpm(),
        Worth::Service => t.custodian_service(),
        Worth::Software => t.custodian_software(),
        // The least that is promised, for whatever comes later.
        _ => t.custodian_file(),
    }
}

/// Whether documents and log fitted each other when they were compared last.
fn compared_check(last: Option<&Comparison>, shell: &Shell) -> Check {
    let t = shell.t();
    let detail = match last {
        None => t.compare_never(),
        Some(Comparison { unlike: Some(unlike), .. }) => unlike_words(unlike, shell.lang),
        Some(last) => {
            let counts = t.compare_held(grouped(last.versions), grouped(last.entries));
            format!("{counts} · {}", shell.when(&wording::moment(last.ended_us)))
        }
    };
    Check { what: t.check_compared(), held: last.is_none_or(|last| last.unlike.is_none()), detail }
}

/// Whether the custodian of the root keys is still there.
fn custodian_check(trouble: Option<&CustodyTrouble>, shell: &Shell) -> Check {
    let t = shell.t();
    let when = |at_us| shell.when(&wording::moment(at_us));
    let detail = trouble.map(|lost| t.check_custodian_lost(when(lost.answered_us), when(lost.closes_us)));
    Check { what: t.check_custodian(), held: trouble.is_none(), detail: detail.unwrap_or_default() }
}

/// Whether each standby of the database follows, and whether there is one where there should be.
fn standby_checks(standbys: Option<&Standbys>, shell: &Shell) -> Vec<Check> {
    let (t, Some(standbys)) = (shell.t(), standbys) else { return Vec::new() };
    if standbys.found.is_empty() {
        let none = Check { what: t.check_standby_none(), held: false, detail: t.check_standby_none_detail() };
        return if standbys.expected { vec![none] } else { Vec::new() };
    }
    let words = |standby: &Standby| {
        let waits = if standby.synchronous { t.standby_synchronous() } else { t.standby_asynchronous() };
        match standby.behind_bytes {
            _ if standby.streaming.is_none() => t.standby_unknown(),
            Some(bytes) => t.standby_behind(waits, shell.bytes(&bytes)),
            None => waits,
        }
    };
    let check = |standby: &Standby| Check {
        what: t.check_standby(standby.name.as_str()),
        held: standby.streaming.unwrap_or(true),
        detail: words(standby),
    };
    standbys.found.iter().map(check).collect()
}

/// The algorithms of the house.
fn suite(suite: Suite, t: &Messages) -> String {
    match suite {
        Suite::Shangmi => t.suite_shangmi(),
        _ => t.suite_international(),
    }
}

/// A node as the page shows it; the server's clock is not this one's, so ages count.
fn line(node: NodeRow, now_us: i64) -> NodeLine {
    let ago = |age: std::time::Duration| {
        wording::moment(now_us.saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX)))
    };
    let (started, heard) = (ago(node.age), ago(node.silent));
    NodeLine { name: node.name, own: node.own, lives: node.lives, started, heard }
}

pub(super) async fn status(inside: &Inside) -> Result<Reply, Refused> {
    let state = inside.app.vault().state(&inside.asker(Purpose::SystemAdmin)).await?;
    let shell = inside.shell_with(Some(Nav::System), &state).await;
    let ready = inside.app.vault().ready();
    let compared = inside.app.vault().compared()?.last;
    let saved = inside.app.vault().backups()?;
    let nodes = inside.app.vault().nodes()?.into_iter().map(|node| line(node, inside.app.vault().now_us())).collect();
    Ok(Reply::page(
        StatusCode::OK,
        state.map(|state| {
            let t = shell.t();
            let detail = ready.as_ref().err().map(ToString::to_string).unwrap_or_default();
            let signed = t.check_signed_detail(grouped(state.signed), grouped(state.entries));
            // Signing runs once a second; what reading this page itself logged is not signed yet.
            let mut checks = vec![
                Check { what: t.check_store(), held: ready.is_ok(), detail },
                Check { what: t.check_log_writable(), held: true, detail: String::new() },
                Check { what: t.check_signed(), held: state.signed > 0 || state.entries == 0, detail: signed },
                Check { what: t.check_root_turned(), held: !state.turn_unfinished, detail: String::new() },
                custodian_check(state.custody_trouble.as_ref(), &shell),
                compared_check(compared.as_ref(), &shell),
            ];
            checks.extend(standby_checks(state.standbys.as_ref(), &shell));
            checks.extend(backups::checks(&saved, &shell));
            Status {
                checks,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                revision: None,
                started: wording::moment(inside.app.started_us()),
                store_bytes: state.bytes,
                free_bytes: None,
                documents: state.versions,
                entries: state.entries,
                subjects: state.persons,
                key_epoch: state.epoch,
                key_turned: state.turned_us.map(wording::moment),
                custodian: custodian(state.worth, t),
                suite: suite(state.suite, t),
                memory_bytes: memory(),
                nodes,
                requests: None,
                shell,
            }
        }),
    ))
}
