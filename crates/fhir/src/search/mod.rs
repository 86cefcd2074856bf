//! Queries: parsed once, evaluated on index records.
//!
//! Everything is exact by evaluation: within one patient all records are opened and asked. Across patients a query is served
//! by [`Query::terms`], and the candidates are asked again here.

mod matching;
mod sort;
mod text;
mod wanted;

use crate::issue::{Issue, IssueType};
use crate::tables::{ParamKind, SearchParam, Tables};
use crate::terms;
use crate::values::reference::{is_id, is_kind};
use crate::walker::Zone;
use crate::walker::record::Entries;

use matching::Matcher;
use sort::{By, SortBy};
pub(crate) use wanted::{Prefix, System, Wanted, below};

/// What a query needs to know besides its text.
#[derive(Debug, Clone, Copy)]
pub struct SearchContext<'a> {
    /// Definitions.
    pub tables: &'static Tables,
    /// Zone of dates without one; the same as when the records were made.
    pub zone: Zone,
    /// Address of the FHIR door without trailing slash: references below it are local.
    pub base: &'a str,
    /// `Prefer: handling=lenient`: unknown parameters are ignored (and told in [`Query::ignored`]) instead of refused.
    pub lenient: bool,
    /// Now, microseconds since the epoch (for `ap`).
    pub now_us: i64,
}

#[cfg(test)]
impl SearchContext<'static> {
    /// Where unit tests ask: a strict server in China at the beginning of time.
    pub(crate) fn of_tests() -> Self {
        Self { tables: Tables::r4(), zone: Zone::CHINA, base: "https://h/fhir", lenient: false, now_us: 0 }
    }
}

/// What is known of a version outside its sealed index record.
#[derive(Debug, Clone, Copy)]
pub struct RecordMeta<'a> {
    /// Logical id.
    pub id: &'a str,
    /// `meta.versionId`.
    pub version: u64,
    /// `meta.lastUpdated`, microseconds since the epoch.
    pub last_updated_us: i64,
}

/// A parsed search.
#[derive(Clone)]
pub struct Query {
    tables: &'static Tables,
    base: String,
    kind: String,
    clauses: Vec<Clause>,
    sort: Vec<SortBy>,
    patient: Option<String>,
    ids: Option<Vec<String>>,
    count: Option<u32>,
    page: Option<String>,
    summary: Option<String>,
    total: Option<String>,
    used: Vec<(String, String)>,
    ignored: Vec<Issue>,
}

impl std::fmt::Debug for Query {
    /// The criteria may be about a person: only their number is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Query").field("kind", &self.kind).field("clauses", &self.clauses.len()).finish_non_exhaustive()
    }
}

/// Why a query was refused, as the issue to answer with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.diagnostics)]
pub struct SearchError(pub Issue);

/// A cross-patient term: parameter (`Patient.name`) and normalised value, as made by [`crate::terms::terms`].
pub type Term = (String, String);

/// Modifier of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Modifier {
    None,
    Missing(bool),
    Not,
    Exact,
    Contains,
    Text,
    Identifier,
    OfType,
    Above,
    Below,
    Type(String),
}

#[derive(Debug, Clone)]
enum Source {
    Id,
    LastUpdated,
    Param(u16),
    /// Any of the parameters by which a type is in the patient compartment.
    Compartment(Vec<u16>),
}

/// Alternatives, one of which must hold.
#[derive(Debug, Clone)]
struct Clause {
    source: Source,
    modifier: Modifier,
    any: Vec<Wanted>,
}

/// Parameters of R4 that are not served yet; each is refused by name rather than passed over.
const LATER: &[&str] = &[
    "_include",
    "_revinclude",
    "_has",
    "_elements",
    "_contained",
    "_containedType",
    "_list",
    "_filter",
    "_query",
    "_text",
    "_content",
    "_type",
];

impl Query {
    /// Parses the part of the url behind `?` (or a form body).
    pub fn parse(ctx: &SearchContext<'_>, kind: &str, query: &str) -> Result<Self, SearchError> {
        if ctx.tables.resource(kind).is_none() {
            return Err(refused(IssueType::NotSupported, "this is not a resource type of FHIR R4"));
        }
        let pairs = text::pairs(query).ok_or_else(|| refused(IssueType::Invalid, "the query is not UTF-8"))?;
        let mut out = Self {
            tables: ctx.tables,
            base: ctx.base.trim_end_matches('/').to_owned(),
            kind: kind.to_owned(),
            clauses: Vec::new(),
            sort: Vec::new(),
            patient: None,
            ids: None,
            count: None,
            page: None,
            summary: None,
            total: None,
            used: Vec::new(),
            ignored: Vec::new(),
        };
        let ctx = SearchContext { base: ctx.base.trim_end_matches('/'), ..*ctx };
        for (name, value) in pairs {
            out.add(&ctx, name, value)?;
        }
        Ok(out)
    }

