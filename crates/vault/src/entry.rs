//! What the log says of one ask: drafted here, sealed under the audit key of the
//! person concerned, and committed field by field in the tree's leaf.

use std::borrow::Cow;

use tacebo_policy::Action;
use tacebo_seal::SubjectNo;

use crate::asker::Asker;
use crate::decide::Leave;
use crate::disclosed::VaultFault;

/// How an ask ended, as written into the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Data was disclosed or changed.
    Done,
    /// Policy said no.
    Refused,
    /// No such thing, or none the asker may know of.
    NotFound,
    /// A precondition or the content was wrong.
    Failed,
}

impl Outcome {
    /// The word in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::NotFound => "not-found",
            Self::Failed => "failed",
        }
    }
}

/// Coarse class of an entry: the only thing besides time that a mirror of the log can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Class {
    Disclosure = 1,
    Change = 2,
    Refusal = 3,
    House = 4,
}

/// The names of the committed fields, in the order they are committed.
pub mod field {
    /// Account that asked.
    pub const ACTOR: &str = "actor";
    /// Roles of the account, comma separated.
    pub const ROLES: &str = "roles";
    /// Department of the account.
    pub const DEPARTMENT: &str = "department";
    /// Purpose of use.
    pub const PURPOSE: &str = "purpose";
    /// Action.
    pub const ACTION: &str = "action";
    /// Further actions on the way to the same answer, comma separated: a look-up before a write.
    pub const ALSO: &str = "also";
    /// Outcome.
    pub const OUTCOME: &str = "outcome";
    /// Patient concerned.
    pub const PATIENT: &str = "patient";
    /// Items, each `Kind/id/_history/version`, space separated.
    pub const ITEMS: &str = "items";
    /// How many items.
    pub const COUNT: &str = "count";
    /// SHA-256 of the sealed bodies written, hex, space separated.
    pub const DIGESTS: &str = "digests";
    /// Ids of the policies that decided.
    pub const POLICIES: &str = "policies";
    /// What the permit rested on: `Encounter/1`, `ticket/9`.
    pub const EVIDENCE: &str = "evidence";
    /// Masks applied.
    pub const MASKS: &str = "masks";
    /// Door.
    pub const DOOR: &str = "door";
    /// Peer address.
    pub const ADDRESS: &str = "address";
    /// Request id.
    pub const REQUEST: &str = "request";
    /// Free detail: reason given, event name.
    pub const DETAIL: &str = "detail";
    /// What a destruction took out, by internal numbers: for whoever restores an older copy.
    pub const GONE: &str = "gone";

    /// How a sealed entry names a field: by its place here. Never reordered, only added to.
    const CODES: [&str; 19] = [
        ACTOR, ROLES, DEPARTMENT, PURPOSE, ACTION, ALSO, OUTCOME, PATIENT, ITEMS, COUNT, DIGESTS, POLICIES, EVIDENCE,
        MASKS, DOOR, ADDRESS, REQUEST, DETAIL, GONE,
    ];

    pub(crate) fn code(name: &str) -> Option<u8> {
        CODES.iter().position(|known| *known == name)?.try_into().ok()
    }

    pub(crate) fn of_code(code: u8) -> Option<&'static str> {
        CODES.get(usize::from(code)).copied()
    }
}

/// Items named in one entry at most; the count and a digest of all stand beside them.
pub(crate) const MAX_ITEMS: usize = 200;

/// One entry about to be committed.
#[derive(Clone)]
pub(crate) struct Draft {
    pub subject: Option<SubjectNo>,
    pub actor: u64,
    pub class: Class,
    pub fields: Vec<(&'static str, Cow<'static, str>)>,
}

