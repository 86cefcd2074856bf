//! Destruction of personal data: asked for, answered by somebody else, certified; and holds that forbid it.

use http::StatusCode;
use http::header::CONTENT_DISPOSITION;
use tacebo_governance::Ground;
use tacebo_vault::policy::{Purpose, Role};
use tacebo_vault::{
    Block, Disclosed, Hold, Refused, ShredAct, ShredAsk, ShredError, ShredSeen, ShredStage, ShredTarget, Shredding,
};

use super::reviews::short;
use crate::doors::session::{Halt, Inside};
use crate::doors::whose::whose;
use crate::doors::wording;
use crate::http::Reply;
use crate::pages::destruction::{Act, Destruction, Destructions, Done, HoldRow, Root, Row, Stage};
use crate::pages::lang::Messages;
use crate::pages::message::MessageKind;
use crate::pages::{Choice, Field, Lang, Nav, Shell, url};

/// What can be destroyed, as the form names it.
const WHATS: [&str; 5] = ["person", "health", "activity", "genetic", "document"];
/// Characters of what is typed.
const TYPED: usize = 500;

fn what(t: &Messages, target: &ShredTarget) -> String {
    match target {
        ShredTarget::Person => t.destroy_person(),
        ShredTarget::Category(category) => what_word(t, category),
        ShredTarget::Document { kind, id } if id.is_empty() => t.destroy_document_of(kind),
        ShredTarget::Document { kind, id } => t.destroy_document_of(format!("{kind}/{id}")),
    }
}

fn what_word(t: &Messages, code: &str) -> String {
    match code {
        "person" => t.destroy_person(),
        "health" => t.destroy_health(),
        "activity" => t.destroy_activity(),
        "genetic" => t.destroy_genetic(),
        _ => t.destroy_document(),
    }
}

fn stage(stage: ShredStage) -> Stage {
    match stage {
        ShredStage::Asked => Stage::Asked,
        ShredStage::Declined => Stage::Declined,
        ShredStage::Approved => Stage::Approved,
        ShredStage::Stopped => Stage::Stopped,
        ShredStage::Pending => Stage::Pending,
        ShredStage::Final => Stage::Final,
    }
}

fn ground_name(lang: Lang, ground: &Ground) -> String {
    if lang == Lang::Zh { ground.name_zh.clone() } else { ground.name_en.clone() }
}

/// What stands in the way, one sentence each.
fn sentences(shell: &Shell, blocks: &[Block]) -> Vec<String> {
    let t = shell.t();
    let sentence = |block: &Block| match block {
        Block::Hold(hold) => t.block_hold(&hold.reason, &hold.by.name, shell.day(&wording::moment(hold.by.at_us))),
        Block::Kept { rule, until_us } => t.block_kept(shell.day(&wording::moment(*until_us)), rule),
        Block::Others(n) => t.block_others(*n),
    };
    blocks.iter().map(sentence).collect()
}

fn act(t: &Messages, act: &ShredAct) -> Act {
    Act { by: act.name.clone(), roles: wording::roles(t, &act.roles.join(",")), at: wording::moment(act.at_us) }
}

/// The page with its forms as they were typed, and why they were not taken.
async fn list(inside: &Inside, status: StatusCode, why: impl FnOnce(&Shell) -> Vec<String>) -> Result<Reply, Refused> {
    let terms = inside.app.governance().library().shred_terms();
    let found = inside.app.vault().shreddings(&inside.asker(Purpose::Compliance), &terms).await?;
    let shell = inside.shell_with(Some(Nav::Destructions), &found).await;
    let problems = why(&shell);
    Ok(Reply::page(status, found.map(|(all, holds)| view(inside, shell, &all, &holds, problems))))
}

fn view(
    inside: &Inside,
    shell: Shell,
    all: &[ShredSeen],
    holds: &[(Hold, Option<String>)],
    problems: Vec<String>,
) -> Destructions {
    let t = shell.t();
    let form = inside.incoming.form();
    let typed = |name: &str| Field::of(if problems.is_empty() { "" } else { form.get(name) });
    let chosen = |name: &str, code: &str| !problems.is_empty() && form.get(name) == code;
    let row = |one: &ShredSeen| {
        let one = &one.shredding;
        Row {
            href: url::destruction(&one.id),
            reference: short("DS", &one.id),
            what: what(t, &one.target),
            case: one.reference.clone(),
            stage: stage(one.stage),
            by: one.asked.name.clone(),
            at: wording::moment(one.asked.at_us),
        }
    };
    let held = |(hold, patient): &(Hold, Option<String>)| HoldRow {
        href: url::hold(&hold.id),
        patient: patient.clone().unwrap_or_default(),
        reason: hold.reason.clone(),
        by: hold.by.name.clone(),
        at: wording::moment(hold.by.at_us),
    };
    let grounds = &inside.app.governance().library().destruction().grounds;
    let ground = |one: &Ground| Choice {
        code: one.code.clone(),
        label: ground_name(shell.lang, one),
        chosen: chosen("ground", &one.code),
    };
    let choice = |code: &&str| Choice {
        code: (*code).to_owned(),
        label: what_word(t, code),
        chosen: chosen("what", code) || (problems.is_empty() && *code == "person"),
    };
    Destructions {
        rows: all.iter().map(row).collect(),
        holds: holds.iter().map(held).collect(),
        may_ask: inside.auth.who.roles.contains(&Role::PrivacyOfficer),
        whom: typed("q"),
        what: WHATS.iter().map(choice).collect(),
        doc: typed("doc"),
        grounds: grounds.iter().map(ground).collect(),
        case: typed("reference"),
        text: typed("text"),
        problems,
        shell,
    }
}