    /// The same inside `Patient/{patient}/{kind}?…`.
    pub fn parse_in_compartment(
        ctx: &SearchContext<'_>,
        patient: &str,
        kind: &str,
        query: &str,
    ) -> Result<Self, SearchError> {
        let mut out = Self::parse(ctx, kind, query)?;
        let Some(params) = ctx.tables.patient_params(kind).filter(|_| is_id(patient)) else {
            return Err(refused(IssueType::NotSupported, "this type is not in the patient compartment"));
        };
        let clause = if kind == "Patient" {
            Clause { source: Source::Id, modifier: Modifier::None, any: vec![Wanted::Uri(patient.to_owned())] }
        } else {
            let numbers = params.iter().filter_map(|p| ctx.tables.param_of(kind, p)).map(|p| p.no).collect();
            let any = vec![Wanted::Local { kind: Some("Patient".into()), id: patient.to_owned() }];
            Clause { source: Source::Compartment(numbers), modifier: Modifier::None, any }
        };
        out.clauses.push(clause);
        out.patient = Some(patient.to_owned());
        Ok(out)
    }

    fn add(&mut self, ctx: &SearchContext<'_>, name: String, value: String) -> Result<(), SearchError> {
        let (code, modifier) = name.split_once(':').map_or((name.as_str(), None), |(c, m)| (c, Some(m)));
        match code {
            "_format" | "_pretty" => return Ok(()),
            _ if value.is_empty() => return Ok(()),
            "_count" => {
                let count = value.parse().map_err(|_| at(IssueType::Value, code, "is a number of 0 or more"))?;
                self.count = Some(count);
            }
            "_page" => {
                self.page = Some(value);
                return Ok(());
            }
            "_sort" => return self.add_sort(ctx, name, value),
            "_summary" => match value.as_str() {
                "true" | "text" | "data" | "count" | "false" => self.summary = Some(value.clone()),
                _ => return Err(at(IssueType::Value, code, "is true, text, data, count or false")),
            },
            "_total" => match value.as_str() {
                "none" | "estimate" | "accurate" => self.total = Some(value.clone()),
                _ => return Err(at(IssueType::Value, code, "is none, estimate or accurate")),
            },
            _ if LATER.contains(&code) => return Err(at(IssueType::NotSupported, code, "is not supported yet")),
            _ if name.contains('.') => {
                return Err(refused(IssueType::NotSupported, "chained parameters are not supported yet"));
            }
            _ => {
                let Some(param) = ctx.tables.param_of(&self.kind, code) else { return self.unknown(ctx, code) };
                let clause = clause(ctx, &self.kind, param, modifier, &value)?;
                let Some(clause) = clause else { return Ok(()) };
                self.note_scope(param, &clause);
                self.clauses.push(clause);
            }
        }
        self.used.push((name, value));
        Ok(())
    }

    /// An unknown parameter is refused, because passing it over would answer with more than was asked for.
    fn unknown(&mut self, ctx: &SearchContext<'_>, code: &str) -> Result<(), SearchError> {
        let shown = if shown(code) { code } else { "" };
        let mut issue = at(IssueType::NotSupported, shown, "is not a search parameter of this type").0;
        if !ctx.lenient {
            return Err(SearchError(issue));
        }
        issue.severity = crate::issue::Severity::Warning;
        self.ignored.push(issue);
        Ok(())
    }

    fn add_sort(&mut self, ctx: &SearchContext<'_>, name: String, value: String) -> Result<(), SearchError> {
        for part in value.split(',').filter(|p| !p.is_empty()) {
            let (code, descending) = part.strip_prefix('-').map_or((part, false), |c| (c, true));
            let by = match code {
                "_id" => By::Id,
                "_lastUpdated" => By::LastUpdated,
                _ => match ctx.tables.param_of(&self.kind, code) {
                    Some(p)
                        if !matches!(p.kind, ParamKind::Composite | ParamKind::Special) && !p.expression.is_empty() =>
                    {
                        By::Param(p.no, p.kind)
                    }
                    Some(_) => return Err(at(IssueType::NotSupported, "_sort", "cannot sort by this parameter")),
                    None => {
                        self.unknown(ctx, code)?;
                        continue;
                    }
                },
            };
            self.sort.push(SortBy { by, descending });
        }
        self.used.push((name, value));
        Ok(())
    }

