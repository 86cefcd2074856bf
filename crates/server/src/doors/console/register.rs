//! Registration: few fields, each checked, each with its purpose.

use http::StatusCode;
use jiff::civil::Date;
use serde_json::{Value, json};
use tacebo_fhir::values::text::phone as digits_of;
use tacebo_vault::Look;
use tacebo_vault::policy::Purpose;
use uuid::Uuid;

use super::doctor::{found, query_value};
use super::reception::rows;
use crate::doors::clinical::{RECORD_SYSTEM, RESIDENT_SYSTEM, text};
use crate::doors::faces::Blank;
use crate::doors::session::{Halt, Inside};
use crate::http::{Open, Reply};
use crate::pages::reception::{CounterRow, Register};
use crate::pages::{Choice, Field, FieldError, Nav, Shell, url};

/// The form as it was typed, with what is wrong.
struct Typed {
    name: Field,
    sex: String,
    born: Field,
    id_number: Field,
    phone: Field,
    address: Field,
    insurance: Field,
    contact_name: Field,
    contact_phone: Field,
    email: Field,
    anyway: bool,
}

impl Typed {
    fn empty() -> Self {
        let field = Field::default;
        Self {
            name: field(),
            sex: String::new(),
            born: field(),
            id_number: field(),
            phone: field(),
            address: field(),
            insurance: field(),
            contact_name: field(),
            contact_phone: field(),
            email: field(),
            anyway: false,
        }
    }

    fn read(inside: &Inside, shell: &Shell) -> Self {
        let form = inside.incoming.form();
        let field = |name: &str| Field::of(form.get(name));
        let optional = |name: &str, most: u32| {
            let field = field(name);
            if field.value.chars().count() > most as usize { field.wrong(FieldError::TooLong(most)) } else { field }
        };
        let today = shell.now.to_zoned(shell.zone.clone()).date();
        let name = match field("name") {
            field if field.value.is_empty() => field.wrong(FieldError::Required),
            field if field.value.chars().count() > 60 => field.wrong(FieldError::TooLong(60)),
            field => field,
        };
        let born_on = day(form.get("born"), today);
        let born = match (field("born"), born_on) {
            (field, _) if field.value.is_empty() => field.wrong(FieldError::Required),
            (field, None) => field.wrong(FieldError::NotADate),
            (field, Some(_)) => field,
        };
        let number = form.get("id_number").to_uppercase();
        let id_number = match (Field::of(number.as_str()), resident_day(&number, today)) {
            (field, _) if field.value.is_empty() => field.wrong(FieldError::Required),
            (field, None) => field.wrong(FieldError::NotAResidentId),
            // COL-03: what says the same thing twice must say the same.
            (field, Some(on)) if born_on.is_some_and(|born| born != on) => {
                field.wrong(FieldError::Said(shell.t().born_not_as_id()))
            }
            (field, Some(_)) => field,
        };
        let phone = match field("phone") {
            field if field.value.is_empty() => field.wrong(FieldError::Required),
            field if !is_phone(&field.value) => field.wrong(FieldError::NotAPhone),
            field => field,
        };
        let contact_phone = match field("contact_phone") {
            field if !field.value.is_empty() && !is_phone(&field.value) => field.wrong(FieldError::NotAPhone),
            field => field,
        };
        let email = match optional("email", 100) {
            field if !field.value.is_empty() && !field.value.contains('@') => field.wrong(FieldError::NotAChoice),
            field => field,
        };
        let sex = ["male", "female", "other", "unknown"].into_iter().find(|code| *code == form.get("sex"));
        Self {
            name,
            sex: sex.unwrap_or_default().to_owned(),
            born,
            id_number,
            phone,
            address: optional("address", 200),
            insurance: optional("insurance", 40),
            contact_name: optional("contact_name", 60),
            contact_phone,
            email,
            anyway: form.get("anyway") == "yes",
        }
    }

    fn is_good(&self) -> bool {
        let fields = [
            &self.name,
            &self.born,
            &self.id_number,
            &self.phone,
            &self.address,
            &self.insurance,
            &self.contact_name,
            &self.contact_phone,
            &self.email,
        ];
        !self.sex.is_empty() && fields.iter().all(|field| !field.is_wrong())
    }

