//! Message files: both languages say everything, with the same variables.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::shell::{files, has_ending, root};

const LANGUAGES: [&str; 2] = ["en", "zh-CN"];

/// Key, and the variables its message uses.
type Messages = BTreeMap<String, BTreeSet<String>>;

/// Compares every `locales/en/*.ftl` with its `zh-CN` twin.
pub(crate) fn check() -> Result<()> {
    let files = files()?;
    let mut wrong = Vec::new();
    let mut compared = 0;
    for file in files.iter().filter(|file| has_ending(file, "ftl")) {
        let [en, zh] = LANGUAGES.map(|language| format!("/locales/{language}/"));
        let twin = if file.contains(&en) { file.replace(&en, &zh) } else { file.replace(&zh, &en) };
        if twin == *file || !files.contains(&twin) {
            wrong.push(format!("{file} has no twin in the other language"));
        } else if file.contains(&en) {
            compared += 1;
            wrong.extend(differences(file, &read(file)?, &read(&twin)?));
        }
    }
    if compared == 0 {
        bail!("no message files were found");
    }
    if wrong.is_empty() { Ok(()) } else { bail!("{}", wrong.join("; ")) }
}

fn read(file: &str) -> Result<Messages> {
    let path = root().join(Path::new(file));
    Ok(parse(&std::fs::read_to_string(&path).with_context(|| path.display().to_string())?))
}

/// Keys and variables; enough of Fluent's syntax for that.
fn parse(text: &str) -> Messages {
    let mut messages = Messages::new();
    let mut key = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let begins = line.starts_with(|c: char| c.is_ascii_alphabetic());
        if begins && let Some((name, _)) = line.split_once('=') {
            key = Some(name.trim().to_owned());
        }
        let Some(key) = &key else { continue };
        let variables = messages.entry(key.clone()).or_default();
        for rest in line.split('$').skip(1) {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').unwrap_or(rest.len());
            variables.extend(rest.get(..end).map(str::to_owned));
        }
    }
    messages
}

fn differences(file: &str, en: &Messages, zh: &Messages) -> Vec<String> {
    let only = |one: &Messages, other: &Messages, language: &str| -> Vec<String> {
        let missing = one.keys().filter(|key| !other.contains_key(*key));
        missing.map(|key| format!("{file}: `{key}` is missing in {language}")).collect()
    };
    let mut found = only(en, zh, "zh-CN");
    found.extend(only(zh, en, "en"));
    let differ = en.iter().filter(|(key, variables)| zh.get(*key).is_some_and(|other| other != *variables));
    found.extend(differ.map(|(key, _)| format!("{file}: `{key}` uses other variables in zh-CN")));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_message_and_another_variable_are_found() {
        let en = parse("# about\na = { $n } rows\nb =\n    long { $who }\n    text\nc = x\n");
        let zh = parse("a = { $m } 行\nb = { $who }\n");
        assert_eq!(differences("f", &en, &en), Vec::<String>::new());
        let found = differences("f", &en, &zh).join("; ");
        assert!(found.contains("`c` is missing in zh-CN"), "{found}");
        assert!(found.contains("`a` uses other variables"), "{found}");
        assert!(!found.contains("`b`"), "{found}");
    }

    #[test]
    fn the_message_files_say_the_same_in_both_languages() {
        check().unwrap();
    }
}