    /// Remembers what narrows the search to one patient or to ids.
    fn note_scope(&mut self, param: &SearchParam, clause: &Clause) {
        if clause.modifier == Modifier::None && matches!(clause.source, Source::Id) {
            let ids: Vec<String> = clause
                .any
                .iter()
                .filter_map(|w| if let Wanted::Uri(id) = w { Some(id.clone()) } else { None })
                .collect();
            if let (true, [only]) = (self.kind == "Patient", ids.as_slice()) {
                self.patient.get_or_insert_with(|| only.clone());
            }
            self.ids = Some(match self.ids.take() {
                Some(before) => before.into_iter().filter(|id| ids.contains(id)).collect(),
                None => ids,
            });
            return;
        }
        let plain = match &clause.modifier {
            Modifier::None => true,
            Modifier::Type(kind) => kind == "Patient",
            _ => false,
        };
        let listed = self
            .tables
            .patient_params(&self.kind)
            .is_some_and(|l| l.iter().any(|p| *p == param.code || matches!(&*param.code, "patient" | "subject")));
        if let (true, true, [Wanted::Local { kind, id }]) = (plain, listed, clause.any.as_slice()) {
            // `patient=1` is a patient; `subject=1` might be a group.
            if kind.as_deref() == Some("Patient") || (kind.is_none() && &*param.code == "patient") {
                self.patient.get_or_insert_with(|| id.clone());
            }
        }
    }

    /// Resource type searched for.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The one patient in whose compartment all matches are, if the query says so.
    ///
    /// They are the resources that the patient owns, and those with the term ([`crate::terms::ALSO_ABOUT`], `Patient/{id}`).
    pub fn patient(&self) -> Option<&str> {
        self.patient.as_deref()
    }

    /// Logical ids that the matches are among, if the query says so.
    pub fn ids(&self) -> Option<&[String]> {
        self.ids.as_deref()
    }

    /// Whether there are no criteria at all.
    pub fn is_unrestricted(&self) -> bool {
        self.clauses.is_empty()
    }

    /// Cross-patient terms: each inner list covers all matches (any of its terms); the lists hold together. Empty if no
    /// criterion is on the allow-list.
    pub fn terms(&self) -> Vec<Vec<Term>> {
        let mut out = Vec::new();
        for clause in &self.clauses {
            let Source::Param(no) = clause.source else { continue };
            let Some(param) = self.tables.param(no) else { continue };
            let all: Option<Vec<Term>> = clause
                .any
                .iter()
                .map(|w| terms::wanted(self.tables, &self.kind, &param.code, &clause.modifier, w))
                .collect();
            if let Some(all) = all.filter(|a| !a.is_empty()) {
                out.push(all);
            }
        }
        out
    }

    /// Whether a version matches.
    pub fn admits(&self, record: &[u8], meta: &RecordMeta<'_>) -> bool {
        self.clauses.iter().all(|clause| self.holds(clause, record, meta))
    }

    fn holds(&self, clause: &Clause, record: &[u8], meta: &RecordMeta<'_>) -> bool {
        let matcher = Matcher { tables: self.tables, base: &self.base, modifier: &clause.modifier };
        let any = |no: u16| Entries::of(record).values(no).any(|v| clause.any.iter().any(|w| matcher.matches(w, &v)));
        let found = match &clause.source {
            Source::Id => clause.any.iter().any(|w| *w == Wanted::Uri(meta.id.to_owned())),
            Source::LastUpdated => {
                let us = meta.last_updated_us;
                let span = crate::values::time::Span { from: us, to: us.saturating_add(1) };
                let found = crate::walker::record::Indexed::Time(span);
                clause.any.iter().any(|w| matcher.matches(w, &found))
            }
            Source::Param(no) => match clause.modifier {
                Modifier::Missing(wanted) => return Entries::of(record).values(*no).next().is_none() == wanted,
                _ => any(*no),
            },
            Source::Compartment(numbers) => numbers.iter().any(|no| any(*no)),
        };
        match clause.modifier {
            Modifier::Not => !found,
            // `_id` and `_lastUpdated` are never missing.
            Modifier::Missing(wanted) => !wanted,
            _ => found,
        }
    }

    /// Bytes that sort matches as asked, absent values last, the id as tie-breaker. Without `_sort`, the id alone.
    pub fn sort_key(&self, record: &[u8], meta: &RecordMeta<'_>) -> Vec<u8> {
        let mut out = Vec::with_capacity(32);
        for by in &self.sort {
            by.append(&mut out, record, meta);
        }
        out.extend_from_slice(meta.id.as_bytes());
        out
    }

    /// Whether `_sort` was given; if not, the commit order is as good.
    pub fn is_sorted(&self) -> bool {
        !self.sort.is_empty()
    }

    /// `_count`, if given. 0 asks for the number only.
    pub fn count(&self) -> Option<u32> {
        self.count
    }

