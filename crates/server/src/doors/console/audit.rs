//! The auditor: the log with its filters, one entry with its openings, its proof, and verification on the spot.

use std::time::Instant;

use http::StatusCode;
use http::header::CONTENT_DISPOSITION;
use jiff::civil::Date;
use tacebo_vault::ledger::{Evidence, Hash, LogVerifier, Proved, TlogProof};
use tacebo_vault::policy::{Action, Purpose};
use tacebo_vault::{Compared, Denial, LogEntry, LogQuery, Outcome, ProofFile, Refused, VaultFault, Verified, field};

use super::privacy::{LOOKS, back_pager};
use super::staff;
use crate::doors::session::Inside;
use crate::doors::whose::whose;
use crate::doors::{looks, wording};
use crate::http::{Incoming, Open, Reply};
use crate::pages::audit::{
    CommittedField, Comparing, Entry, LastComparison, Log, LogFilters, LogHead, Step, Verification, Verify,
};
use crate::pages::lang::Messages;
use crate::pages::{Choice, Field, FieldError, Lang, Nav, Shell, fault_words, unlike_words, url};

fn head(inside: &Inside) -> Result<LogHead, VaultFault> {
    let (size, root, signed_us) = inside.app.vault().log_state()?;
    let verified = inside.app.verified().map(|(at_us, held)| (wording::moment(at_us), held));
    Ok(LogHead { size, root, signed: signed_us.map(wording::moment), verified })
}

/// Actions the log is filtered by.
const ACTIONS: [Action; 9] = [
    Action::Read,
    Action::Search,
    Action::Create,
    Action::Update,
    Action::Delete,
    Action::DeclareBreakGlass,
    Action::Review,
    Action::ReadLog,
    Action::Administer,
];
const OUTCOMES: [Outcome; 4] = [Outcome::Done, Outcome::Refused, Outcome::NotFound, Outcome::Failed];

fn choices(t: &Messages, all: impl Iterator<Item = (String, String)>, chosen: &str) -> Vec<Choice> {
    std::iter::once((String::new(), t.filter_all()))
        .chain(all)
        .map(|(code, label)| Choice { chosen: code == chosen, code, label })
        .collect()
}

/// The filters as typed, and the question they make.
fn filters(inside: &Inside, shell: &Shell) -> Result<(LogFilters, Option<LogQuery>, String), VaultFault> {
    let form = inside.incoming.form();
    let t = shell.t();
    let mut query = LogQuery { limit: LOOKS, before_index: form.get("page").parse().ok(), ..LogQuery::default() };
    let mut good = true;
    let mut day = |name: &str, after: i64| {
        let typed = form.get(name);
        let field = Field::of(typed);
        if typed.is_empty() {
            return (field, None);
        }
        let begins = typed.parse::<Date>().ok().and_then(|day| day.to_zoned(shell.zone.clone()).ok());
        if let Some(begins) = begins {
            (field, Some(begins.timestamp().as_microsecond() + after))
        } else {
            good = false;
            (field.wrong(FieldError::NotADate), None)
        }
    };
    let (from, from_us) = day("from", 0);
    let (to, before_us) = day("to", 24 * 3_600 * 1_000_000);
    query.from_us = from_us;
    query.before_us = before_us;
    let mut actor = Field::of(form.get("actor"));
    if !actor.value.is_empty() {
        if let Some(account) = staff::by_login(&inside.app, &actor.value) {
            query.actor = Some(account.number);
        } else {
            good = false;
            actor = actor.wrong(FieldError::NotAChoice);
        }
    }
    let patient = Field::of(form.get("patient"));
    if !patient.value.is_empty() {
        query.meant = Some(whose(&inside.app, &patient.value)?);
    }
    for name in [field::ACTION, field::OUTCOME, field::PURPOSE] {
        let value = form.get(name);
        if !value.is_empty() {
            query.fields.push((name.to_owned(), value.to_owned()));
        }
    }
    let actions = ACTIONS.iter().map(|action| (action.code().to_owned(), wording::action(t, action.code())));
    let outcomes = OUTCOMES.iter().map(|one| (one.as_str().to_owned(), wording::outcome(one.as_str()).label(t)));
    let view = LogFilters {
        from,
        to,
        actor,
        patient,
        action: choices(t, actions, form.get(field::ACTION)),
        outcome: choices(t, outcomes, form.get(field::OUTCOME)),
    };
    let mut address = String::from(url::AUDIT);
    for name in ["from", "to", "actor", "patient", "action", "outcome", "purpose"] {
        let value = form.get(name);
        if !value.is_empty() {
            address.push(if address.contains('?') { '&' } else { '?' });
            address.push_str(name);
            address.push('=');
            address.push_str(&url::segment(value));
        }
    }
    Ok((view, good.then_some(query), address))
}

