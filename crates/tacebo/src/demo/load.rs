//! Loads the sample as any client system would: by the FHIR door, so that policy, labels, seal and log do their work.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use tacebo_fixtures::Sample;
use tower::ServiceExt;

/// Most that is shown of an answer that was not expected.
const SHOWN: usize = 600;

/// Posts every bundle of the sample.
pub(crate) async fn sample(router: Router, token: &str, sample: &Sample, words: &str) -> Result<()> {
    let total = sample.patients().len() + 1;
    let bar = ProgressBar::new(total as u64).with_message(words.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    for bundle in sample.bundles() {
        transaction(router.clone(), token, bundle).await.context("the sample could not be loaded")?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

/// One transaction through the router, without a socket.
async fn transaction(router: Router, token: &str, bundle: &Value) -> Result<()> {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/fhir")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/fhir+json")
        .header(crate::PURPOSE_HEADER, "TREAT")
        .body(Body::from(serde_json::to_vec(bundle)?))?;
    let response = router.oneshot(request).await?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let body = response.into_body().collect().await?.to_bytes();
    // The answer is an OperationOutcome: paths and codes, no values.
    let words: String = String::from_utf8_lossy(&body).chars().take(SHOWN).collect();
    bail!("the FHIR door answered {status}: {words}")
}
