//! Expressions compiled against the element tables: one tree of steps per resource type, shared prefixes walked once.

use crate::tables::{ElementType, NodeId, ParamKind, Primitive, Shape, Tables};

use super::expr::{Path, Step, parse};

/// What a value at the end of a path is, as far as indexing is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// `code` with the value set that implies its system.
    Code(Option<u32>),
    Text,
    Boolean,
    Uri,
    Canonical,
    Time,
    Number,
    Coding,
    CodeableConcept,
    Identifier,
    ContactPoint,
    HumanName,
    Address,
    Reference,
    Quantity,
    Money,
    Range,
    Period,
    Timing,
    Resource,
    Other,
}

/// A step at run time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Op {
    /// Values of a JSON property, arrays one by one.
    Property(Box<str>),
    /// Values of a JSON property, the first only.
    First(Box<str>),
    /// The value, if a property of it has this text.
    WhereEq(Box<str>, Box<str>),
    /// The value, if it refers to this type.
    WhereTarget(Box<str>),
    /// The resource (`%resource`).
    Root,
    /// The value itself.
    This,
}

/// What is done with a value.
#[derive(Debug)]
pub(crate) enum Emit {
    /// Index it.
    Value { param: u16, kind: ParamKind, leaf: Leaf, name: bool },
    /// Evaluate the parts of a composite on it.
    Composite { param: u16, parts: Vec<Vec<Branch>> },
    /// Index whether one of the JSON properties is there and not false.
    Exists { param: u16, properties: Vec<Box<str>> },
}

/// A tree of steps.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) op: Op,
    pub(crate) emit: Vec<Emit>,
    pub(crate) next: Vec<Branch>,
}

/// The extraction program of a resource type.
#[derive(Debug)]
pub(crate) struct Program {
    /// Begins at the resource.
    pub(crate) root: Branch,
}

/// A path resolved against the element tables.
struct Resolved {
    ops: Vec<Op>,
    at: At,
    exists: Vec<Box<str>>,
}

/// Where a path has arrived.
#[derive(Clone, Copy)]
struct At {
    shape: Shape,
    leaf: Leaf,
}

impl Program {
    /// Compiles all parameters of a type. Members of unions that speak of other types are left out.
    pub(crate) fn compile(tables: &Tables, kind: &str) -> Self {
        let mut root = Branch { op: Op::This, emit: Vec::new(), next: Vec::new() };
        for param in tables.params_of(kind) {
            let skip = matches!(&*param.code, "_id" | "_lastUpdated") || param.kind == ParamKind::Special;
            if skip {
                continue;
            }
            for path in parse(&param.expression).unwrap_or_default() {
                for found in resolve_member(tables, kind, &path) {
                    let emit = if !found.exists.is_empty() {
                        Emit::Exists { param: param.no, properties: found.exists }
                    } else if param.kind == ParamKind::Composite {
                        let parts =
                            param.components.iter().map(|(no, e)| part(tables, kind, found.at, *no, e)).collect();
                        Emit::Composite { param: param.no, parts }
                    } else {
                        let name = matches!(&*param.code, "name" | "family" | "given" | "phonetic");
                        Emit::Value { param: param.no, kind: param.kind, leaf: found.at.leaf, name }
                    };
                    graft(&mut root, &found.ops, emit);
                }
            }
        }
        Self { root }
    }
}

/// A single reference path of a type, for compartments; the emitted parameter number is the caller's.
pub(crate) fn compile_path(tables: &Tables, kind: &str, expression: &str, number: u16) -> Vec<Branch> {
    let mut root = Branch { op: Op::This, emit: Vec::new(), next: Vec::new() };
    for path in parse(expression).unwrap_or_default() {
        for found in resolve_member(tables, kind, &path) {
            let emit = Emit::Value { param: number, kind: ParamKind::Reference, leaf: found.at.leaf, name: false };
            graft(&mut root, &found.ops, emit);
        }
    }
    root.next
}

fn part(tables: &Tables, kind: &str, base: At, no: u16, expression: &str) -> Vec<Branch> {
    let mut out = Branch { op: Op::This, emit: Vec::new(), next: Vec::new() };
    let param_kind = tables.param(no).map_or(ParamKind::Special, |p| p.kind);
    for path in parse(expression).unwrap_or_default() {
        let found = match path.split_first() {
            Some((Step::Name(root), rest)) if root == "%resource" => {
                let start = tables.resource(kind).map(|t| At { shape: Shape::Complex(t.node), leaf: Leaf::Resource });
                let mut all = start.map(|s| resolve(tables, s, rest)).unwrap_or_default();
                for f in &mut all {
                    f.ops.insert(0, Op::Root);
                }
                all
            }
            _ => resolve(tables, base, &path),
        };
        for f in found {
            graft(&mut out, &f.ops, Emit::Value { param: no, kind: param_kind, leaf: f.at.leaf, name: false });
        }
    }
    if out.emit.is_empty() { out.next } else { vec![out] }
}

