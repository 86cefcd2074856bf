//! The policies: read, validated, evaluated. Cedar appears in this file only.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Effect, Entities, Entity, EntityId, EntityTypeName, EntityUid, Policy, PolicyId,
    PolicySet, Request, RestrictedExpression as Expr, Schema, ValidationMode, Validator,
};
use tacebo_veil::MaskSet;

use super::situation::{GENETIC, Situation};
use crate::permit::Args;
use crate::{Action, Assurance, Bond, Duty, PolicyError, Purpose, RefusalCode};

const SCHEMA: &str = include_str!("../../policies/schema.cedarschema");

/// What the annotations of a permitting policy say.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) id: String,
    pub(crate) order: usize,
    pub(crate) reason: String,
    pub(crate) args: Args,
    pub(crate) requirement: String,
    pub(crate) masks: MaskSet,
    pub(crate) duties: BTreeSet<Duty>,
}

/// What the annotations of a forbidding policy say.
#[derive(Debug)]
pub(crate) struct Ban {
    pub(crate) id: String,
    pub(crate) code: RefusalCode,
}

enum Meaning {
    Grant(Grant),
    Ban(Ban),
}

/// What the policies say about a situation.
pub(crate) enum Said<'a> {
    /// At least one permits and none forbids; in file order.
    Yes(Vec<&'a Grant>),
    /// None permits, or these forbid.
    No(Vec<&'a Ban>),
    /// Something could not be evaluated: no.
    Fault,
}

pub(crate) struct Rules {
    authorizer: Authorizer,
    policies: PolicySet,
    meanings: HashMap<PolicyId, Meaning>,
    order: Vec<String>,
    actions: Entities,
    words: Words,
}

/// Names of the schema, parsed once.
struct Words {
    principal: EntityUid,
    resource: EntityUid,
    types: HashMap<&'static str, EntityTypeName>,
    actions: HashMap<Action, EntityUid>,
    purposes: HashMap<Purpose, EntityUid>,
}

const TYPES: [&str; 9] =
    ["Role", "Kind", "Purpose", "Class", "Category", "Confidentiality", "Sensitivity", "Age", "Flag"];

impl Words {
    fn new() -> Result<Self, PolicyError> {
        let mut types = HashMap::new();
        for name in TYPES {
            types.insert(name, type_name(name)?);
        }
        let purpose = type_name("Purpose")?;
        let action = type_name("Action")?;
        Ok(Self {
            principal: uid(&type_name("Person")?, "asker"),
            resource: uid(&type_name("Record")?, "asked"),
            types,
            actions: Action::ALL.iter().map(|value| (*value, uid(&action, value.code()))).collect(),
            purposes: Purpose::ALL.iter().map(|value| (*value, uid(&purpose, value.code()))).collect(),
        })
    }

    fn word(&self, of: &str, code: &str) -> Option<EntityUid> {
        self.types.get(of).map(|name| uid(name, code))
    }
}

fn type_name(name: &str) -> Result<EntityTypeName, PolicyError> {
    EntityTypeName::from_str(name).map_err(|error| PolicyError::Policies(error.to_string()))
}

fn uid(name: &EntityTypeName, code: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(name.clone(), EntityId::new(code))
}

impl Rules {
    pub(crate) fn load(files: &[(&str, &str)]) -> Result<Self, PolicyError> {
        let problem = |error: String| PolicyError::Policies(error);
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(|error| problem(error.to_string()))?;
        let mut policies = PolicySet::new();
        let mut meanings = HashMap::new();
        let mut order = Vec::new();
        for (name, text) in files {
            let parsed = PolicySet::from_str(text).map_err(|error| problem(format!("{name}: {error}")))?;
            if parsed.templates().next().is_some() {
                return Err(problem(format!("{name}: templates are not used here")));
            }
            // The parser numbers policies policy0, policy1 …: that is their order in the file.
            let mut numbered: Vec<&Policy> = parsed.policies().collect();
            numbered.sort_by_key(|policy| number(policy.id()));
            for policy in numbered {
                let meaning = meaning(policy, order.len())?;
                let id = match &meaning {
                    Meaning::Grant(grant) => grant.id.clone(),
                    Meaning::Ban(ban) => ban.id.clone(),
                };
                let named = policy.new_id(PolicyId::new(&id));
                meanings.insert(named.id().clone(), meaning);
                policies.add(named).map_err(|error| problem(error.to_string()))?;
                order.push(id);
            }
        }
        let actions = schema.action_entities().map_err(|error| problem(error.to_string()))?;
        let checked = Validator::new(schema).validate(&policies, ValidationMode::Strict);
        if !checked.validation_passed_without_warnings() {
            return Err(problem(checked.to_string()));
        }
        Ok(Self { authorizer: Authorizer::new(), policies, meanings, order, actions, words: Words::new()? })
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(String::as_str)
    }

    /// Asks the policies. Cedar skips a policy that errs, a forbidding one too; so one error is no.
    pub(crate) fn ask(&self, situation: &Situation, kind: &str) -> Said<'_> {
        self.try_ask(situation, kind).unwrap_or(Said::Fault)
    }

    fn try_ask(&self, situation: &Situation, kind: &str) -> Option<Said<'_>> {
        let action = self.words.actions.get(&situation.action)?.clone();
        let purpose = self.words.purposes.get(&situation.purpose)?.clone();
        let context = Context::from_pairs([
            ("purpose".to_owned(), Expr::new_entity_uid(purpose)),
            ("grant".to_owned(), Expr::new_string(situation.grant())),
        ])
        .ok()?;
        let entities =
            self.actions.clone().add_entities([self.person(situation)?, self.record(situation, kind)?], None).ok()?;
        let request =
            Request::new(self.words.principal.clone(), action, self.words.resource.clone(), context, None).ok()?;
        let response = self.authorizer.is_authorized(&request, &self.policies, &entities);
        if response.diagnostics().errors().next().is_some() {
            return Some(Said::Fault);
        }
        let mut grants = Vec::new();
        let mut bans = Vec::new();
        for id in response.diagnostics().reason() {
            match self.meanings.get(id)? {
                Meaning::Grant(grant) => grants.push(grant),
                Meaning::Ban(ban) => bans.push(ban),
            }
        }
        Some(match response.decision() {
            Decision::Allow if !grants.is_empty() && bans.is_empty() => {
                grants.sort_by_key(|grant| grant.order);
                Said::Yes(grants)
            }
            Decision::Allow => Said::Fault,
            Decision::Deny => Said::No(bans),
        })
    }

    fn person(&self, situation: &Situation) -> Option<Entity> {
        let mut grants = Vec::new();
        if situation.granted {
            grants.push(Expr::new_string(situation.grant()));
        }
        if situation.genetic {
            grants.push(Expr::new_string(GENETIC.to_owned()));
        }
        let assurance = match situation.assurance {
            Assurance::One => 1,
            Assurance::Two => 2,
            Assurance::Three => 3,
        };
        let attributes = HashMap::from([
            ("kind".to_owned(), Expr::new_entity_uid(self.words.word("Kind", situation.person.code())?)),
            ("assurance".to_owned(), Expr::new_long(assurance)),
            ("grants".to_owned(), Expr::new_set(grants)),
        ]);
        let roles: Option<HashSet<EntityUid>> =
            situation.roles().map(|role| self.words.word("Role", role.code())).collect();
        Entity::new(self.words.principal.clone(), attributes, roles?).ok()
    }

    fn record(&self, situation: &Situation, kind: &str) -> Option<Entity> {
        let word = |of: &str, code: &str| self.words.word(of, code).map(Expr::new_entity_uid);
        let sensitivity: Option<Vec<Expr>> =
            situation.sensitivity().map(|code| word("Sensitivity", code.code())).collect();
        let flags: Option<Vec<Expr>> = situation.flags().map(|flag| word("Flag", flag)).collect();
        let bond = match situation.bond {
            Bond::None => 0,
            Bond::Department => 1,
            Bond::Team => 2,
            Bond::Direct => 3,
        };
        let attributes = [
            ("kind", Expr::new_string(kind.to_owned())),
            ("class", word("Class", situation.class.code())?),
            ("person", Expr::new_bool(situation.class.is_of_person())),
            ("category", word("Category", situation.category.code())?),
            ("level", Expr::new_long(i64::from(situation.level))),
            ("confidentiality", word("Confidentiality", situation.confidentiality.code())?),
            ("sensitivity", Expr::new_set(sensitivity?)),
            ("flags", Expr::new_set(flags?)),
            ("bond", Expr::new_long(bond)),
            ("own", Expr::new_bool(situation.own)),
            ("guardian", Expr::new_bool(situation.guardian)),
            ("vip", Expr::new_bool(situation.vip)),
            ("colleague", Expr::new_bool(situation.colleague)),
            ("age", word("Age", situation.age.code())?),
            ("limited", Expr::new_bool(situation.limited)),
            ("ticket", Expr::new_bool(situation.ticket)),
        ];
        let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Entity::new(self.words.resource.clone(), attributes, HashSet::new()).ok()
    }
}

