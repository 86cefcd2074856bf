//! From a resource to its index record: all values of all search parameters, found by a compiled tree of steps.

mod expr;
mod extract;
mod program;
pub mod record;

use serde_json::Value;

use crate::tables::Tables;
use crate::values::reference::Target;

pub use expr::ExpressionError;
use extract::Sink;
pub(crate) use extract::{joined_han_name, list, text};
pub(crate) use program::{Branch, Program, compile_path};
use program::{Emit, Op};
use record::{Indexed, Writer};

/// Seconds east of Greenwich in which dates without a zone are read. One per institution, never changed once data is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(pub i32);

impl Zone {
    /// UTC.
    pub const UTC: Self = Self(0);
    /// China Standard Time.
    pub const CHINA: Self = Self(8 * 3600);
}

/// The index record of a resource: every search parameter's values, to be sealed beside the body.
///
/// `_id` and `_lastUpdated` are not in it: they are known outside ([`crate::search::RecordMeta`]). An unknown resource type has
/// an empty record.
pub fn index(tables: &Tables, zone: Zone, resource: &Value) -> Vec<u8> {
    let mut out = Writer::record();
    if let Some(program) = text(resource, "resourceType").and_then(|kind| tables.program(kind)) {
        Walk { tables, zone, root: resource }.branch(&program.root, resource, &mut out);
    }
    out.finish()
}

/// Runs compiled branches and hands each value found to `found`.
pub(crate) fn find<'a>(branches: &[Branch], root: &'a Value, at: &'a Value, found: &mut dyn FnMut(u16, &'a Value)) {
    for branch in branches {
        each(&branch.op, root, at, &mut |value| {
            for emit in &branch.emit {
                if let Emit::Value { param, .. } = emit {
                    found(*param, value);
                }
            }
            find(&branch.next, root, value, found);
        });
    }
}

struct Walk<'a> {
    tables: &'a Tables,
    zone: Zone,
    root: &'a Value,
}

impl Walk<'_> {
    fn branch(&self, branch: &Branch, at: &Value, out: &mut Writer) {
        each(&branch.op, self.root, at, &mut |value| {
            for emit in &branch.emit {
                self.emit(emit, value, out);
            }
            for next in &branch.next {
                self.branch(next, value, out);
            }
        });
    }

    fn emit(&self, emit: &Emit, value: &Value, out: &mut Writer) {
        match emit {
            Emit::Value { param, kind, leaf, name } => {
                Sink { tables: self.tables, zone: self.zone, out, param: *param }.value(*kind, *leaf, *name, value);
            }
            Emit::Composite { param, parts } => {
                let mut written = Vec::with_capacity(parts.len());
                for part in parts {
                    let mut w = Writer::part();
                    for branch in part {
                        self.branch(branch, value, &mut w);
                    }
                    if w.is_empty() {
                        return;
                    }
                    written.push(w.finish());
                }
                out.composite(*param, &written);
            }
            Emit::Exists { param, properties } => {
                let there = properties.iter().any(|p| value.get(&**p).is_some_and(|v| *v != Value::Bool(false)));
                let code = if there { "true" } else { "false" };
                out.put(*param, &Indexed::Token { system: None, implied: false, code });
            }
        }
    }
}

/// Does one step.
fn each<'a>(op: &Op, root: &'a Value, at: &'a Value, then: &mut dyn FnMut(&'a Value)) {
    match op {
        Op::Property(name) => match at.get(&**name) {
            Some(Value::Array(items)) => items.iter().for_each(then),
            Some(value) => then(value),
            None => {}
        },
        Op::First(name) => match at.get(&**name) {
            Some(Value::Array(items)) => items.first().into_iter().for_each(then),
            Some(value) => then(value),
            None => {}
        },
        Op::WhereEq(key, wanted) => {
            if text(at, key) == Some(wanted) {
                then(at);
            }
        }
        Op::WhereTarget(kind) => {
            if points_at(root, at, kind) {
                then(at);
            }
        }
        Op::Root => then(root),
        Op::This => then(at),
    }
}

/// `resolve() is T`, decided from the reference alone.
fn points_at(root: &Value, reference: &Value, kind: &str) -> bool {
    let Some(target) = text(reference, "reference").map(Target::of) else {
        return text(reference, "type") == Some(kind);
    };
    match target {
        Target::Fragment(id) => {
            let held = list(root, "contained").iter().find(|c| text(c, "id") == Some(id));
            held.and_then(|c| text(c, "resourceType")) == Some(kind)
        }
        other => other.kind().or_else(|| text(reference, "type")) == Some(kind),
    }
}