/// What an entry's seal holds: the salt of its commitments, and the fields.
#[derive(Clone)]
pub(crate) struct EntryBody {
    pub salt: [u8; 32],
    pub fields: Vec<(&'static str, String)>,
}

const ENTRY_V1: u8 = 1;

/// The plain bytes of an entry's seal.
pub(crate) fn encode(salt: &[u8; 32], draft: &Draft) -> Result<Vec<u8>, VaultFault> {
    let unknown = VaultFault::Decode("a field without a code");
    let fields: Option<Vec<(u8, &str)>> =
        draft.fields.iter().map(|(name, value)| Some((field::code(name)?, &**value))).collect();
    let mut out = Vec::with_capacity(512);
    out.push(ENTRY_V1);
    postcard::to_extend(&(salt, fields.ok_or(unknown)?), out).map_err(|_| VaultFault::Decode("entry"))
}

impl EntryBody {
    /// The value of a field, empty when absent.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, VaultFault> {
        let Some((&ENTRY_V1, rest)) = bytes.split_first() else {
            return Err(VaultFault::Decode("entry version"));
        };
        let (salt, coded): ([u8; 32], Vec<(u8, String)>) =
            postcard::from_bytes(rest).map_err(|_| VaultFault::Decode("entry"))?;
        let named = |(code, value)| Some((field::of_code(code)?, value));
        let fields: Option<Vec<_>> = coded.into_iter().map(named).collect();
        Ok(Self { salt, fields: fields.ok_or(VaultFault::Decode("entry field"))? })
    }
}

impl Draft {
    /// An entry of `asker`'s ask with this outcome; nobody concerned yet.
    pub(crate) fn new(asker: &Asker, action: Action, outcome: Outcome, class: Class) -> Self {
        let mut draft = Self { subject: None, actor: asker.who.number, class, fields: Vec::with_capacity(17) };
        draft.put(field::ACTOR, asker.who.account.clone());
        draft.put(field::ROLES, list(asker.who.roles.iter().map(|role| role.code())));
        if let Some(department) = &asker.who.department {
            draft.put(field::DEPARTMENT, department.clone());
        }
        draft.put(field::PURPOSE, asker.why.code());
        draft.put(field::ACTION, action.code());
        draft.put(field::OUTCOME, outcome.as_str());
        draft.put(field::DOOR, asker.origin.door.as_str());
        if let Some(address) = asker.origin.address {
            draft.put(field::ADDRESS, address.to_string());
        }
        draft.put(field::REQUEST, asker.request.to_string());
        draft
    }

    pub(crate) fn put(&mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> &mut Self {
        self.fields.push((name, value.into()));
        self
    }

    /// Names the patient concerned; the entry is sealed under that person's audit key.
    pub(crate) fn of(mut self, subject: Option<SubjectNo>, patient: Option<&str>) -> Self {
        self.subject = subject;
        if let Some(patient) = patient {
            self.put(field::PATIENT, patient.to_owned());
        }
        self
    }

    /// Names the items: `Kind/id/_history/version`.
    pub(crate) fn items<'a>(mut self, items: impl ExactSizeIterator<Item = (&'a str, &'a str, u64)>) -> Self {
        use std::fmt::Write as _;
        let count = items.len();
        let mut text = String::with_capacity(count.min(MAX_ITEMS) * 72);
        for (kind, id, version) in items.take(MAX_ITEMS) {
            if !text.is_empty() {
                text.push(' ');
            }
            // Writing to a String cannot fail.
            let _ = write!(text, "{kind}/{id}/_history/{version}");
        }
        self.put(field::ITEMS, text);
        self.put(field::COUNT, count.to_string());
        self
    }

    /// Says what the permit rested on.
    pub(crate) fn by(mut self, leave: &Leave) -> Self {
        let mut policies: Vec<&str> =
            leave.0.iter().flat_map(tacebo_policy::Permit::policies).map(String::as_str).collect();
        policies.dedup();
        self.put(field::POLICIES, policies.join(","));
        let evidence: Vec<String> =
            leave.0.iter().flat_map(|permit| permit.why().args).map(|(_, value)| value).collect();
        if !evidence.is_empty() {
            self.put(field::EVIDENCE, evidence.join(" "));
        }
        let masks = leave.masks();
        if !masks.is_empty() {
            self.put(field::MASKS, list(masks.iter().map(tacebo_policy::Mask::code)));
        }
        self
    }
}

/// Codes, comma separated; mostly there is one.
fn list(mut codes: impl Iterator<Item = &'static str>) -> Cow<'static, str> {
    let first = Cow::Borrowed(codes.next().unwrap_or_default());
    codes.fold(first, |list, code| format!("{list},{code}").into())
}
