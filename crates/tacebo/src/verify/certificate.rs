//! `tacebo verify --certificate`: a certificate of destruction, checked offline and without keys.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tacebo_ledger::LogVerifier;
use tacebo_vault::certified;

use super::{Args, CLEAN, FAULT, UNCHECKED, key_text};
use crate::lang::Messages;
use crate::print;

pub(super) fn run(file: &Path, args: &Args, t: &Messages) -> Result<u8> {
    let checked = (|| -> Result<_> {
        let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
        let given = args.vkey.as_deref().context("give the log's public key with --vkey")?;
        let verifier: LogVerifier = key_text(given)?.trim().parse().context("the log's public key cannot be used")?;
        Ok(certified(&bytes, &verifier))
    })();
    match checked {
        Ok(Ok((statement, proved))) => {
            if args.json {
                let (origin, size) = (&proved.checkpoint.origin, proved.checkpoint.size);
                print::line(json!({"result": "clean", "origin": origin, "size": size, "statement": statement}))?;
            } else {
                say(&statement, proved.checkpoint.size, t)?;
            }
            Ok(CLEAN)
        }
        Ok(Err(why)) => {
            if args.json {
                print::line(json!({"result": "fault", "fault": {"code": "certificate", "text": why}}))?;
            } else {
                print::line(t.certificate_broken(&why))?;
            }
            Ok(FAULT)
        }
        Err(error) => {
            print::aside(t.unchecked(format!("{error:#}")));
            Ok(UNCHECKED)
        }
    }
}

/// What the statement says, sentence by sentence.
fn say(statement: &Value, size: u64, t: &Messages) -> Result<()> {
    let text = |path: &str| match statement.pointer(path) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    print::line(t.certificate_holds(text("/institution")))?;
    print::line(t.certificate_log(text("/log"), size.to_string()))?;
    print::line(match text("/target/what").as_str() {
        "person" => t.certificate_person(),
        "category" => t.certificate_category(text("/target/category")),
        _ => t.certificate_document(text("/target/kind")),
    })?;
    print::line(t.certificate_why(text("/reference"), text("/ground"), text("/reason")))?;
    print::line(t.certificate_who(
        text("/asked/name"),
        text("/asked/at"),
        text("/approved/name"),
        text("/approved/at"),
    ))?;
    print::line(t.certificate_done(text("/destroyed/at"), text("/destroyed/documents"), text("/destroyed/keys")))?;
    let (epoch, key, at) = (text("/root/epoch"), text("/root/key"), text("/root/at"));
    print::line(match text("/root/worth").as_str() {
        "" => t.certificate_root_unseen(epoch, key, at),
        "module" => t.certificate_root(epoch, key, at, t.worth_module()),
        "tpm" => t.certificate_root(epoch, key, at, t.worth_tpm()),
        "service" => t.certificate_root(epoch, key, at, t.worth_service()),
        "software-module" => t.certificate_root(epoch, key, at, t.worth_software()),
        // The least that is promised, for whatever comes later.
        _ => t.certificate_root(epoch, key, at, t.worth_file()),
    })?;
    let until = text("/kept/log_until");
    if !until.is_empty() {
        print::line(t.certificate_kept(until))?;
    }
    print::line(t.certificate_final(text("/final/from"), text("/final/copies_days")))?;
    if statement.pointer("/final/copies_confirmed") != Some(&Value::Bool(true)) {
        print::line(t.certificate_unconfirmed())?;
    }
    Ok(())
}
