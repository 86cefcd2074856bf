//! `$validate`: what is wrong with a document, without keeping it.

use serde_json::Value;

use super::{Failed, Service};
use crate::issue::{Issue, IssueType};

impl Service {
    /// The issues of a resource, or of the one inside Parameters. They repeat no value of it.
    ///
    /// # Errors
    /// [`Failed`]: there is no resource to look at.
    pub fn validate(&self, kind: &str, body: &Value) -> Result<Vec<Issue>, Failed> {
        let named = |v: &Value| v.get("resourceType").and_then(Value::as_str).map(str::to_owned);
        let parameters = body.get("parameter").and_then(Value::as_array);
        let inner = parameters
            .filter(|_| named(body).as_deref() == Some("Parameters") && kind != "Parameters")
            .map(|list| list.iter().find(|p| p.get("name").and_then(Value::as_str) == Some("resource")));
        let resource = match inner {
            Some(found) => found
                .and_then(|p| p.get("resource"))
                .ok_or_else(|| Failed::error(400, IssueType::Required, "Parameters need a parameter `resource`"))?,
            None => body,
        };
        if named(resource).is_some_and(|named| named != kind) {
            let issue = Issue::error(IssueType::Invalid, "", "the resource is of another type than the address");
            return Ok(vec![issue]);
        }
        Ok(crate::validate::validate(self.0.tables, resource))
    }
}
