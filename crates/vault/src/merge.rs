//! One entry for each person concerned: what several looks of one ask said is said together.

use crate::entry::{Class, Draft, MAX_ITEMS, Outcome, field};

/// Joins the drafts of one answer. Without an answer (`ended`) each says how the ask ended, whatever
/// its own step came to: nobody was shown what it found.
pub(crate) fn one_each(drafts: Vec<Draft>, ended: Option<Outcome>) -> Vec<Draft> {
    let mut all: Vec<Draft> = Vec::with_capacity(drafts.len());
    for draft in drafts {
        match all.iter_mut().find(|known| is_same(known, &draft)) {
            Some(known) => join(known, &draft),
            None => all.push(draft),
        }
    }
    if let Some(ended) = ended {
        for draft in &mut all {
            set(draft, field::OUTCOME, ended.as_str());
            draft.class = if draft.class == Class::House { Class::House } else { Class::Refusal };
        }
    }
    // A step that found nobody adds nothing to an answer about somebody, unless it named things of the house.
    let somebody = all.iter().any(|draft| !is_nobody(draft));
    all.retain(|draft| !somebody || !is_nobody(draft) || !get(draft, field::ITEMS).is_empty());
    all
}

fn get<'a>(draft: &'a Draft, name: &str) -> &'a str {
    draft.fields.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
}

fn set(draft: &mut Draft, name: &'static str, value: &str) {
    match draft.fields.iter_mut().find(|(known, _)| *known == name) {
        Some((_, known)) => *known = value.to_owned().into(),
        None => draft.fields.push((name, value.to_owned().into())),
    }
}

fn is_nobody(draft: &Draft) -> bool {
    draft.subject.is_none() && get(draft, field::PATIENT).is_empty()
}

fn is_same(one: &Draft, two: &Draft) -> bool {
    if let (Some(one), Some(two)) = (one.subject, two.subject) {
        return one == two;
    }
    match (get(one, field::PATIENT), get(two, field::PATIENT)) {
        ("", "") => is_nobody(one) && is_nobody(two),
        (one, two) => one == two,
    }
}

/// Which of several steps an entry is named after: one that failed, then one that changed something.
fn weight(draft: &Draft) -> (bool, bool) {
    (get(draft, field::OUTCOME) != Outcome::Done.as_str(), draft.class == Class::Change)
}

fn join(known: &mut Draft, other: &Draft) {
    let (here, there) = (get(known, field::ACTION).to_owned(), get(other, field::ACTION).to_owned());
    let leads = weight(other) > weight(known);
    let mut also: Vec<&str> = get(known, field::ALSO).split(',').filter(|action| !action.is_empty()).collect();
    also.push(if leads { &here } else { &there });
    let named = if leads { &there } else { &here };
    also.retain(|action| action != named);
    also.sort_unstable();
    also.dedup();
    let also = also.join(",");
    let count = joined_count(known, other);
    if leads {
        set(known, field::ACTION, &there);
        set(known, field::OUTCOME, get(other, field::OUTCOME));
        known.class = other.class;
    }
    known.subject = known.subject.or(other.subject);
    if !also.is_empty() {
        set(known, field::ALSO, &also);
    }
    for (name, value) in &other.fields {
        let between = match *name {
            field::ITEMS | field::EVIDENCE | field::DIGESTS => " ",
            field::POLICIES | field::MASKS => ",",
            field::DETAIL => "; ",
            field::PATIENT => "",
            _ => continue,
        };
        let value = if between.is_empty() { value.clone() } else { union(get(known, name), value, between).into() };
        set(known, name, &value);
    }
    if let Some(count) = count {
        set(known, field::COUNT, &count.to_string());
    }
}

/// Both lists, each item once, as many as one entry names.
fn union(one: &str, two: &str, between: &str) -> String {
    let mut seen = std::collections::HashSet::new();
    let all: Vec<&str> = one
        .split(between)
        .chain(two.split(between))
        .filter(|item| !item.is_empty() && seen.insert(*item))
        .take(MAX_ITEMS)
        .collect();
    all.join(between)
}

/// How many things both steps name together.
fn joined_count(one: &Draft, two: &Draft) -> Option<usize> {
    let count = |draft: &Draft| get(draft, field::COUNT).parse::<usize>().ok();
    let (here, there) = match (count(one), count(two)) {
        (None, None) => return None,
        (here, there) => (here.unwrap_or(0), there.unwrap_or(0)),
    };
    let known: std::collections::HashSet<&str> =
        get(one, field::ITEMS).split(' ').filter(|item| !item.is_empty()).collect();
    let twice = get(two, field::ITEMS).split(' ').filter(|item| known.contains(item)).count();
    Some((here + there).saturating_sub(twice))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tacebo_seal::SubjectNo;

    fn draft(person: Option<u64>, action: &str, outcome: Outcome, class: Class, items: &str) -> Draft {
        let mut draft = Draft { subject: person.map(SubjectNo), actor: 1, class, fields: Vec::new() };
        draft.put(field::ACTION, action.to_owned());
        draft.put(field::OUTCOME, outcome.as_str());
        if let Some(person) = person {
            draft.put(field::PATIENT, format!("p{person}"));
        }
        draft.put(field::ITEMS, items.to_owned());
        draft.put(field::COUNT, items.split(' ').filter(|item| !item.is_empty()).count().to_string());
        draft
    }

    #[test]
    fn several_looks_at_one_person_are_one_entry_named_after_the_change() {
        let all = one_each(
            vec![
                draft(Some(1), "search", Outcome::Done, Class::Disclosure, "A/1 B/1"),
                draft(None, "search", Outcome::Done, Class::Disclosure, ""),
                draft(Some(2), "search", Outcome::Done, Class::Disclosure, "C/1"),
                draft(Some(1), "create", Outcome::Done, Class::Change, "B/1 D/1"),
            ],
            None,
        );
        assert_eq!(all.len(), 2);
        let one = all.first().unwrap();
        assert_eq!((get(one, field::ACTION), get(one, field::ALSO)), ("create", "search"));
        assert_eq!((get(one, field::ITEMS), get(one, field::COUNT)), ("A/1 B/1 D/1", "3"));
        assert_eq!(one.class, Class::Change);
    }

    #[test]
    fn without_an_answer_everybody_looked_at_has_the_same_end() {
        let all = one_each(
            vec![
                draft(Some(1), "search", Outcome::Done, Class::Disclosure, "A/1"),
                draft(Some(2), "read", Outcome::Refused, Class::Refusal, "B/0"),
            ],
            Some(Outcome::Refused),
        );
        assert!(all.iter().all(|d| get(d, field::OUTCOME) == "refused" && d.class == Class::Refusal));
        assert_eq!(all.len(), 2);
    }

    #[test]
    fn the_house_and_a_person_stay_apart() {
        let all = one_each(
            vec![
                draft(None, "search", Outcome::Done, Class::Disclosure, "Practitioner/1"),
                draft(Some(1), "search", Outcome::Done, Class::Disclosure, "A/1"),
            ],
            None,
        );
        assert_eq!(all.len(), 2);
    }
}
