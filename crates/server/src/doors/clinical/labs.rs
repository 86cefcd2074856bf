//! Results: what was measured, in which range, over time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use tacebo_vault::Document;

use super::element::{at, concept, happened, list, text, written};
use crate::pages::Shell;
use crate::pages::chart::{Line, Point, Size};
use crate::pages::doctor::{Lab, Level};

struct Series {
    unit: String,
    low: Option<f64>,
    high: Option<f64>,
    points: Vec<(Timestamp, f64, String, String)>,
}

/// Numbers of one observation and of its parts.
pub(super) fn values(body: &Value) -> Vec<(String, &Value, &Value)> {
    let mut found = Vec::new();
    if let Some(quantity) = body.get("valueQuantity") {
        found.push((concept(body.get("code")), quantity, body));
    }
    for part in list(body, "/component") {
        if let Some(quantity) = part.get("valueQuantity") {
            found.push((concept(part.get("code")), quantity, part));
        }
    }
    found
}

pub(super) fn number(value: Option<&Value>) -> Option<f64> {
    value.and_then(Value::as_f64)
}

pub(super) fn range(body: &Value) -> (Option<f64>, Option<f64>) {
    (number(body.pointer("/referenceRange/0/low/value")), number(body.pointer("/referenceRange/0/high/value")))
}

pub(super) fn level(value: f64, low: Option<f64>, high: Option<f64>) -> Level {
    if low.is_some_and(|low| value < low) {
        Level::Low
    } else if high.is_some_and(|high| value > high) {
        Level::High
    } else {
        Level::Normal
    }
}

pub(super) fn labs(documents: &[Document], shell: &Shell) -> Vec<Lab> {
    let mut all: BTreeMap<String, Series> = BTreeMap::new();
    for document in documents.iter().filter(|d| d.name.kind == "Observation") {
        let body = &document.body;
        let date = happened(body);
        let Some(when) = at(date, shell) else { continue };
        for (name, quantity, of) in values(body) {
            let Some(value) = number(quantity.get("value")) else { continue };
            let as_written = quantity.get("value").map(Value::to_string).unwrap_or_default();
            let (low, high) = range(of);
            let unit = text(quantity, "/unit").to_owned();
            let series = all.entry(name).or_insert_with(|| Series { unit, low: None, high: None, points: Vec::new() });
            series.low = low.or(series.low);
            series.high = high.or(series.high);
            series.points.push((when, value, as_written, written(date)));
        }
    }
    let mut labs: Vec<(Timestamp, Lab)> = all
        .into_iter()
        .filter_map(|(name, mut series)| {
            series.points.sort_by_key(|(when, ..)| *when);
            let (when, value, latest, date) = series.points.last()?.clone();
            let range = match (series.low, series.high) {
                (Some(low), Some(high)) => Some(format!("{low}–{high}")),
                (Some(low), None) => Some(format!("≥ {low}")),
                (None, Some(high)) => Some(format!("≤ {high}")),
                (None, None) => None,
            };
            let points = series.points.iter().map(|(at, value, ..)| Point { at: *at, value: *value }).collect();
            let chart = Line {
                title: name.clone(),
                unit: series.unit.clone(),
                points,
                low: series.low,
                high: series.high,
                size: Size::Spark,
            };
            let level = level(value, series.low, series.high);
            Some((when, Lab { name, latest, unit: series.unit, range, level, when: date, chart }))
        })
        .collect();
    labs.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.name.cmp(&b.1.name)));
    labs.into_iter().map(|(_, lab)| lab).collect()
}