pub(super) async fn page(inside: &Inside) -> Result<Reply, Refused> {
    list(inside, StatusCode::OK, |_| Vec::new()).await
}

fn target(inside: &Inside) -> Option<ShredTarget> {
    let form = inside.incoming.form();
    match form.get("what") {
        "person" => Some(ShredTarget::Person),
        code @ ("health" | "activity" | "genetic") => Some(ShredTarget::Category(code.to_owned())),
        "document" => {
            let (kind, id) = form.get("doc").trim().split_once('/')?;
            (!id.is_empty()).then(|| ShredTarget::Document { kind: kind.to_owned(), id: id.to_owned() })
        }
        _ => None,
    }
}

pub(super) async fn ask(inside: &Inside) -> Result<Reply, Halt> {
    let form = inside.incoming.form();
    let typed = |name: &str| form.get(name).trim().chars().take(TYPED).collect::<String>();
    let (whom, text, reference, ground) = (typed("q"), typed("text"), typed("reference"), typed("ground"));
    let library = inside.app.governance().library();
    let is_ground = library.destruction().grounds.iter().any(|one| one.code == ground);
    let Some(target) =
        target(inside).filter(|_| is_ground && ![&whom, &text, &reference].iter().any(|one| one.is_empty()))
    else {
        return Ok(list(inside, StatusCode::UNPROCESSABLE_ENTITY, |shell| vec![shell.t().destroy_incomplete()]).await?);
    };
    let name = inside.auth.name.clone();
    let ask = ShredAsk {
        whom: whose(&inside.app, &whom).map_err(Refused::from)?,
        target,
        ground,
        reason: text,
        reference,
        name,
    };
    let asked = inside.app.vault().ask_shredding(&inside.asker(Purpose::Compliance), ask, &library.shred_terms()).await;
    match asked {
        Ok(id) => Ok(Reply::see_other(&format!("{}?done=destruction-asked", url::destruction(id.value())))
            .receipts(id.receipts())),
        Err(error) => failed(inside, error).await,
    }
}

/// Why it was not taken, on the page with what was typed.
async fn failed(inside: &Inside, error: ShredError) -> Result<Reply, Halt> {
    match error {
        ShredError::Refused(refused) => Err(refused.into()),
        ShredError::Nothing => {
            Ok(list(inside, StatusCode::UNPROCESSABLE_ENTITY, |shell| vec![shell.t().destroy_nothing()]).await?)
        }
        ShredError::Blocked(blocks) => Ok(list(inside, StatusCode::CONFLICT, |shell| sentences(shell, &blocks)).await?),
        ShredError::Own => Err(Halt::say(StatusCode::FORBIDDEN, MessageKind::NotForYou)),
        ShredError::Answered => Err(Halt::say(StatusCode::CONFLICT, MessageKind::Conflict)),
    }
}

pub(super) async fn one(inside: &Inside) -> Result<Reply, Refused> {
    let terms = inside.app.governance().library().shred_terms();
    let id = inside.incoming.param("destruction");
    let found = inside.app.vault().shredding(&inside.asker(Purpose::Compliance), id, &terms).await?;
    let shell = inside.shell_with(Some(Nav::Destructions), &found).await;
    Ok(Reply::page(StatusCode::OK, shown(inside, shell, found)))
}

fn shown(inside: &Inside, shell: Shell, found: Disclosed<ShredSeen>) -> Disclosed<Destruction> {
    found.map(|ShredSeen { shredding, patient, blocks }| {
        let t = shell.t();
        let grounds = &inside.app.governance().library().destruction().grounds;
        let ground = grounds.iter().find(|one| one.code == shredding.ground);
        let from = shredding.final_from_us();
        let Shredding { id, target, stage: at, ground: code, reason, reference, asked, answered, done, root, .. } =
            shredding;
        let (copies_days, copies_sure) = done.as_ref().map_or((0, false), |done| (done.copies_days, done.copies_sure));
        Destruction {
            reference: short("DS", &id),
            stage: stage(at),
            patient,
            what: what(t, &target),
            ground: ground.map_or(code, |one| ground_name(shell.lang, one)),
            case: reference,
            text: reason,
            own: asked.account == inside.auth.who.account,
            asked: act(t, &asked),
            answered: answered.map(|one| act(t, &one)),
            problems: sentences(&shell, &blocks),
            done: done.map(|done| Done {
                at: wording::moment(done.at_us),
                documents: done.documents,
                versions: done.versions,
                keys: done.keys,
                accounts: done.accounts.len() as u64,
                epoch: done.epoch,
                log_until: done.log_until_us.map(wording::moment),
            }),
            root: root.map(|root| Root {
                worth: worth(root.worth.as_deref(), t),
                key: root.fingerprint,
                at: wording::moment(root.at_us),
                from: wording::moment(from.unwrap_or(root.at_us)),
                copies_days,
                copies_sure,
            }),
            id,
            shell,
        }
    })
}

