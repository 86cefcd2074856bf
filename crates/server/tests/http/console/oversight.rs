//! Those who watch: the log, its proof, its verification; who saw whom.

use crate::house::{House, NAME};

#[tokio::test(flavor = "multi_thread")]
async fn the_auditor_reads_opens_proves_and_verifies_the_log_and_sees_no_patient() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    let mut li = house.log_in("li.mingyuan").await;
    li.get("/patients/p1").await.is(200);
    let mut auditor = house.log_in("tian.ruogu").await;
    auditor.get("/").await.goes_to("/audit");
    let log = auditor.get("/audit?actor=li.mingyuan&action=search&outcome=done").await;
    log.is(200).shows("李明远").shows("P-").hides(NAME).hides(">p1<");
    let entry = log.link("/audit/entries/");
    let page = auditor.get(&entry).await;
    page.is(200).shows("What it commits to").hides("matches").hides(NAME);
    let opened = auditor.post(&format!("{entry}/open"), &[("field", "purpose")]).await;
    opened.is(200).shows("TREAT").shows("matches");
    auditor.post(&format!("{entry}/open"), &[("field", "patient")]).await.is(200).hides("matches").hides(">p1 ");
    let proof = auditor.get(&format!("{entry}/proof")).await;
    proof.is(200).shows("c2sp.org/tlog-proof@v1");
    let mut anybody = house.browser();
    anybody.post("/check-proof", &[("proof", &proof.text)]).await.is(200).hides("<dd>p1</dd>");
    // A filter that cannot be read says so.
    auditor.get("/audit?from=yesterday").await.is(200).shows("not a possible date");
    auditor.get("/audit/entries/999999").await.is(404);
    auditor.get("/audit/entries/x").await.is(404);

    let keep = auditor.get("/audit/verify").await;
    keep.is(200).shows("Keep this somewhere else");
    let note = house.app.vault().checkpoint().unwrap().unwrap();
    let held = auditor.post("/audit/verify", &[("checkpoint", "")]).await;
    held.is(200).shows("The log holds").shows("Not compared");
    li.get("/patients/p1").await.is(200);
    auditor
        .post("/audit/verify", &[("checkpoint", &note.replace('\n', "\r\n"))])
        .await
        .is(200)
        .shows("continues the older checkpoint");
    auditor.post("/audit/verify", &[("checkpoint", "nonsense")]).await.is(422).shows("cannot be read");
    auditor.get("/audit").await.shows("it holds");
    // Nothing of a patient is open to the auditor.
    auditor.get("/patients/p1").await.is(403).hides(NAME);
    // Who may not verify is refused, with an entry.
    li.post("/audit/verify", &[("checkpoint", "")]).await.is(403);
    let last = house.entries().await.pop().unwrap();
    assert_eq!((last.get("action"), last.get("outcome")), ("verify-log", "refused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_officer_sees_who_saw_a_patient_and_whom_a_doctor_saw() {
    let house = House::staffed().await;
    house.take_in("p1").await;
    let mut li = house.log_in("li.mingyuan").await;
    li.get("/patients/p1").await.is(200);
    let mut officer = house.log_in("ye.qinglan").await;
    officer.get("/privacy/who-saw").await.is(200).shows("Whose trail?");
    officer.get("/privacy/who-saw?by=patient&q=p1").await.is(200).shows("李明远").shows("心内科").shows("Treatment");
    officer.get("/privacy/who-saw?by=patient&q=10p177").await.is(200).shows("李明远");
    officer.get("/privacy/who-saw?by=staff&q=li.mingyuan").await.is(200).shows("p1");
    officer.get("/privacy/who-saw?by=staff&q=nobody").await.is(200).shows("choose one of the values");
    officer.get("/patients/p1").await.is(403);
    li.get("/privacy").await.is(403);
    li.get("/privacy/who-saw?by=patient&q=p1").await.is(403).hides("李明远 ");
    li.get("/audit").await.is(403);
}
