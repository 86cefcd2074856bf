//! Reads and searches, and the same bytes from a route that protects nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};
use axum::Router;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode, Uri};
use tacebo_fixtures::{Sample, cast};
use tacebo_server::http::{Listener, serve};
use tokio::sync::oneshot;

use crate::bench::client::{Client, Done, Shot, drive};
use crate::bench::figures::Figures;
use crate::bench::{Bench, Load};

/// Resources read in turn.
const DISTINCT: usize = 2_000;

/// The house and the bare route are driven in turns, so that what the machine does meanwhile weighs on both.
const TURNS: u32 = 5;

/// Single resources by id.
pub(crate) async fn by_id(bench: Bench, load: Load, figures: &mut Figures) -> Result<()> {
    let sample = Sample::on(crate::demo::today()?);
    let paths: Vec<String> = sample
        .patients()
        .iter()
        .filter_map(|bundle| bundle.get("entry")?.as_array())
        .flatten()
        .filter_map(|entry| entry.pointer("/request")?.as_object())
        .filter(|request| request.get("method").is_some_and(|method| method == "PUT"))
        .filter_map(|request| Some(format!("/fhir/{}", request.get("url")?.as_str()?)))
        .collect();
    // Spread over patients and kinds; the step is prime to whatever repeats in a record.
    let paths = (0..paths.len().min(DISTINCT)).filter_map(|n| paths.get(n * 7919 % paths.len())).cloned().collect();
    measure(bench, load, paths, "read", figures).await
}

/// Searches among the observations of the patient on dialysis.
pub(crate) async fn search(bench: Bench, load: Load, figures: &mut Figures) -> Result<()> {
    let base = format!("/fhir/Observation?patient={}", cast().dialysis);
    let paths = [
        "&_count=50",
        "&_sort=-date&_count=20",
        "&category=laboratory&_count=50",
        "&code=http://loinc.org|2160-0&_sort=-date&_count=50",
        "&date=ge2025-01-01&_sort=date&_count=50",
        "&value-quantity=gt100&_count=50",
    ];
    let paths = paths.iter().map(|query| format!("{base}{query}")).collect();
    measure(bench, load, paths, "search", figures).await
}

async fn measure(bench: Bench, load: Load, paths: Vec<String>, name: &str, figures: &mut Figures) -> Result<()> {
    let answers = answers(&bench, &paths).await?;
    let (address, stop) = plain(answers).await?;
    let (mut protected, mut bare) = (Done::default(), Done::default());
    for _ in 0..TURNS {
        let load = Load { warm: load.warm / TURNS, measure: load.measure / TURNS, ..load };
        protected.add(drive(&bench.address, &bench.token, load, row(paths.clone())).await?);
        bare.add(drive(&address, &bench.token, load, row(paths.clone())).await?);
    }
    say(name, &protected, figures);
    // The route ends with its channel.
    drop(stop);
    bench.close().await?;
    say(&format!("bare {name}"), &bare, figures);
    figures.number("ratio to a bare route", protected.per_second() / bare.per_second(), "");
    if let (Some(protected), Some(bare)) = (protected.micros_each(), bare.micros_each()) {
        figures.number("the same in processor time", bare / protected, "");
    }
    Ok(())
}

fn say(name: &str, done: &Done, figures: &mut Figures) {
    figures.number(name, done.per_second(), "requests/s");
    figures.latencies(name, &done.times);
    if let Some(micros) = done.micros_each() {
        figures.number(&format!("{name} processor time"), micros, "us/request");
    }
}

/// The paths in turn, for ever.
fn row(paths: Vec<String>) -> impl Fn() -> Shot + Send + Sync + 'static {
    let next = AtomicUsize::new(0);
    move || {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let path = paths.get(n % paths.len().max(1)).cloned().unwrap_or_default();
        Shot { method: Method::GET, path, body: Bytes::new(), worth: 1 }
    }
}

/// What the house answers to each path.
async fn answers(bench: &Bench, paths: &[String]) -> Result<HashMap<String, Bytes>> {
    let mut client = Client::connect(&bench.address, &bench.token).await?;
    let mut answers = HashMap::with_capacity(paths.len());
    for path in paths {
        let shot = Shot { method: Method::GET, path: path.clone(), body: Bytes::new(), worth: 1 };
        let (status, body) = client.send(&shot).await?;
        if status != StatusCode::OK {
            let words: String = String::from_utf8_lossy(&body).chars().take(400).collect();
            bail!("GET {path} was answered {status}: {words}");
        }
        answers.insert(path.clone(), body);
    }
    Ok(answers)
}

/// The same bytes behind the same listener and nothing else.
async fn plain(answers: HashMap<String, Bytes>) -> Result<(String, oneshot::Sender<()>)> {
    let answers = Arc::new(answers);
    let router = Router::new().fallback(move |uri: Uri| {
        let answers = Arc::clone(&answers);
        async move {
            let path = uri.path_and_query().map_or("", |path| path.as_str());
            match answers.get(path) {
                Some(body) => (StatusCode::OK, [(CONTENT_TYPE, "application/fhir+json")], body.clone()),
                None => (StatusCode::NOT_FOUND, [(CONTENT_TYPE, "text/plain")], Bytes::new()),
            }
        }
    });
    let listener = Listener::bind("127.0.0.1:0".parse().context("address")?, None).await?;
    let address = format!("http://{}", listener.address());
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(serve(listener, router, async {
        let _ = stopped.await;
    }));
    Ok((address, stop))
}