    /// Value of `_page`, the opaque paging token.
    pub fn page(&self) -> Option<&str> {
        self.page.as_deref()
    }

    /// `_summary`.
    pub fn summary(&self) -> Option<&str> {
        self.summary.as_deref()
    }

    /// `_total`.
    pub fn total(&self) -> Option<&str> {
        self.total.as_deref()
    }

    /// The parameters that were used, re-encoded for the `self` link, without the paging token.
    pub fn self_query(&self) -> String {
        let mut out = String::new();
        for (name, value) in &self.used {
            if !out.is_empty() {
                out.push('&');
            }
            text::encode(name, &mut out);
            out.push('=');
            text::encode(value, &mut out);
        }
        out
    }

    /// Parameters that lenient handling ignored, as issues for an `outcome` entry.
    pub fn ignored(&self) -> &[Issue] {
        &self.ignored
    }
}

fn clause(
    ctx: &SearchContext<'_>,
    kind: &str,
    param: &SearchParam,
    modifier: Option<&str>,
    value: &str,
) -> Result<Option<Clause>, SearchError> {
    let code = &*param.code;
    let source = match code {
        "_id" => Source::Id,
        "_lastUpdated" => Source::LastUpdated,
        _ => Source::Param(param.no),
    };
    if param.kind == ParamKind::Special || (param.expression.is_empty() && matches!(source, Source::Param(_))) {
        return Err(at(IssueType::NotSupported, code, "is not supported"));
    }
    let modifier = self::modifier(ctx, kind, param, modifier, value)?;
    if let Modifier::Missing(_) = modifier {
        return Ok(Some(Clause { source, modifier, any: Vec::new() }));
    }
    let mut any = Vec::new();
    for part in text::split(value, b',').into_iter().filter(|p| !p.is_empty()) {
        any.push(match source {
            Source::Id => Wanted::Uri(text::unescape(part)),
            _ => wanted::parse(ctx, param, &modifier, part).map_err(|why| at(IssueType::Value, code, why))?,
        });
    }
    Ok((!any.is_empty()).then_some(Clause { source, modifier, any }))
}

/// The modifier, if the table of R4 §3.1.1.4.4 has it for this kind of parameter.
fn modifier(
    ctx: &SearchContext<'_>,
    kind: &str,
    param: &SearchParam,
    modifier: Option<&str>,
    value: &str,
) -> Result<Modifier, SearchError> {
    let code = &*param.code;
    let Some(modifier) = modifier else { return Ok(Modifier::None) };
    let unserved = || at(IssueType::NotSupported, code, "this modifier is not supported yet");
    Ok(match (modifier, param.kind) {
        ("missing", _) => match value {
            "true" => Modifier::Missing(true),
            "false" => Modifier::Missing(false),
            _ => return Err(at(IssueType::Value, code, "missing is true or false")),
        },
        ("not", ParamKind::Token) => Modifier::Not,
        (_, ParamKind::Token) if code == "_id" => {
            return Err(at(IssueType::NotSupported, code, "has no such modifier"));
        }
        ("text", ParamKind::Token) => Modifier::Text,
        ("of-type", ParamKind::Token) => Modifier::OfType,
        ("in" | "not-in" | "above" | "below", ParamKind::Token) | ("above" | "below", ParamKind::Reference) => {
            return Err(unserved());
        }
        ("exact", ParamKind::String) => Modifier::Exact,
        ("contains", ParamKind::String) => Modifier::Contains,
        ("identifier", ParamKind::Reference) => Modifier::Identifier,
        ("above", ParamKind::Uri) => Modifier::Above,
        ("below", ParamKind::Uri) => Modifier::Below,
        (of, ParamKind::Reference) if is_kind(of) => {
            if of.contains('.') {
                return Err(unserved());
            }
            let allowed = param.targets.is_empty() || param.targets.iter().any(|t| &**t == of);
            if ctx.tables.resource(of).is_none() || !allowed {
                return Err(at(IssueType::Invalid, code, format!("a {kind} does not refer to this type by it")));
            }
            Modifier::Type(of.to_owned())
        }
        _ => return Err(at(IssueType::NotSupported, code, "has no such modifier")),
    })
}

fn refused(code: IssueType, why: &str) -> SearchError {
    SearchError(Issue::error(code, "", why))
}

fn at(code: IssueType, param: &str, why: impl AsRef<str>) -> SearchError {
    let why = why.as_ref();
    let diagnostics = if param.is_empty() { format!("a parameter {why}") } else { format!("{param}: {why}") };
    SearchError(Issue::error(code, "", diagnostics))
}

/// Whether a name looks like a parameter, so that it can be repeated: anything else may be data in the wrong place.
fn shown(name: &str) -> bool {
    name.len() <= 40 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_uppercase() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests;
