//! Backups: the last one, the last restore that was tried, and the buttons for either.

use askama::Template;
use jiff::Timestamp;

use super::Shell;

/// The last backup.
pub struct LastBackup {
    /// Its number.
    pub run: u64,
    /// When it ended.
    pub ended: Timestamp,
    /// How long it took, in seconds.
    pub seconds: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Versions carried.
    pub versions: u64,
    /// Entries of the log carried.
    pub entries: u64,
    /// SHA-256 of its manifest.
    pub manifest: String,
}

/// The last restore that was tried.
pub struct LastTest {
    /// Which backup.
    pub run: u64,
    /// When it ended.
    pub ended: Timestamp,
    /// How long it took, in words.
    pub took: String,
    /// Whether that is within what a restore may take.
    pub in_time: bool,
    /// How old the backup was, in words: what would have been lost.
    pub loss: String,
    /// Whether that is within what may be lost.
    pub loss_small: bool,
    /// Versions compared.
    pub versions: u64,
    /// Entries compared.
    pub entries: u64,
    /// Why it failed.
    pub trouble: Option<String>,
}

/// What is planned, in figures.
pub struct Planned {
    /// Hours between two backups.
    pub every_hours: u32,
    /// Days between two tests.
    pub drill_days: u32,
    /// Days after which the last test is too old.
    pub late_days: u32,
    /// Minutes a restore may take.
    pub target_minutes: u32,
    /// Hours that may be lost.
    pub target_hours: u32,
}

/// What runs, and how far it is, in percent.
pub enum Running {
    /// A backup.
    Backup(u64),
    /// A restore that is tried.
    Test(u64),
}

/// The page. Posts to [`super::url::BACKUP_NOW`] and [`super::url::RESTORE_TEST`], no fields.
#[derive(Template)]
#[template(path = "system/backups.html")]
pub struct BackupPage {
    /// The frame.
    pub shell: Shell,
    /// What is planned; none where no backup is set up.
    pub planned: Option<Planned>,
    /// Whether one is missing.
    pub missed: bool,
    /// Whether the last test is too old, failed or missed its targets.
    pub test_late: bool,
    /// The last backup.
    pub last: Option<LastBackup>,
    /// When the last attempt failed, and why.
    pub trouble: Option<(Timestamp, String)>,
    /// The last test.
    pub test: Option<LastTest>,
    /// What runs.
    pub running: Option<Running>,
}

super::no_content_in_debug!(LastBackup, LastTest, Planned, Running, BackupPage);