pub(super) async fn log(inside: &Inside) -> Result<Reply, Refused> {
    let (filters, query, address) = filters(inside, &inside.frame())?;
    // A filter that cannot be read finds nothing; the question is asked, and logged, all the same.
    let impossible = || LogQuery { before_index: Some(0), ..LogQuery::default() };
    let query = query.unwrap_or_else(impossible);
    let before = query.before_index;
    let entries = inside.app.vault().log(&inside.asker(Purpose::Compliance), &query).await?;
    let people = looks::people(&inside.app, entries.value()).await;
    let head = head(inside)?;
    let shell = inside.shell_with(Some(Nav::Log), &entries).await;
    Ok(Reply::page(
        StatusCode::OK,
        entries.map(|entries| {
            let rows: Vec<_> = entries.iter().map(|entry| looks::logged(entry, &people, &shell)).collect();
            let pager = back_pager(&address, before, rows.len(), rows.last().map(|row| row.index));
            Log { shell, head, filters, rows, pager }
        }),
    ))
}

/// The name of a committed field, in words.
pub(in crate::doors) fn field_label(t: &Messages, code: &str) -> String {
    match code {
        field::ACTOR => t.field_actor(),
        field::ROLES => t.field_roles(),
        field::DEPARTMENT => t.field_department(),
        field::PURPOSE => t.field_purpose(),
        field::ACTION => t.field_action(),
        field::OUTCOME => t.field_outcome(),
        field::PATIENT => t.field_patient(),
        field::ITEMS => t.field_items(),
        field::COUNT => t.field_count(),
        field::DIGESTS => t.field_digests(),
        field::GONE => t.field_gone(),
        field::POLICIES => t.field_policies(),
        field::EVIDENCE => t.field_evidence(),
        field::MASKS => t.field_masks(),
        field::DOOR => t.field_door(),
        field::ADDRESS => t.field_address(),
        field::REQUEST => t.field_request(),
        field::ALSO => t.field_also(),
        field::DETAIL => t.field_detail(),
        other => other.to_owned(),
    }
}

fn class_words(t: &Messages, class: u8) -> String {
    match class {
        1 => t.class_disclosure(),
        2 => t.class_change(),
        3 => t.class_refusal(),
        _ => t.class_house(),
    }
}

/// What a proof file was found to prove, by its own bytes.
pub(in crate::doors) fn proved(file: &ProofFile) -> Option<(TlogProof, Proved)> {
    let verifier: LogVerifier = file.vkey.trim().parse().ok()?;
    let proof = TlogProof::parse(file.text.as_bytes()).ok()?;
    let proved = Evidence::verify(file.text.as_bytes(), &verifier).ok()?;
    Some((proof, proved))
}

fn hex_of(hash: &Hash) -> String {
    hex::encode(hash.0)
}

pub(super) async fn entry(inside: &Inside) -> Result<Reply, Refused> {
    show_entry(inside, false).await
}

pub(super) async fn open_field(inside: &Inside) -> Result<Reply, Refused> {
    show_entry(inside, true).await
}

/// The number in the address; one that is none is no entry's.
fn index(inside: &Inside) -> u64 {
    inside.incoming.param("index").parse().unwrap_or(u64::MAX >> 1)
}

