//! `tacebo keys status`.

use anyhow::Result;
use serde_json::json;
use tacebo_seal::Worth;
use tacebo_vault::{Suite, Vault};

use crate::config::{Config, Custody};
use crate::custody::{self, Keys};
use crate::lang::Messages;
use crate::{print, suite};

pub(super) fn run(config: &Config, json: bool, t: &Messages) -> Result<()> {
    let keys = custody::open(&config.custody)?;
    let custodian = keys.custodian();
    let (kind, at) = match (&keys, &config.custody) {
        (Keys::Pkcs11(module), Custody::Pkcs11(named)) => {
            ("pkcs11", format!("{}: {}", named.at.library.display(), module.about()))
        }
        (Keys::File(file), _) => ("file", file.path().display().to_string()),
        (Keys::Transit(_), Custody::Transit(named)) => {
            ("transit", format!("{}, {}/keys/{}-root-epoch-…", named.at.address, named.at.mount, named.at.name))
        }
        (Keys::Transit(service), _) => ("transit", format!("{service:?}")),
        (Keys::Pkcs11(module), _) => ("pkcs11", module.about().to_owned()),
    };
    // Before `init` there is no institution yet; a file says its suite itself.
    let suite = match custodian.suite() {
        None if Vault::is_founded(&config.data) => Some(Vault::suite_in(&config.data)?),
        own => own,
    };
    let in_use = custodian.epoch();
    let mut epochs = Vec::new();
    for epoch in custodian.epochs() {
        epochs.push((epoch, hex::encode(custodian.fingerprint(epoch)?)));
    }
    if json {
        let epochs: Vec<_> = epochs
            .iter()
            .map(|(epoch, key)| json!({"epoch": epoch, "fingerprint": key, "in_use": *epoch == in_use}))
            .collect();
        let worth = custodian.worth().word();
        let suite = suite.map(Suite::name);
        return print::line(json!({"custodian": kind, "at": at, "suite": suite, "epochs": epochs, "worth": worth}));
    }
    print::line(match keys {
        Keys::File(_) => t.keys_file(&at),
        Keys::Pkcs11(_) => t.keys_pkcs11(&at),
        Keys::Transit(_) => t.keys_transit(&at),
    })?;
    if let Some(suite) = suite {
        print::line(t.suite_line(suite::words(suite, t), suite.name()))?;
        if custodian.suite().is_none() {
            print::line(t.keys_module_wraps(suite.name()))?;
        }
    }
    for (epoch, key) in &epochs {
        let (epoch, used) = (epoch.to_string(), *epoch == in_use);
        print::line(if used { t.keys_epoch_in_use(&epoch, key) } else { t.keys_epoch_left(&epoch, key) })?;
    }
    print::line(t.keys_worth(worth(custodian.worth(), t)))?;
    if custodian.turn_unfinished() {
        print::line(t.keys_unfinished())?;
    }
    Ok(())
}

/// What a custodian's word on destruction is worth, in words.
pub(super) fn worth(worth: Worth, t: &Messages) -> String {
    match worth {
        Worth::Module => t.worth_module(),
        Worth::Tpm => t.worth_tpm(),
        Worth::Service => t.worth_service(),
        Worth::Software => t.worth_software(),
        // The least that is promised, for whatever comes later.
        _ => t.worth_file(),
    }
}
