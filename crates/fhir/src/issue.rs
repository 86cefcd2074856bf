//! What was wrong, as FHIR says it: issues and the OperationOutcome made of them.

use serde_json::{Value, json};

/// How bad (value set `issue-severity`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "codes of the specification")]
pub enum Severity {
    Information,
    Warning,
    Error,
    Fatal,
}

impl Severity {
    /// Code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

/// What kind of thing (value set `issue-type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "codes of the specification")]
pub enum IssueType {
    Invalid,
    Structure,
    Required,
    Value,
    Invariant,
    Security,
    Login,
    Expired,
    Forbidden,
    Processing,
    NotSupported,
    Duplicate,
    MultipleMatches,
    NotFound,
    Deleted,
    TooLong,
    CodeInvalid,
    BusinessRule,
    Conflict,
    TooCostly,
    Exception,
    Timeout,
    Throttled,
    Informational,
}

impl IssueType {
    /// Code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Structure => "structure",
            Self::Required => "required",
            Self::Value => "value",
            Self::Invariant => "invariant",
            Self::Security => "security",
            Self::Login => "login",
            Self::Expired => "expired",
            Self::Forbidden => "forbidden",
            Self::Processing => "processing",
            Self::NotSupported => "not-supported",
            Self::Duplicate => "duplicate",
            Self::MultipleMatches => "multiple-matches",
            Self::NotFound => "not-found",
            Self::Deleted => "deleted",
            Self::TooLong => "too-long",
            Self::CodeInvalid => "code-invalid",
            Self::BusinessRule => "business-rule",
            Self::Conflict => "conflict",
            Self::TooCostly => "too-costly",
            Self::Exception => "exception",
            Self::Timeout => "timeout",
            Self::Throttled => "throttled",
            Self::Informational => "informational",
        }
    }
}

/// One thing that was wrong. Never contains a value of the data that it speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// How bad.
    pub severity: Severity,
    /// What kind.
    pub code: IssueType,
    /// Where, as `Patient.name[0].family`; empty if it is about the whole.
    pub expression: String,
    /// One sentence for a person.
    pub diagnostics: String,
}

impl Issue {
    /// An error at a place.
    pub fn error(code: IssueType, expression: impl Into<String>, diagnostics: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, expression: expression.into(), diagnostics: diagnostics.into() }
    }

    /// A warning at a place.
    pub fn warning(code: IssueType, expression: impl Into<String>, diagnostics: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, code, expression: expression.into(), diagnostics: diagnostics.into() }
    }

    /// Whether it stops a write.
    pub fn is_error(&self) -> bool {
        self.severity >= Severity::Error
    }
}

/// The OperationOutcome of some issues; of none, the one that says that all is well.
pub fn operation_outcome(issues: &[Issue]) -> Value {
    let told: Vec<Value> = issues
        .iter()
        .map(|i| {
            let mut issue =
                json!({ "severity": i.severity.code(), "code": i.code.code(), "diagnostics": i.diagnostics });
            if let (false, Some(map)) = (i.expression.is_empty(), issue.as_object_mut()) {
                map.insert("expression".into(), json!([i.expression]));
            }
            issue
        })
        .collect();
    if told.is_empty() {
        return json!({
            "resourceType": "OperationOutcome",
            "issue": [{ "severity": "information", "code": "informational", "diagnostics": "all ok" }]
        });
    }
    json!({ "resourceType": "OperationOutcome", "issue": told })
}
