//! Measurements for Prometheus. Numbers of requests and times only; nothing in a label comes from a request
//! but its method.

use std::time::Duration;

use http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: &'static str,
    status: u16,
}

/// The program's counters.
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    seconds: Histogram,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// Upper bounds of the buckets, seconds.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("tacebo");
        let requests = Family::<Labels, Counter>::default();
        let seconds = Histogram::new(BUCKETS);
        registry.register("http_requests", "Answers by method and status", requests.clone());
        registry.register("http_request_seconds", "Time from the request's head to the answer's", seconds.clone());
        Self { registry, requests, seconds }
    }

    pub(crate) fn answered(&self, method: &Method, status: StatusCode, took: Duration) {
        let labels = Labels { method: known(method), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// All measurements in OpenMetrics text.
    pub(crate) fn encode(&self) -> String {
        let mut text = String::new();
        if let Err(error) = prometheus_client::encoding::text::encode(&mut text, &self.registry) {
            tracing::error!(%error, "measurements could not be written");
        }
        text
    }
}

/// A method that somebody made up must not become a label.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_method_and_status() {
        let metrics = Metrics::new();
        let made_up = Method::from_bytes(b"ZHANGSAN").unwrap();
        metrics.answered(&Method::GET, StatusCode::OK, Duration::from_millis(3));
        metrics.answered(&made_up, StatusCode::METHOD_NOT_ALLOWED, Duration::ZERO);
        let text = metrics.encode();
        assert!(text.contains(r#"tacebo_http_requests_total{method="GET",status="200"} 1"#), "{text}");
        assert!(!text.contains("ZHANGSAN"));
    }
}