async fn show_entry(inside: &Inside, opening: bool) -> Result<Reply, Refused> {
    let asker = inside.asker(Purpose::Compliance);
    let index = index(inside);
    let query = LogQuery { before_index: Some(index + 1), limit: 1, ..LogQuery::default() };
    inside.app.vault().sign_now().await?;
    let found = inside.app.vault().ask(&asker, |look| {
        let file = look.proof(index)?;
        Ok::<_, Refused>((file, look.log(&query)?))
    });
    let found = found.await?;
    let (file, entries) = found.value();
    let (size, ..) = inside.app.vault().log_state()?;
    let Some((proof, proved)) = proved(file) else {
        return Ok(inside.say(StatusCode::SERVICE_UNAVAILABLE, crate::pages::message::MessageKind::Fault).await);
    };
    let mut shell = inside.shell_with(Some(Nav::Log), &found).await;
    url::entry(&index).clone_into(&mut shell.path);
    let chosen = if opening { inside.incoming.form().get("field").to_owned() } else { String::new() };
    let view = Entry {
        index,
        at: jiff::Timestamp::from_millisecond(i64::try_from(proved.head.time_ms).unwrap_or(0)).unwrap_or_default(),
        class: class_words(shell.t(), proved.head.class),
        leaf: entries.first().map(leaf_hex).unwrap_or_default(),
        commitment: hex_of(&proved.head.commitment),
        row: hex_of(&proved.head.row),
        fields: fields(entries.first(), &proved, &chosen, shell.t()),
        path: proof.path.iter().map(hex_of).collect(),
        size: proved.checkpoint.size,
        root: hex_of(&proved.checkpoint.root),
        earlier: index.checked_sub(1),
        later: Some(index + 1).filter(|later| *later < size),
        shell,
    };
    Ok(Reply::page(StatusCode::OK, found.map(|_| view)))
}

fn leaf_hex(entry: &LogEntry) -> String {
    Hash::from_base64(&entry.leaf).map(|hash| hex_of(&hash)).unwrap_or_default()
}

/// The fields of an entry with their commitments; one of them may be open.
fn fields(entry: Option<&LogEntry>, proved: &Proved, open: &str, t: &Messages) -> Vec<CommittedField> {
    let names = entry.and_then(|entry| entry.fields.as_ref()).into_iter().flatten().map(|(name, _)| *name);
    let commitments = proved.disclosures.first().and_then(|one| one.commitments().ok()).unwrap_or_default();
    names
        .zip(commitments)
        .map(|(name, commitment)| {
            let disclosure = proved.disclosures.iter().find(|one| one.name() == name);
            let opened = disclosure.filter(|_| name == open).map(|one| {
                let holds = one.verify(&proved.head.commitment).is_ok();
                (String::from_utf8_lossy(one.value()).into_owned(), holds)
            });
            CommittedField {
                code: name.to_owned(),
                label: field_label(t, name),
                commitment: hex_of(&commitment),
                opened,
                may_open: disclosure.is_some(),
            }
        })
        .collect()
}

/// Hands out a proof as a file.
pub(in crate::doors) fn download(file: tacebo_vault::Disclosed<ProofFile>) -> Reply {
    let name = format!("attachment; filename=\"entry-{}.tlog-proof\"", file.value().index);
    Reply::disclosed(StatusCode::OK, "text/plain; charset=utf-8", file.map(|file| file.text))
        .with(CONTENT_DISPOSITION, &name)
}

pub(super) async fn proof(inside: &Inside) -> Result<Reply, Refused> {
    Ok(download(inside.app.vault().proof(&inside.asker(Purpose::Compliance), index(inside)).await?))
}

async fn verify_view(inside: &Inside, checkpoint: Field, result: Option<Verification>) -> Result<Verify, VaultFault> {
    let vault = inside.app.vault();
    let mut shell = inside.shell(Some(Nav::Verify)).await;
    url::VERIFY.clone_into(&mut shell.path);
    Ok(Verify {
        head: head(inside)?,
        checkpoint,
        result,
        comparing: comparing(vault.compared()?, shell.lang),
        latest_checkpoint: vault.checkpoint()?.unwrap_or_default(),
        public_key: vault.log_vkey()?,
        shell,
    })
}

