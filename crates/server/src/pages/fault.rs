//! A broken place of the log, or of documents beside it, in words, for the auditor's page and for `tacebo verify`.

use tacebo_vault::Unlike;
use tacebo_vault::ledger::audit::Fault;

use super::Lang;

/// The broken place in the reader's language.
pub fn fault_words(fault: &Fault, lang: Lang) -> String {
    let t = lang.t();
    let n = |number: &u64| number.to_string();
    match fault {
        Fault::StateMissing => t.fault_state_missing(),
        Fault::StateAltered { stated, found } => t.fault_state_altered(n(stated), n(found)),
        Fault::RootMismatch { size } => t.fault_root_mismatch(n(size)),
        Fault::EntryMissing { index } => t.fault_entry_missing(n(index)),
        Fault::EntrySuperfluous { index } => t.fault_entry_superfluous(n(index)),
        Fault::EntryAltered { index } => t.fault_entry_altered(n(index)),
        Fault::RowAltered { index } => t.fault_row_altered(n(index)),
        Fault::EntryMisfiled { index } => t.fault_entry_misfiled(n(index)),
        Fault::TileMissing { level, index } => t.fault_tile_missing(level.to_string(), n(index)),
        Fault::TileAltered { level, index } => t.fault_tile_altered(level.to_string(), n(index)),
        Fault::TileSuperfluous { level, index } => t.fault_tile_superfluous(n(level), n(index)),
        Fault::CheckpointMissing { seq } => t.fault_checkpoint_missing(n(seq)),
        Fault::CheckpointSuperfluous { seq } => t.fault_checkpoint_superfluous(n(seq)),
        Fault::CheckpointAltered { seq } => t.fault_checkpoint_altered(n(seq)),
        Fault::SignatureInvalid { seq } => t.fault_signature_invalid(n(seq)),
        Fault::SignatureUnknown { seq } => t.fault_signature_unknown(n(seq)),
        Fault::CheckpointForked { seq, size, intact } => t.fault_checkpoint_forked(n(seq), n(intact), n(size)),
        Fault::Truncated { size, signed, seq } => t.fault_truncated(n(size), n(seq), n(signed)),
        Fault::OlderCheckpointForked { size, intact } => t.fault_older_checkpoint_forked(n(size), n(intact)),
        Fault::RolledBack { size, signed } => t.fault_rolled_back(n(size), n(signed)),
        // A place that a newer ledger names: its own words.
        other => other.to_string(),
    }
}

/// What of documents and log does not fit, in the reader's language.
pub fn unlike_words(unlike: &Unlike, lang: Lang) -> String {
    let t = lang.t();
    match unlike {
        Unlike::Unreadable { rid, kind } => t.unlike_unreadable(rid.to_string(), kind),
        Unlike::Missing { entry, kind } => t.unlike_missing(kind, entry.to_string()),
        Unlike::Changed { entry } => t.unlike_changed(entry.to_string()),
        Unlike::Unrecorded { rid, kind } => t.unlike_unrecorded(rid.to_string(), kind),
        Unlike::Misplaced { rid, kind } => t.unlike_misplaced(rid.to_string(), kind),
        Unlike::BlobMissing { rid, kind } => t.unlike_blob_missing(rid.to_string(), kind),
        Unlike::BlobChanged { rid, kind } => t.unlike_blob_changed(rid.to_string(), kind),
        Unlike::Entry { entry } => t.unlike_entry(entry.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_named_by_its_numbers() {
        let kind = || "Observation".to_owned();
        let words = |unlike: &Unlike| (unlike_words(unlike, Lang::Zh), unlike_words(unlike, Lang::En));
        for unlike in [
            Unlike::Unreadable { rid: 71, kind: kind() },
            Unlike::Unrecorded { rid: 71, kind: kind() },
            Unlike::Misplaced { rid: 71, kind: kind() },
            Unlike::BlobMissing { rid: 71, kind: kind() },
            Unlike::BlobChanged { rid: 71, kind: kind() },
        ] {
            let (zh, en) = words(&unlike);
            assert!(zh.contains("提交序号 71 的版本（Observation）"), "{zh}");
            assert!(en.contains("version 71 in commit order (Observation)"), "{en}");
        }
        let (zh, en) = words(&Unlike::Missing { entry: 71, kind: kind() });
        assert!(zh.contains("第 71 条所记载的一个版本（Observation）"), "{zh}");
        assert!(en.contains("(Observation) that entry 71 tells of"), "{en}");
        for unlike in [Unlike::Changed { entry: 71 }, Unlike::Entry { entry: 71 }] {
            let (zh, en) = words(&unlike);
            assert!(zh.contains("第 71 条") && en.contains("entry 71"), "{zh} {en}");
        }
    }

    #[test]
    fn every_fault_has_its_words_in_both_languages() {
        let faults = [
            Fault::StateMissing,
            Fault::TileMissing { level: 1, index: 23 },
            Fault::CheckpointForked { seq: 4, size: 56, intact: 78 },
            Fault::RolledBack { size: 56, signed: 78 },
        ];
        for fault in &faults {
            let (zh, en) = (fault_words(fault, Lang::Zh), fault_words(fault, Lang::En));
            assert_ne!(zh, en);
            let numbers = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
            assert_eq!(numbers(&en).len(), numbers(&zh).len(), "{en} {zh}");
        }
        assert_eq!(fault_words(&faults[1], Lang::En), "tile 1/23 of the tree is missing");
        assert_eq!(fault_words(&faults[3], Lang::Zh), "日志被截断或回退到 56 条；您保存的旧检查点为 78 条");
    }
}