fn graft(root: &mut Branch, ops: &[Op], emit: Emit) {
    let Some((first, rest)) = ops.split_first() else {
        root.emit.push(emit);
        return;
    };
    let at = root.next.iter().position(|b| b.op == *first).unwrap_or(root.next.len());
    if at == root.next.len() {
        root.next.push(Branch { op: first.clone(), emit: Vec::new(), next: Vec::new() });
    }
    if let Some(branch) = root.next.get_mut(at) {
        graft(branch, rest, emit);
    }
}

fn resolve_member(tables: &Tables, kind: &str, path: &Path) -> Vec<Resolved> {
    let Some((Step::Name(root), rest)) = path.split_first() else { return Vec::new() };
    let applies = root == kind || root == "Resource" || root == "DomainResource";
    let start = tables.resource(kind).filter(|_| applies);
    start.map(|t| resolve(tables, At { shape: Shape::Complex(t.node), leaf: Leaf::Resource }, rest)).unwrap_or_default()
}

fn resolve(tables: &Tables, start: At, steps: &[Step]) -> Vec<Resolved> {
    let mut open = vec![(Resolved { ops: Vec::new(), at: start, exists: Vec::new() }, None::<Box<str>>)];
    for step in steps {
        let mut next = Vec::new();
        for (mut r, code) in open {
            match step {
                Step::Name(name) => {
                    let Shape::Complex(node) = r.at.shape else { continue };
                    for (t, at) in variants(tables, node, name) {
                        let mut ops = r.ops.clone();
                        ops.push(Op::Property(t.json.clone()));
                        next.push((Resolved { ops, at, exists: Vec::new() }, Some(t.code.clone())));
                    }
                    continue;
                }
                Step::As(kind) => {
                    if !code.as_deref().is_some_and(|c| is_a(c, kind)) {
                        continue;
                    }
                }
                Step::First => {
                    if let Some(Op::Property(name)) = r.ops.pop() {
                        r.ops.push(Op::First(name));
                    }
                }
                Step::WhereEq(key, value) => r.ops.push(Op::WhereEq(key.as_str().into(), value.as_str().into())),
                Step::WhereTarget(kind) => r.ops.push(Op::WhereTarget(kind.as_str().into())),
                Step::ExistsNotFalse => {
                    if let Some(Op::Property(name)) = r.ops.pop() {
                        r.exists.push(name);
                    }
                }
            }
            next.push((r, code));
        }
        open = next;
    }
    // The variants of a choice under `exists()` are one question.
    let mut out: Vec<Resolved> = Vec::new();
    for (r, _) in open {
        match out.last_mut() {
            Some(last) if !r.exists.is_empty() && last.ops == r.ops => last.exists.extend(r.exists),
            _ => out.push(r),
        }
    }
    out
}

fn variants<'a>(tables: &'a Tables, node: NodeId, name: &str) -> Vec<(&'a ElementType, At)> {
    let Some(element) = tables.node(node).and_then(|n| n.element(name)) else { return Vec::new() };
    element.types.iter().map(|t| (t, At { shape: t.shape, leaf: leaf(t, element.binding) })).collect()
}

fn leaf(t: &ElementType, binding: Option<u32>) -> Leaf {
    match t.shape {
        Shape::Resource => Leaf::Resource,
        Shape::Primitive(p) => match p {
            Primitive::Code => Leaf::Code(binding),
            Primitive::Boolean => Leaf::Boolean,
            Primitive::Canonical => Leaf::Canonical,
            Primitive::Uri | Primitive::Url | Primitive::Oid | Primitive::Uuid => Leaf::Uri,
            Primitive::Date | Primitive::DateTime | Primitive::Instant => Leaf::Time,
            Primitive::Decimal | Primitive::Integer | Primitive::PositiveInt | Primitive::UnsignedInt => Leaf::Number,
            _ => Leaf::Text,
        },
        Shape::Complex(_) => match &*t.code {
            "Coding" => Leaf::Coding,
            "CodeableConcept" => Leaf::CodeableConcept,
            "Identifier" => Leaf::Identifier,
            "ContactPoint" => Leaf::ContactPoint,
            "HumanName" => Leaf::HumanName,
            "Address" => Leaf::Address,
            "Reference" => Leaf::Reference,
            "Quantity" | "Age" | "Distance" | "Duration" | "Count" | "SimpleQuantity" | "MoneyQuantity" => {
                Leaf::Quantity
            }
            "Money" => Leaf::Money,
            "Range" => Leaf::Range,
            "Period" => Leaf::Period,
            "Timing" => Leaf::Timing,
            _ => Leaf::Other,
        },
    }
}

/// Whether a value of type `code` passes `as wanted`. `canonical` passes `as uri`, an `Age` passes `as Quantity`; R4 also
/// writes `DateTime` for `dateTime`.
fn is_a(code: &str, wanted: &str) -> bool {
    let parent = match code {
        "url" | "canonical" | "oid" | "uuid" => "uri",
        "code" | "id" | "markdown" => "string",
        "positiveInt" | "unsignedInt" => "integer",
        "Age" | "Distance" | "Duration" | "Count" | "SimpleQuantity" | "MoneyQuantity" => "Quantity",
        other => other,
    };
    code == wanted || parent == wanted || (wanted == "DateTime" && code == "dateTime")
}