fn comparing(compared: Compared, lang: Lang) -> Comparing {
    Comparing {
        running: compared.running.map(|progress| progress.done * 100 / progress.of.max(1)),
        last: compared.last.map(|last| LastComparison {
            at: wording::moment(last.ended_us),
            versions: last.versions,
            entries: last.entries,
            fault: last.unlike.map(|unlike| unlike_words(&unlike, lang)),
        }),
    }
}

/// Asks for a comparison of documents and log; it runs by itself.
pub(super) async fn compare(inside: &Inside) -> Result<Reply, Refused> {
    let asked = inside.app.vault().ask_comparison(&inside.asker(Purpose::Compliance)).await?;
    Ok(Reply::see_other(url::VERIFY).receipts(asked.receipts()))
}

pub(super) async fn verify_page(inside: &Inside) -> Result<Reply, VaultFault> {
    Ok(Reply::open(StatusCode::OK, Open::page(&verify_view(inside, Field::default(), None).await?)))
}

/// The text as it was pasted: browsers send line ends as CRLF, signed notes have LF.
pub(in crate::doors) fn pasted(inside: &Incoming, name: &str) -> String {
    let found = form_urlencoded::parse(&inside.body).find(|(field, _)| field == name);
    let text = found.map(|(_, text)| text.replace("\r\n", "\n")).unwrap_or_default();
    let text = text.trim_start_matches('\n');
    if text.trim().is_empty() || text.ends_with('\n') { text.trim_start().to_owned() } else { format!("{text}\n") }
}

pub(super) async fn verify(inside: &Inside) -> Result<Reply, Refused> {
    let typed = pasted(&inside.incoming, "checkpoint");
    let older: Vec<String> = Some(typed.clone()).filter(|text| !text.is_empty()).into_iter().collect();
    let compared = !older.is_empty();
    inside.app.vault().sign_now().await?;
    let begun = Instant::now();
    let found = match inside.app.vault().verify_log(&inside.asker(Purpose::Compliance), older).await {
        Ok(found) => found,
        Err(refused) if matches!(refused.denial(), Denial::Invalid(_)) => {
            let checkpoint = Field::of(typed).wrong(FieldError::NotReadable);
            let view = verify_view(inside, checkpoint, None).await?;
            return Ok(Reply::refused(StatusCode::UNPROCESSABLE_ENTITY, Open::page(&view), &refused));
        }
        Err(refused) => return Err(refused),
    };
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let at_us = inside.app.vault().now_us();
    inside.app.set_verified(at_us, matches!(found.value(), Verified::Whole(_)));
    let shell = inside.frame();
    let t = shell.t();
    let result = match found.value() {
        Verified::Whole(report) => Verification {
            held: true,
            at: wording::moment(at_us),
            took_ms,
            entries: report.size,
            root: hex_of(&report.root),
            steps: steps(t, report.size, report.checkpoints, compared),
            fault: None,
            compared,
        },
        Verified::Broken(fault) => Verification {
            held: false,
            at: wording::moment(at_us),
            took_ms,
            entries: 0,
            root: String::new(),
            steps: Vec::new(),
            fault: Some(fault_words(fault, shell.lang)),
            compared,
        },
        Verified::OlderUnusable(_) => return Err(VaultFault::Decode("an unusable checkpoint was let through").into()),
    };
    let view = verify_view(inside, Field::of(typed), Some(result)).await?;
    Ok(Reply::page(StatusCode::OK, found.map(|_| view)))
}

fn steps(t: &Messages, entries: u64, checkpoints: u64, compared: bool) -> Vec<Step> {
    let count = |n: u64| t.step_count(crate::pages::parts::grouped(n));
    let step = |what: String, detail: String| Step { what, held: Some(true), detail };
    let mut steps = vec![
        step(t.step_entries(), count(entries)),
        step(t.step_tree(), String::new()),
        step(t.step_signatures(), count(checkpoints)),
    ];
    let held = compared.then_some(true);
    steps.push(Step { what: t.step_older(), held, detail: String::new() });
    steps
}
