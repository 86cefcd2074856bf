//! Entries of the log as people read them: who, in which role, what, for what, with which end.

use std::collections::BTreeMap;

use tacebo_vault::{LogEntry, field};

use super::console::staff;
use super::wording;
use crate::app::App;
use crate::pages::audit::EntryRow;
use crate::pages::chart::{Bars, Heat};
use crate::pages::portal::SeenRow;
use crate::pages::privacy::SawRow;
use crate::pages::{Purpose, Shell};

/// Names behind the accounts and departments of entries.
#[derive(Default)]
pub(super) struct People {
    departments: BTreeMap<String, String>,
    actors: BTreeMap<String, String>,
}

/// Looks up the names that these entries mention.
pub(super) async fn people(app: &App, entries: &[LogEntry]) -> People {
    let mut people = People::default();
    for entry in entries {
        let department = entry.get(field::DEPARTMENT);
        if !department.is_empty() && !people.departments.contains_key(department) {
            let name = app.governance().directory().name(department).await;
            people.departments.insert(department.to_owned(), name.unwrap_or_else(|_| department.to_owned()));
        }
        let actor = entry.get(field::ACTOR);
        if !actor.is_empty() && !people.actors.contains_key(actor) {
            people.actors.insert(actor.to_owned(), staff::actor(app, actor));
        }
    }
    people
}

impl People {
    fn department(&self, entry: &LogEntry) -> String {
        self.departments.get(entry.get(field::DEPARTMENT)).cloned().unwrap_or_default()
    }

    fn actor(&self, entry: &LogEntry, shell: &Shell) -> String {
        if entry.get(field::ACTOR) == tacebo_identity::HOUSE {
            return shell.t().actor_house();
        }
        self.actors.get(entry.get(field::ACTOR)).cloned().unwrap_or_default()
    }
}

/// What was done to what, in words.
pub(super) fn what(entry: &LogEntry, shell: &Shell) -> String {
    let t = shell.t();
    let action = wording::action(t, entry.get(field::ACTION));
    let items = wording::items(t, entry.get(field::ITEMS));
    if items.is_empty() { action } else { format!("{action} {items}") }
}

fn role(entry: &LogEntry, shell: &Shell) -> String {
    wording::roles(shell.t(), entry.get(field::ROLES))
}

/// For the privacy officer.
pub(super) fn saw(entry: &LogEntry, people: &People, shell: &Shell) -> SawRow {
    SawRow {
        entry: entry.index,
        at: wording::moment(entry.time_us),
        actor: people.actor(entry, shell),
        role: role(entry, shell),
        department: people.department(entry),
        patient: entry.get(field::PATIENT).to_owned(),
        action: what(entry, shell),
        purpose: Purpose::from_code(entry.get(field::PURPOSE)),
        outcome: wording::outcome(entry.get(field::OUTCOME)),
    }
}

/// For the patient: role and department, not the name.
pub(super) fn seen(entry: &LogEntry, people: &People, own: &str, shell: &Shell) -> SeenRow {
    let purpose = Purpose::from_code(entry.get(field::PURPOSE));
    let role = role(entry, shell);
    SeenRow {
        entry: entry.index,
        at: wording::moment(entry.time_us),
        role: if role.is_empty() { people.actor(entry, shell) } else { role },
        department: people.department(entry),
        what: what(entry, shell),
        emergency: purpose == Purpose::Emergency,
        purpose,
        outcome: wording::outcome(entry.get(field::OUTCOME)),
        own: entry.get(field::ACTOR) == own,
    }
}

/// For the auditor.
pub(super) fn logged(entry: &LogEntry, people: &People, shell: &Shell) -> EntryRow {
    let t = shell.t();
    EntryRow {
        index: entry.index,
        at: wording::moment(entry.time_us),
        actor: people.actor(entry, shell),
        role: role(entry, shell),
        action: wording::action(t, entry.get(field::ACTION)),
        kind: wording::items(t, entry.get(field::ITEMS)),
        patient: entry.get(field::PATIENT).to_owned(),
        purpose: Purpose::from_code(entry.get(field::PURPOSE)),
        outcome: wording::outcome(entry.get(field::OUTCOME)),
    }
}

/// How many entries there are for each of what a key names, the most first.
pub(super) fn bars(entries: &[LogEntry], title: String, what: String, key: impl Fn(&LogEntry) -> String) -> Bars {
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    for entry in entries {
        let name = key(entry);
        if !name.is_empty() {
            *counted.entry(name).or_default() += 1;
        }
    }
    let mut items: Vec<(String, u64)> = counted.into_iter().collect();
    items.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    items.truncate(12);
    Bars { title, what, items }
}

/// By department.
pub(super) fn by_department(entries: &[LogEntry], people: &People, shell: &Shell) -> Bars {
    let t = shell.t();
    bars(entries, t.chart_by_department(), t.col_department(), |entry| people.department(entry))
}

/// By day and hour, the last seven days with entries.
pub(super) fn heat(entries: &[LogEntry], title: String, shell: &Shell) -> Heat {
    let mut days: BTreeMap<String, [u32; 24]> = BTreeMap::new();
    for entry in entries {
        let at = wording::moment(entry.time_us);
        let hour = usize::try_from(at.to_zoned(shell.zone.clone()).hour()).unwrap_or(0);
        if let Some(count) = days.entry(shell.day(&at)).or_default().get_mut(hour) {
            *count += 1;
        }
    }
    let mut rows: Vec<(String, [u32; 24])> = days.into_iter().rev().take(7).collect();
    rows.reverse();
    Heat { title, rows }
}
