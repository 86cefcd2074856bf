//! Backups: how the last one and the last tried restore went, and the buttons for another.

use http::StatusCode;
use tacebo_vault::policy::Purpose;
use tacebo_vault::{BackupWork, Backups, Refused};

use crate::doors::session::Inside;
use crate::doors::wording;
use crate::http::Reply;
use crate::pages::backups::{BackupPage, LastBackup, LastTest, Planned, Running};
use crate::pages::lang::Messages;
use crate::pages::parts::grouped;
use crate::pages::system::Check;
use crate::pages::{Nav, Shell, url};

const SECOND_US: i64 = 1_000_000;

/// A length of time, in the unit that fits it.
fn length(us: i64, t: &Messages) -> String {
    let seconds = us.max(0) / SECOND_US;
    let number = |n: i64| grouped(n.unsigned_abs());
    match seconds {
        0..120 => t.backups_seconds(number(seconds)),
        120..7200 => t.backups_minutes(number(seconds / 60)),
        _ => t.backups_hours(number(seconds / 3600)),
    }
}

fn view(state: Backups, shell: Shell) -> BackupPage {
    let t = shell.t();
    let (missed, test_late) = (state.is_missed(), state.is_drill_late());
    let (in_time, loss_small) = (state.is_in_time(), state.is_loss_small());
    let percent = |done: u64, of: u64| (100 * done).checked_div(of).unwrap_or(0).min(100);
    BackupPage {
        planned: state.plan.map(|plan| Planned {
            every_hours: plan.every_hours,
            drill_days: plan.drill_every_days,
            late_days: plan.drill_late_days,
            target_minutes: plan.target_minutes,
            target_hours: plan.target_loss_hours,
        }),
        missed,
        test_late,
        last: state.last.map(|last| LastBackup {
            run: last.run,
            ended: wording::moment(last.ended_us),
            seconds: (last.ended_us.saturating_sub(last.begun_us).max(0) / SECOND_US).unsigned_abs(),
            bytes: last.bytes,
            versions: last.versions,
            entries: last.entries,
            manifest: last.manifest,
        }),
        trouble: state.trouble.map(|trouble| (wording::moment(trouble.at_us), trouble.why)),
        test: state.drill.map(|drill| LastTest {
            run: drill.run,
            ended: wording::moment(drill.ended_us),
            took: length(drill.ended_us.saturating_sub(drill.begun_us), t),
            in_time,
            loss: length(drill.loss_us, t),
            loss_small,
            versions: drill.versions,
            entries: drill.entries,
            trouble: drill.trouble,
        }),
        running: state.running.map(|work| match work {
            BackupWork::Backup(done, of) => Running::Backup(percent(done, of)),
            BackupWork::Drill(done, of) => Running::Test(percent(done, of)),
        }),
        shell,
    }
}

/// What the first screen of whoever watches the machine says of it.
pub(super) fn checks(state: &Backups, shell: &Shell) -> [Check; 2] {
    let t = shell.t();
    let last =
        state.last.as_ref().map_or_else(|| t.backups_never(), |last| shell.when(&wording::moment(last.ended_us)));
    let drill = state.drill.as_ref().map_or_else(
        || t.backups_test_never(),
        |drill| {
            let took = length(drill.ended_us.saturating_sub(drill.begun_us), t);
            format!("{} · {took}", shell.when(&wording::moment(drill.ended_us)))
        },
    );
    [
        Check { what: t.check_backup(), held: !state.is_missed(), detail: last },
        Check { what: t.check_restore_test(), held: !state.is_drill_late(), detail: drill },
    ]
}

pub(super) async fn page(inside: &Inside) -> Result<Reply, Refused> {
    let state = inside.app.vault().backup_state(&inside.asker(Purpose::SystemAdmin)).await?;
    let shell = inside.shell_with(Some(Nav::Backups), &state).await;
    Ok(Reply::page(StatusCode::OK, state.map(|state| view(state, shell))))
}

pub(super) async fn now(inside: &Inside) -> Result<Reply, Refused> {
    let asked = inside.app.vault().ask_backup(&inside.asker(Purpose::SystemAdmin), false).await?;
    Ok(Reply::see_other(url::BACKUPS).receipts(asked.receipts()))
}

pub(super) async fn test(inside: &Inside) -> Result<Reply, Refused> {
    let asked = inside.app.vault().ask_backup(&inside.asker(Purpose::SystemAdmin), true).await?;
    Ok(Reply::see_other(url::BACKUPS).receipts(asked.receipts()))
}
