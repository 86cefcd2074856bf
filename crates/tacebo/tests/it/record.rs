//! What must be found after an end in the midst of work: every acknowledged write is there and opens, a transaction is
//! there whole or not at all, every receipt that somebody holds names its entry in the log, and the tree continues every
//! checkpoint that was handed out.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use tacebo_ledger::Hash;
use tacebo_ledger::audit::{LogSource, audit};
use tacebo_store::{At, AuditSource};

use crate::http::Answer;
use crate::load::{Kept, Told, marker};
use crate::program::{Program, vkey};

/// What must be found.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) receipts: BTreeMap<u64, String>,
    pub(crate) acknowledged: BTreeMap<String, Kept>,
    /// Sent and never answered, each as a whole.
    pub(crate) open: Vec<Vec<Kept>>,
    /// The newest checkpoint that somebody outside kept.
    pub(crate) note: Option<Vec<u8>>,
    pub(crate) done: BTreeMap<&'static str, u64>,
}

impl Record {
    pub(crate) fn hear(&mut self, told: Told) {
        match told {
            Told::Receipt((index, leaf)) => {
                let other = self.receipts.insert(index, leaf.clone());
                assert!(other.is_none_or(|other| other == leaf), "two entries at {index}");
            }
            Told::Sent(_, all) => self.open.push(all),
            Told::Acknowledged(_, all, _) => {
                self.open.retain(|open| *open != all);
                for kept in all {
                    self.acknowledged.insert(kept.address.clone(), kept);
                }
            }
            Told::Checkpoint(note) => self.note = Some(note),
            Told::Unlogged(words) => panic!("an answer without its entry: {words}"),
            Told::Done(what) => *self.done.entry(what).or_default() += 1,
        }
    }
}

/// The log as the crash left it: consistent in itself and with the kept checkpoint, every held receipt in its place.
pub(crate) fn check_log(data: &Path, record: &Record) -> u64 {
    check_log_at(&At::Folder(data.to_owned()), data, record)
}

/// The same of a house whose records are elsewhere than its data folder.
pub(crate) fn check_log_at(at: &At, data: &Path, record: &Record) -> u64 {
    let part = AuditSource::parts(at).unwrap()[0];
    let source = AuditSource::open(at, part).unwrap();
    let notes: Vec<&[u8]> = record.note.iter().map(Vec::as_slice).collect();
    let report = audit(&source, &vkey(data), &notes, &mut |_| {}).unwrap();
    let (mut next, mut found) = (0, 0);
    source
        .rows(&mut |row| {
            assert_eq!(row.index, next, "a gap in the log");
            next += 1;
            if let Some(leaf) = record.receipts.get(&row.index) {
                assert_eq!(
                    *leaf,
                    Hash::leaf(row.entry).to_base64(),
                    "the entry of a receipt at {} is another",
                    row.index
                );
                found += 1;
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(next, report.size);
    assert_eq!(found, record.receipts.len(), "a receipt names an entry that is not there");
    next
}

/// What was acknowledged is there; what was not is there whole or not at all.
pub(crate) fn check_documents(program: &Program, record: &mut Record, addresses: &BTreeSet<String>) {
    let mut client = program.gateway();
    let mut get = |address: &str| {
        let answer = client.get(&format!("/fhir/{address}")).unwrap();
        for (index, leaf) in answer.receipts() {
            record.receipts.insert(index, leaf);
        }
        answer
    };
    let is = |answer: &Answer, kept: &Kept| match &kept.text {
        None => answer.status == 410,
        Some(text) => {
            answer.status == 200 && {
                let resource = answer.json();
                let version = resource["meta"]["versionId"].as_str().and_then(|version| version.parse().ok());
                version == Some(kept.version) && marker(&resource) == text
            }
        }
    };
    let mut settled = Vec::new();
    for open in std::mem::take(&mut record.open) {
        let there = open.iter().filter(|kept| is(&get(&kept.address), kept)).count();
        assert!(there == 0 || there == open.len(), "a transaction is there in part: {}", open[0].address);
        if there > 0 {
            settled.extend(open);
        }
    }
    for kept in settled {
        record.acknowledged.insert(kept.address.clone(), kept);
    }
    for address in addresses {
        let Some(kept) = record.acknowledged.get(address) else { continue };
        let answer = get(address);
        assert!(is(&answer, kept), "version {} of {address} was acknowledged: {}", kept.version, answer.text());
    }
}
