//! One patient's facts, and what they make of one asker.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::windows::Span;
use crate::{
    ActiveTicket, Age, Bond, Category, Evidence, Fact, Limit, PersonKind, Purpose, Ticket, Who, Whose, Windows,
};

/// Everything the house knows that decides who may see one patient's record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The patient's id; none for a person who does not exist.
    pub patient: Option<String>,
    /// Facts.
    pub facts: Vec<Fact>,
    /// Break-glass tickets, past ones too.
    pub tickets: Vec<Ticket>,
}

impl Profile {
    /// A person who does not exist: nothing is known. Decisions about such a person look like
    /// decisions about a stranger.
    pub fn unknown() -> Self {
        Self::default()
    }

    /// What `who` is to this patient for `purpose` at `now`.
    pub fn whose(&self, who: &Who, purpose: Purpose, now: Timestamp, windows: &Windows) -> Whose {
        let mut sum = Sum { whose: Whose::nobody(), now, rules: Vec::new(), born: Vec::new() };
        sum.whose.own = self.patient.is_some() && self.patient == who.patient;
        for fact in &self.facts {
            sum.add(fact, who, purpose, windows);
        }
        for ticket in &self.tickets {
            sum.ticket(ticket, who, windows);
        }
        sum.finish(windows)
    }
}

/// One consent rule that speaks of this asker, purpose and moment.
struct Rule<'a> {
    id: &'a str,
    deny: bool,
    /// 0 everybody, 1 a group the asker belongs to, 2 the asker.
    nearness: u8,
    categories: &'a [Category],
}

struct Sum<'a> {
    whose: Whose,
    now: Timestamp,
    rules: Vec<Rule<'a>>,
    born: Vec<Date>,
}

impl<'a> Sum<'a> {
    /// Whether a span holds now; remembers when that changes.
    fn holds(&mut self, span: Span) -> bool {
        if let Some(change) = span.next_change(self.now) {
            self.whose.until = Some(self.whose.until.map_or(change, |until| until.min(change)));
        }
        span.holds(self.now)
    }

    fn add(&mut self, fact: &'a Fact, who: &Who, purpose: Purpose, windows: &Windows) {
        match fact {
            Fact::Relation { with, evidence, basis, from, until, open } => {
                // First who it is: of years of relations hardly any is this asker's.
                let bond = bond_of(who, with);
                if bond == Bond::None {
                    return;
                }
                let Some(span) = windows.relation(*basis, *from, *until, *open) else {
                    return;
                };
                if !self.holds(span) {
                    return;
                }
                // The nearest bond counts, and of equal ones the one that lasts longest.
                let lasts = |until: Option<Timestamp>| until.unwrap_or(Timestamp::MAX);
                let held = self.whose.evidence.as_ref().map(|held| (self.whose.bond, lasts(held.until)));
                if held.is_none_or(|held| held < (bond, lasts(span.until))) {
                    self.whose.bond = bond;
                    self.whose.evidence =
                        Some(Evidence { document: evidence.clone(), basis: *basis, until: span.until });
                }
            }
            Fact::Consent { id, deny, actors, purposes, categories, from, until } => {
                let Some(nearness) = nearness(who, actors) else {
                    return;
                };
                if !purposes.is_empty() && !purposes.contains(&purpose) {
                    return;
                }
                if self.holds(Span { from: *from, until: *until }) {
                    self.rules.push(Rule { id, deny: *deny, nearness, categories });
                }
            }
            Fact::Vip => self.whose.vip = true,
            Fact::Colleague { account, practitioner } => {
                self.whose.colleague = true;
                let same = |held: Option<&str>, known: &Option<String>| held.is_some() && held == known.as_deref();
                if who.kind == PersonKind::Staff
                    && (same(Some(&who.account), account) || same(who.practitioner.as_deref(), practitioner))
                {
                    self.whose.own = true;
                }
            }
            Fact::Born { on } => self.born.push(*on),
            Fact::Deceased => self.whose.deceased = true,
            Fact::Guardian { evidence, from, until } => {
                if who.related.contains(evidence) && self.holds(Span { from: *from, until: *until }) {
                    self.whose.guardian = Some(evidence.clone());
                }
            }
        }
    }