fn number(id: &PolicyId) -> usize {
    let id: &str = id.as_ref();
    id.trim_start_matches("policy").parse().unwrap_or(usize::MAX)
}

/// Reads the annotations of one policy; each must be there, and no others.
fn meaning(policy: &Policy, order: usize) -> Result<Meaning, PolicyError> {
    let id = policy.annotation("id").unwrap_or_default().to_owned();
    let complain = |annotation: &str, problem: String| PolicyError::Annotation {
        policy: if id.is_empty() { policy.id().to_string() } else { id.clone() },
        annotation: annotation.to_owned(),
        problem,
    };
    let known: &[&str] = match policy.effect() {
        Effect::Permit => &["id", "reason", "args", "requirement", "masks", "duties"],
        Effect::Forbid => &["id", "code", "requirement"],
    };
    if let Some((other, _)) = policy.annotations().find(|(key, _)| !known.contains(key)) {
        return Err(complain(other, "is not known here".to_owned()));
    }
    let need = |key: &'static str| match policy.annotation(key) {
        Some(value) if !value.trim().is_empty() => Ok(value),
        _ => Err(complain(key, "is missing".to_owned())),
    };
    need("id")?;
    let requirement = need("requirement")?.to_owned();
    if policy.effect() == Effect::Forbid {
        let code = need("code")?.parse().map_err(|error: crate::UnknownCode| complain("code", error.to_string()))?;
        return Ok(Meaning::Ban(Ban { id, code }));
    }
    let masks = need("masks")?.parse().map_err(|error: tacebo_veil::VeilError| complain("masks", error.to_string()))?;
    let args = need("args")?.parse().map_err(|error: crate::UnknownCode| complain("args", error.to_string()))?;
    let duties = duties(need("duties")?).map_err(|error| complain("duties", error.to_string()))?;
    let reason = need("reason")?.to_owned();
    Ok(Meaning::Grant(Grant { id, order, reason, args, requirement, masks, duties }))
}

fn duties(list: &str) -> Result<BTreeSet<Duty>, crate::UnknownCode> {
    list.split(',').map(|code| code.trim().parse()).collect()
}
