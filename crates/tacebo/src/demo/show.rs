//! Where to go, who can log in and how.

use std::path::Path;

use anyhow::Result;
use serde_json::{Map, Value, json};
use tacebo_fixtures::cast;

use crate::clock::now_us;
use crate::demo::people::{GUARDIAN, Kept, KeptAccount};
use crate::lang::{Lang, Messages};
use crate::print;

/// Everything a script needs, as one line.
pub(crate) fn json(address: &str, kept: &Kept) -> Value {
    let account = |one: &KeptAccount| {
        json!({
            "id": one.id,
            "login": one.login,
            "role": one.role,
            "password": one.password,
            "totp_secret": one.totp_secret,
            "token": one.token,
        })
    };
    let all = || kept.people.iter().chain(&kept.clients);
    let tokens: Map<String, Value> = all().map(|one| (one.login.clone(), one.token.clone().into())).collect();
    json!({
        "address": address,
        "fhir": format!("{address}/fhir"),
        "accounts": all().map(account).collect::<Vec<_>>(),
        "tokens": tokens,
        "patients": patients(),
    })
}

/// The parts that patients of the sample play, with their ids.
fn patients() -> Map<String, Value> {
    let cast = cast();
    let parts = [
        ("own", cast.own),
        ("stranger", cast.stranger),
        ("other_ward", cast.other_ward),
        ("former", cast.former),
        ("today", cast.today),
        ("vip", cast.vip),
        ("colleague", cast.colleague),
        ("minor", cast.minor),
        ("genetic", cast.genetic),
        ("hiv", cast.hiv),
        ("psychiatric", cast.psychiatric),
        ("deceased", cast.deceased),
        ("dialysis", cast.dialysis),
        ("rare_character", cast.rare_character),
        ("minority_name", cast.minority_name),
    ];
    parts.into_iter().map(|(part, id)| (part.to_owned(), id.into())).collect()
}

/// The same for people.
pub(crate) fn people(address: &str, dir: &Path, kept: &Kept, lang: Lang) -> Result<()> {
    let t = lang.t();
    print::line(format_args!("\n{}\n", t.demo_ready("示例医院")))?;
    for (what, path) in [(t.demo_console(), "/"), (t.demo_portal(), "/me"), (t.demo_fhir(), "/fhir")] {
        print::line(format_args!("  {}{address}{path}", print::pad(&what, 12)))?;
    }
    print::line(format_args!("\n{}\n", t.demo_accounts()))?;
    let now_us = now_us();
    let head = [t.col_role(), t.col_login(), t.col_password(), t.col_secret(), t.col_code()];
    let mut rows = vec![head];
    for one in &kept.people {
        let role = role(&one.role, t);
        rows.push([role, one.login.clone(), one.password.clone(), one.totp_secret.clone(), one.code(now_us)?]);
    }
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = print::width(cell).max(*width);
        }
    }
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| print::pad(cell, width)).collect();
        print::line(format_args!("  {}", cells.join("  ").trim_end()))?;
    }
    print::line(format_args!("\n  {}", t.demo_code_note()))?;
    for one in &kept.clients {
        print::line(format_args!("\n{}", t.demo_client(&one.login, crate::PURPOSE_HEADER)))?;
        print::line(format_args!("  {}", one.token))?;
    }
    print::line(format_args!("\n{}", t.demo_patients()))?;
    for (part, id) in patients() {
        print::line(format_args!("  {}{}", print::pad(&part, 16), id.as_str().unwrap_or_default()))?;
    }
    print::line(format_args!("\n{}\n{}", t.demo_synthetic(dir.display().to_string()), t.demo_stop()))
}

/// A role's name.
fn role(code: &str, t: &Messages) -> String {
    match code {
        "doctor" => t.role_doctor(),
        "nurse" => t.role_nurse(),
        "radiographer" => t.role_radiographer(),
        "receptionist" => t.role_receptionist(),
        "privacy-officer" => t.role_privacy_officer(),
        "security-officer" => t.role_security_officer(),
        "auditor" => t.role_auditor(),
        "system-admin" => t.role_system_admin(),
        "security-admin" => t.role_security_admin(),
        "audit-admin" => t.role_audit_admin(),
        "patient" => t.role_patient(),
        GUARDIAN => t.role_guardian(),
        other => other.to_owned(),
    }
}