    fn ticket(&mut self, ticket: &Ticket, who: &Who, windows: &Windows) {
        if ticket.account != who.account {
            return;
        }
        let limit = ticket.from.checked_add(windows.ticket_limit()).unwrap_or(Timestamp::MAX);
        let until = ticket.until.min(limit);
        let held = self.whose.ticket.as_ref().map(|held| held.until);
        if self.holds(Span { from: Some(ticket.from), until: Some(until) }) && held.is_none_or(|held| held < until) {
            self.whose.ticket = Some(ActiveTicket { id: ticket.id.clone(), reason: ticket.reason.clone(), until });
        }
    }

    fn finish(mut self, windows: &Windows) -> Whose {
        self.whose.limit = limit(&self.rules);
        self.age(windows);
        self.whose
    }

    /// The age band; birth dates that contradict each other say nothing.
    fn age(&mut self, windows: &Windows) {
        let Some(first) = self.born.first().copied() else {
            return;
        };
        if self.born.iter().any(|other| *other != first) {
            return;
        }
        let birthday = |years: u8| {
            let year = first.year().checked_add(i16::from(years))?;
            // Born on 29 February: of age on 1 March in other years.
            let day = Date::new(year, first.month(), first.day()).or_else(|_| Date::new(year, 3, 1)).ok()?;
            Some(day.to_zoned(windows.zone().clone()).ok()?.timestamp())
        };
        let ages = windows.ages();
        let (Some(own_voice), Some(of_age)) = (birthday(ages.guardian_under), birthday(ages.majority)) else {
            return;
        };
        let under = |edge| Span { from: None, until: Some(edge) };
        self.whose.age = if self.holds(under(own_voice)) {
            Age::Under14
        } else if self.holds(under(of_age)) {
            Age::Minor
        } else {
            Age::Adult
        };
    }
}

/// How near `with` stands to the asker.
fn bond_of(who: &Who, with: &str) -> Bond {
    if who.practitioner.as_deref() == Some(with) || who.account == with {
        Bond::Direct
    } else if who.teams.contains(with) {
        Bond::Team
    } else if who.department.as_deref() == Some(with) {
        Bond::Department
    } else {
        Bond::None
    }
}

/// How nearly a list of actors names the asker; none if it does not.
fn nearness(who: &Who, actors: &[String]) -> Option<u8> {
    if actors.is_empty() {
        return Some(0);
    }
    actors
        .iter()
        .filter_map(|actor| {
            if *actor == who.account || who.practitioner.as_deref() == Some(actor) {
                Some(2)
            } else if who.department.as_deref() == Some(actor) || who.teams.contains(actor) {
                Some(1)
            } else {
                None
            }
        })
        .max()
}

/// For each category the nearest rule decides, and of equally near ones the one that forbids.
fn limit(rules: &[Rule<'_>]) -> Limit {
    let mut limit = Limit::default();
    for category in Category::ALL {
        let speaks = |rule: &&Rule<'_>| rule.categories.is_empty() || rule.categories.contains(category);
        let nearest =
            |deny: bool| rules.iter().filter(speaks).filter(|rule| rule.deny == deny).map(|rule| rule.nearness).max();
        let Some(denied) = nearest(true) else {
            continue;
        };
        if nearest(false).is_some_and(|allowed| allowed > denied) {
            continue;
        }
        limit.categories.insert(*category);
        for rule in rules.iter().filter(speaks).filter(|rule| rule.deny && rule.nearness == denied) {
            if !limit.consents.iter().any(|id| id == rule.id) {
                limit.consents.push(rule.id.to_owned());
            }
        }
    }
    limit
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
