//! The labelling rules as read from their file, in a shape made for matching.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::{Category, Confidentiality, Grade, Labels, Sensitivity};
use crate::PolicyError;
use crate::data::{read, wrong};

const FILE: &str = "labels.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    systems: HashMap<String, Vec<String>>,
    code: Vec<CodeRule>,
    word: Vec<WordRule>,
    security: Security,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeRule {
    system: String,
    #[serde(default)]
    codes: Vec<String>,
    #[serde(default)]
    prefixes: Vec<String>,
    #[serde(default)]
    ranges: Vec<String>,
    sensitivity: Option<Sensitivity>,
    category: Option<Category>,
    flag: Option<String>,
    level: Option<u8>,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "confidence")]
    _confidence: Confidence,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordRule {
    words: Vec<String>,
    sensitivity: Option<Sensitivity>,
    category: Option<Category>,
    level: Option<u8>,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "confidence")]
    _confidence: Confidence,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Confidence {
    High,
    Medium,
    Low,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Security {
    confidentiality: Vec<String>,
    act: Act,
    harmless: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    systems: Vec<String>,
    sensitivity: BTreeMap<String, Sensitivity>,
    flags: BTreeMap<String, String>,
}

/// What a matched rule adds.
#[derive(Clone, Debug)]
pub(super) struct Raise {
    sensitivity: Option<Sensitivity>,
    category: Option<Category>,
    flag: Option<String>,
    level: u8,
}

impl Raise {
    /// Raises `labels`, never lowers them.
    pub(super) fn apply(&self, labels: &mut Labels) {
        labels.level = labels.level.max(self.level);
        if let Some(sensitivity) = self.sensitivity {
            labels.sensitivity.insert(sensitivity);
            labels.confidentiality = labels.confidentiality.max(Confidentiality::Restricted);
        }
        if let Some(category) = self.category {
            labels.category = labels.category.max(category);
            labels.confidentiality = labels.confidentiality.max(Confidentiality::Restricted);
        }
        if self.sensitivity.is_some() || self.category.is_some() {
            labels.grade = Grade::Core;
        }
        if let Some(flag) = &self.flag {
            labels.flags.insert(flag.clone());
        }
    }
}

#[derive(Debug)]
enum Pattern {
    Exact(String),
    Prefix(String),
    /// Inclusive, compared on as many characters as the bound has (`B20-B24`, `O98.7-O98.7`).
    Range(String, String),
}

impl Pattern {
    fn matches(&self, code: &str) -> bool {
        match self {
            Self::Exact(exact) => code == exact,
            Self::Prefix(prefix) => code.starts_with(prefix.as_str()),
            Self::Range(low, high) => {
                let head = |bound: &str| code.chars().take(bound.len()).collect::<String>();
                head(low) >= *low && head(high) <= *high
            }
        }
    }
}

/// The rules, ready to match.
#[derive(Debug)]
pub(super) struct Rules {
    /// System URI to the name of its family.
    families: HashMap<String, String>,
    exact: HashMap<(String, String), Vec<usize>>,
    patterns: Vec<(String, Pattern, usize)>,
    words: Vec<(String, usize)>,
    raises: Vec<Raise>,
    confidentiality: Vec<String>,
    act_systems: Vec<String>,
    act_sensitivity: BTreeMap<String, Sensitivity>,
    act_flags: BTreeMap<String, String>,
    harmless: BTreeMap<String, Vec<String>>,
}

/// What one entry of `meta.security` says.
pub(super) enum Said {
    Confidentiality(Confidentiality),
    Sensitivity(Sensitivity),
    Flag(String),
    Nothing,
    /// A label that we do not know.
    Unlisted,
}

impl Rules {
    pub(super) fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: File = read(FILE, text)?;
        let mut rules = Self {
            families: HashMap::new(),
            exact: HashMap::new(),
            patterns: Vec::new(),
            words: Vec::new(),
            raises: Vec::new(),
            confidentiality: file.security.confidentiality,
            act_systems: file.security.act.systems,
            act_sensitivity: file.security.act.sensitivity,
            act_flags: file.security.act.flags,
            harmless: file.security.harmless,
        };
        for rule in file.code {
            if !file.systems.contains_key(&rule.system) {
                return Err(wrong(FILE, format!("system {} is not named under [systems]", rule.system)));
            }
            let at = rules.raise(rule.sensitivity, rule.category, rule.flag, rule.level)?;
            for code in rule.codes {
                rules.patterns.push((rule.system.clone(), Pattern::Exact(code), at));
            }
            for prefix in rule.prefixes {
                rules.patterns.push((rule.system.clone(), Pattern::Prefix(prefix), at));
            }
            for range in rule.ranges {
                let Some((low, high)) =
                    range.split_once('-').filter(|(low, high)| low.len() == high.len() && low <= high)
                else {
                    return Err(wrong(FILE, format!("{range} is not a range")));
                };
                rules.patterns.push((rule.system.clone(), Pattern::Range(low.to_owned(), high.to_owned()), at));
            }
        }
        for rule in file.word {
            let at = rules.raise(rule.sensitivity, rule.category, None, rule.level)?;
            rules.words.extend(rule.words.into_iter().map(|word| (word, at)));
        }
        for (family, uris) in file.systems {
            for uri in uris {
                rules.families.insert(uri, family.clone());
            }
        }
        rules.index();
        Ok(rules)
    }

    fn raise(
        &mut self,
        sensitivity: Option<Sensitivity>,
        category: Option<Category>,
        flag: Option<String>,
        level: Option<u8>,
    ) -> Result<usize, PolicyError> {
        if sensitivity.is_none() && category.is_none() && flag.is_none() {
            return Err(wrong(FILE, "a rule raises nothing"));
        }
        if level.is_some_and(|level| !(1..=5).contains(&level)) {
            return Err(wrong(FILE, "a level is not 1 to 5"));
        }
        self.raises.push(Raise { sensitivity, category, flag, level: level.unwrap_or(1) });
        Ok(self.raises.len() - 1)
    }

    /// Moves exact codes into a table, so that only prefixes and ranges are tried one by one.
    fn index(&mut self) {
        let (exact, rest): (Vec<_>, Vec<_>) =
            self.patterns.drain(..).partition(|(_, pattern, _)| matches!(pattern, Pattern::Exact(_)));
        self.patterns = rest;
        for (family, pattern, at) in exact {
            if let Pattern::Exact(code) = pattern {
                self.exact.entry((family, code)).or_default().push(at);
            }
        }
    }

    /// What a coding adds. A code without a system is tried as ICD-10, because Chinese systems
    /// often leave it out.
    pub(super) fn coding(&self, system: Option<&str>, code: &str) -> impl Iterator<Item = &Raise> {
        let family = match system {
            None | Some("") => Some("icd10"),
            Some(uri) => self.families.get(uri).map(String::as_str),
        };
        let code = code.trim().to_ascii_uppercase();
        let exact = family.and_then(|family| self.exact.get(&(family.to_owned(), code.clone())));
        let patterns = self
            .patterns
            .iter()
            .filter(move |(of, pattern, _)| Some(of.as_str()) == family && pattern.matches(&code))
            .map(|(_, _, at)| at);
        exact.into_iter().flatten().chain(patterns).filter_map(|at| self.raises.get(*at))
    }

    /// What typed text adds.
    pub(super) fn text(&self, text: &str) -> impl Iterator<Item = &Raise> {
        self.words
            .iter()
            .filter(move |(word, _)| text.contains(word.as_str()))
            .filter_map(|(_, at)| self.raises.get(*at))
    }

    /// What one entry of `meta.security` says.
    pub(super) fn security(&self, system: Option<&str>, code: Option<&str>) -> Said {
        let (Some(system), Some(code)) = (system, code) else {
            return Said::Unlisted;
        };
        if self.confidentiality.iter().any(|uri| uri == system) {
            return code.parse().map_or(Said::Unlisted, Said::Confidentiality);
        }
        if self.act_systems.iter().any(|uri| uri == system) {
            if let Some(sensitivity) = self.act_sensitivity.get(code) {
                return Said::Sensitivity(*sensitivity);
            }
            if let Some(flag) = self.act_flags.get(code) {
                return Said::Flag(flag.clone());
            }
        }
        if self.harmless.get(system).is_some_and(|codes| codes.iter().any(|known| known == code)) {
            return Said::Nothing;
        }
        Said::Unlisted
    }
}
