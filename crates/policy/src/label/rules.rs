//! The labelling rules as read from their file, in a shape made for matching.

use std::collections::{BTreeMap, HashMap};

use aho_corasick::AhoCorasick;
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
    Prefix(String),
    /// Inclusive, compared on as many characters as the bound has (`B20-B24`, `O98.7-O98.7`).
    Range(String, String),
}

impl Pattern {
    fn matches(&self, code: &str) -> bool {
        match self {
            Self::Prefix(prefix) => code.starts_with(prefix.as_str()),
            Self::Range(low, high) => head(code, low.len()) >= low.as_str() && head(code, high.len()) <= high.as_str(),
        }
    }
}

/// The first so many characters.
fn head(code: &str, chars: usize) -> &str {
    code.char_indices().nth(chars).and_then(|(end, _)| code.get(..end)).unwrap_or(code)
}

/// Codes of one family of code systems, each with what they raise.
#[derive(Debug, Default)]
struct Family {
    exact: HashMap<String, Vec<usize>>,
    patterns: Vec<(Pattern, usize)>,
}

/// All words at once: a document's texts are gone through one time, however many words there are.
#[derive(Debug)]
struct Words {
    matcher: AhoCorasick,
    raises: Vec<usize>,
}

impl Words {
    fn new(words: &[(String, usize)]) -> Result<Self, PolicyError> {
        let matcher = AhoCorasick::new(words.iter().map(|(word, _)| word))
            .map_err(|error| wrong(FILE, format!("the words do not fit together: {error}")))?;
        Ok(Self { matcher, raises: words.iter().map(|(_, at)| *at).collect() })
    }

    fn of<'a>(&'a self, text: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.matcher
            .find_overlapping_iter(text)
            .filter_map(|found| self.raises.get(found.pattern().as_usize()).copied())
    }
}

/// The rules, ready to match.
#[derive(Debug)]
pub(super) struct Rules {
    /// System URI to the name of its family.
    systems: HashMap<String, String>,
    families: HashMap<String, Family>,
    words: Words,
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
            systems: HashMap::new(),
            families: HashMap::new(),
            words: Words::new(&[])?,
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
            let family = rules.families.entry(rule.system).or_default();
            for code in rule.codes {
                family.exact.entry(code).or_default().push(at);
            }
            family.patterns.extend(rule.prefixes.into_iter().map(|prefix| (Pattern::Prefix(prefix), at)));
            for range in rule.ranges {
                let Some((low, high)) =
                    range.split_once('-').filter(|(low, high)| low.len() == high.len() && low <= high)
                else {
                    return Err(wrong(FILE, format!("{range} is not a range")));
                };
                family.patterns.push((Pattern::Range(low.to_owned(), high.to_owned()), at));
            }
        }
        let mut words = Vec::new();
        for rule in file.word {
            let at = rules.raise(rule.sensitivity, rule.category, None, rule.level)?;
            words.extend(rule.words.into_iter().map(|word| (word, at)));
        }
        rules.words = Words::new(&words)?;
        for (family, uris) in file.systems {
            for uri in uris {
                rules.systems.insert(uri, family.clone());
            }
        }
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

    /// What a coding adds. A code without a system is tried as ICD-10, because Chinese systems
    /// often leave it out.
    pub(super) fn coding(&self, system: Option<&str>, code: &str) -> impl Iterator<Item = &Raise> {
        let family = match system {
            None | Some("") => Some("icd10"),
            Some(uri) => self.systems.get(uri).map(String::as_str),
        };
        let found = family.and_then(|family| self.families.get(family)).map(|family| {
            let code = code.trim().to_ascii_uppercase();
            let exact = family.exact.get(&code).into_iter().flatten();
            let patterns = family.patterns.iter().filter(|(pattern, _)| pattern.matches(&code)).map(|(_, at)| at);
            exact.chain(patterns).copied().collect::<Vec<_>>()
        });
        found.into_iter().flatten().filter_map(|at| self.raises.get(at))
    }

    /// What typed text adds.
    pub(super) fn text<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a Raise> + 'a {
        self.words.of(text).filter_map(|at| self.raises.get(at))
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
