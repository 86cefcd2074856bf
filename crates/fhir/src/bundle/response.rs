//! The answer to a bundle.

use serde_json::{Map, Value, json};

use super::{Answer, BundleKind};

/// The answer bundle; `answers` in the order of the request.
pub fn response(kind: BundleKind, base: &str, answers: Vec<Answer>) -> Value {
    let base = base.trim_end_matches('/');
    let entries: Vec<Value> = answers.into_iter().map(|a| entry(base, a)).collect();
    let mut out = Map::new();
    out.insert("resourceType".into(), "Bundle".into());
    out.insert("type".into(), kind.response_code().into());
    if !entries.is_empty() {
        out.insert("entry".into(), entries.into());
    }
    Value::Object(out)
}

fn entry(base: &str, answer: Answer) -> Value {
    let mut response = json!({ "status": answer.status });
    let mut put = |key: &str, value: Option<Value>| {
        if let (Some(value), Some(map)) = (value, response.as_object_mut()) {
            map.insert(key.into(), value);
        }
    };
    put("location", answer.location.map(|l| format!("{base}/{l}").into()));
    put("etag", answer.version.map(|v| format!("W/\"{v}\"").into()));
    put("lastModified", answer.last_modified.map(Value::from));
    put("outcome", answer.outcome);
    let mut out = Map::new();
    if let Some(resource) = answer.resource {
        if let (Some(kind), Some(id)) =
            (resource.get("resourceType").and_then(Value::as_str), resource.get("id").and_then(Value::as_str))
        {
            out.insert("fullUrl".into(), format!("{base}/{kind}/{id}").into());
        }
        out.insert("resource".into(), resource);
    }
    out.insert("response".into(), response);
    Value::Object(out)
}