    fn view(self, shell: Shell, sent: bool) -> Register {
        let t = shell.t();
        let sex = [("male", t.sex_male()), ("female", t.sex_female()), ("other", t.sex_other())]
            .map(|(code, label)| Choice { code: code.into(), label, chosen: self.sex == code });
        Register {
            name: self.name,
            sex: sex.into(),
            sex_missing: sent && self.sex.is_empty(),
            born: self.born,
            id_number: self.id_number,
            phone: self.phone,
            address: self.address,
            insurance: self.insurance,
            contact_name: self.contact_name,
            contact_phone: self.contact_phone,
            email: self.email,
            twins: Vec::new(),
            shell,
        }
    }

    /// The person as a FHIR Patient.
    fn patient(&self) -> Value {
        let typed = |code: &str, words: &str| json!({"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": code}], "text": words});
        let record = format!("R{:010}", Uuid::new_v4().as_u128() % 10_000_000_000);
        let mut identifiers = vec![
            json!({"use": "official", "type": typed("NI", "居民身份证"), "system": RESIDENT_SYSTEM, "value": self.id_number.value}),
            json!({"use": "usual", "type": typed("MR", "病案号"), "system": RECORD_SYSTEM, "value": record}),
        ];
        if !self.insurance.value.is_empty() {
            identifiers.push(json!({"type": typed("HC", "医保号"), "value": self.insurance.value}));
        }
        let mut telecom = vec![json!({"system": "phone", "value": self.phone.value, "use": "mobile"})];
        if !self.email.value.is_empty() {
            telecom.push(json!({"system": "email", "value": self.email.value}));
        }
        let mut patient = json!({
            "resourceType": "Patient",
            "identifier": identifiers,
            "active": true,
            "name": [{"use": "official", "text": self.name.value}],
            "telecom": telecom,
            "gender": self.sex,
            "birthDate": self.born.value,
        });
        let mut put = |key: &str, value: Value| {
            if let Some(patient) = patient.as_object_mut() {
                patient.insert(key.into(), value);
            }
        };
        if !self.address.value.is_empty() {
            put("address", json!([{"use": "home", "text": self.address.value}]));
        }
        if !self.contact_name.value.is_empty() {
            let mut contact = json!({
                "relationship": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0131", "code": "C"}]}],
                "name": {"text": self.contact_name.value},
            });
            if let (false, Some(contact)) = (self.contact_phone.value.is_empty(), contact.as_object_mut()) {
                contact.insert("telecom".into(), json!([{"system": "phone", "value": self.contact_phone.value}]));
            }
            put("contact", json!([contact]));
        }
        patient
    }
}

/// A birth date that can be.
fn day(typed: &str, today: Date) -> Option<Date> {
    typed.parse::<Date>().ok().filter(|day| *day <= today && day.year() >= 1900)
}

/// The birth date in a resident identity number, if its check digit holds (GB 11643-1999).
fn resident_day(number: &str, today: Date) -> Option<Date> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECK: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let (body, last) = number.split_at_checked(17)?;
    if !body.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let sum: u32 = body.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let check = CHECK.get(usize::try_from(sum % 11).ok()?)?;
    if last.chars().collect::<Vec<_>>() != [*check] {
        return None;
    }
    let (year, month, date) = (body.get(6..10)?, body.get(10..12)?, body.get(12..14)?);
    day(&format!("{year}-{month}-{date}"), today)
}

pub(super) fn is_phone(typed: &str) -> bool {
    typed.chars().all(|c| c.is_ascii_digit() || "+-() ".contains(c))
        && digits_of(typed).is_some_and(|digits| (7..=12).contains(&digits.len()))
}

pub(super) async fn form(inside: &Inside) -> Reply {
    let shell = inside.shell(Some(Nav::Register)).await;
    Reply::open(StatusCode::OK, Open::page(&Blank::register(Typed::empty().view(shell, false))))
}