/// What the custodian's word is worth; without a receipt nobody gave one.
fn worth(word: Option<&str>, t: &Messages) -> String {
    match word {
        Some("module") => t.custodian_module(),
        Some("tpm") => t.custodian_tpm(),
        Some("service") => t.custodian_service(),
        Some("software-module") => t.custodian_software(),
        Some(_) => t.custodian_file(),
        None => t.custodian_no_receipt(),
    }
}

pub(super) async fn answer(inside: &Inside) -> Result<Reply, Halt> {
    let approve = match inside.incoming.form().get("answer") {
        "approved" => true,
        "declined" => false,
        _ => return Err(Halt::say(StatusCode::BAD_REQUEST, MessageKind::BadRequest)),
    };
    let id = inside.incoming.param("destruction");
    let terms = inside.app.governance().library().shred_terms();
    let (asker, name) = (inside.asker(Purpose::Compliance), &inside.auth.name);
    let done = match inside.app.vault().answer_shredding(&asker, id, approve, name, &terms).await {
        Ok(done) => done,
        Err(error) => return failed(inside, error).await,
    };
    if approve {
        // Approved is durable: whatever stands in the way now, the program tries again by itself.
        let app = inside.app.clone();
        let settled = tokio::spawn(async move { app.settle_keys().await });
        match settled.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "a destruction is not finished; trying again"),
            Err(error) => tracing::error!(%error, "a destruction was interrupted; trying again"),
        }
    }
    Ok(Reply::see_other(&format!("{}?done=answered", url::destruction(id))).receipts(done.receipts()))
}

pub(super) async fn certificate(inside: &Inside) -> Result<Reply, Refused> {
    let id = inside.incoming.param("destruction");
    let file = inside.app.vault().certificate(&inside.asker(Purpose::Compliance), id).await?;
    let name = format!("attachment; filename=\"{}.json\"", short("DS", id).to_lowercase());
    Ok(Reply::disclosed(StatusCode::OK, "application/json", file).with(CONTENT_DISPOSITION, &name))
}

pub(super) async fn hold(inside: &Inside) -> Result<Reply, Halt> {
    let form = inside.incoming.form();
    let typed = |name: &str| form.get(name).trim().chars().take(TYPED).collect::<String>();
    let (whom, text) = (typed("q"), typed("text"));
    if whom.is_empty() || text.is_empty() {
        return Ok(list(inside, StatusCode::UNPROCESSABLE_ENTITY, |shell| vec![shell.t().destroy_incomplete()]).await?);
    }
    let whom = whose(&inside.app, &whom).map_err(Refused::from)?;
    let (asker, name) = (inside.asker(Purpose::Compliance), &inside.auth.name);
    match inside.app.vault().hold(&asker, &whom, &text, name).await {
        Ok(held) => Ok(Reply::see_other(&format!("{}?done=held", url::DESTRUCTIONS)).receipts(held.receipts())),
        Err(error) => failed(inside, error).await,
    }
}

pub(super) async fn lift(inside: &Inside) -> Result<Reply, Refused> {
    let id = inside.incoming.param("hold");
    let lifted = inside.app.vault().lift_hold(&inside.asker(Purpose::Compliance), id).await?;
    Ok(Reply::see_other(&format!("{}?done=lifted", url::DESTRUCTIONS)).receipts(lifted.receipts()))
}

pub(super) async fn renew(inside: &Inside) -> Result<Reply, Halt> {
    let whom: String = inside.incoming.form().get("q").trim().chars().take(TYPED).collect();
    if whom.is_empty() {
        return Ok(list(inside, StatusCode::UNPROCESSABLE_ENTITY, |shell| vec![shell.t().destroy_incomplete()]).await?);
    }
    let whom = whose(&inside.app, &whom).map_err(Refused::from)?;
    match inside.app.vault().renew_keys(&inside.asker(Purpose::Compliance), &whom).await {
        Ok(done) => Ok(Reply::see_other(&format!("{}?done=new-keys", url::DESTRUCTIONS)).receipts(done.receipts())),
        Err(error) => failed(inside, error).await,
    }
}