/// People who have the number or the telephone already, masked.
fn twins(look: &mut Look<'_>, inside: &Inside, typed: &Typed, shell: &Shell) -> Result<Vec<CounterRow>, Halt> {
    let by_number = format!("identifier={}&_count=5", query_value(&typed.id_number.value));
    let by_phone = format!("phone={}&_count=5", query_value(&typed.phone.value));
    let mut people: Vec<Value> = Vec::new();
    for query in [by_number, by_phone] {
        let answer = inside.app.fhir().search_in(look, "Patient", None, &query, false)?;
        for one in found(answer.body.as_deref()).0 {
            if !people.iter().any(|known| text(known, "/id") == text(one, "/id")) {
                people.push(one.clone());
            }
        }
    }
    let people: Vec<(&Value, Option<String>)> = people.iter().map(|one| (one, None)).collect();
    Ok(rows(look, &people, shell)?)
}

/// What became of a registration.
enum Registered {
    /// Somebody has the number or the telephone already; nothing was written.
    Twins(Vec<CounterRow>),
    /// The new person, under this id.
    Made(String),
}

pub(super) async fn register(inside: &Inside) -> Result<Reply, Halt> {
    let mut shell = inside.shell(Some(Nav::Register)).await;
    url::REGISTER.clone_into(&mut shell.path);
    let typed = Typed::read(inside, &shell);
    if !typed.is_good() {
        let view = Blank::register(typed.view(shell, true));
        return Ok(Reply::open(StatusCode::UNPROCESSABLE_ENTITY, Open::page(&view)));
    }
    // Two counters with one card at the same time make one record.
    let alone = format!("identifier={}|{}", url::segment(RESIDENT_SYSTEM), query_value(&typed.id_number.value));
    let condition = (!typed.anyway).then_some(alone.as_str());
    let patient = typed.patient();
    let asker = inside.asker(Purpose::PatientAdmin);
    let done = inside.app.vault().act(&asker, |look| {
        if !typed.anyway {
            let twins = twins(look, inside, &typed, &shell)?;
            if !twins.is_empty() {
                return Ok(Registered::Twins(twins));
            }
        }
        let found = inside.app.fhir().create_in(look, "Patient", patient.clone(), condition)?;
        Ok::<_, Halt>(Registered::Made(found.map(|found| found.name.id).unwrap_or_default()))
    });
    let done = done.await?.map(|(done, mut written)| match (done, written.pop()) {
        (Registered::Made(_), Some(written)) => Registered::Made(written.name.id),
        (done, _) => done,
    });
    if let Registered::Made(id) = done.value() {
        let to = format!("{}?done=registered", url::consent(id));
        return Ok(Reply::see_other(&to).receipts(done.receipts()));
    }
    Ok(Reply::page(
        StatusCode::CONFLICT,
        done.map(|done| {
            let twins = if let Registered::Twins(twins) = done { twins } else { Vec::new() };
            Register { twins, ..typed.view(shell, true) }
        }),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> Date {
        jiff::civil::date(2026, 11, 22)
    }

    #[test]
    fn col_03_a_resident_id_is_good_with_its_check_digit_and_its_day() {
        assert_eq!(resident_day("11010519491231002X", today()), Some(jiff::civil::date(1949, 12, 31)));
        for wrong in [
            "110105194912310021",
            "11010519491231002",
            "11010519491331002X",
            "1101051949123100２X",
            "11010520991231002X",
            "",
            "居民身份证号居民身份证号居民身份证",
        ] {
            assert_eq!(resident_day(wrong, today()), None, "{wrong}");
        }
    }

    #[test]
    fn telephones_are_numbers_of_a_possible_length() {
        for good in ["13800138000", "+86 138 0013 8000", "010-65296114"] {
            assert!(is_phone(good), "{good}");
        }
        for bad in ["", "12345", "call me", "138001380001380013"] {
            assert!(!is_phone(bad), "{bad}");
        }
    }

    #[test]
    fn birth_dates_lie_between_1900_and_today() {
        assert!(day("2026-11-22", today()).is_some());
        for wrong in ["2026-11-23", "1899-12-31", "2026-02-30", "22.11.2026", ""] {
            assert_eq!(day(wrong, today()), None, "{wrong}");
        }
    }
}
