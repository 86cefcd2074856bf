use proptest::prelude::*;
use serde_json::json;

use super::*;

/// What reception sees (ACC-02).
fn reception() -> MaskSet {
    MaskSet::all()
}

fn patient() -> Value {
    json!({
        "resourceType": "Patient", "id": "p1",
        "meta": {"versionId": "3", "lastUpdated": "1990-03-07T08:00:00Z", "source": "张三丰",
            "security": [{"system": "s", "code": "R", "display": "张三丰"}]},
        "text": {"status": "generated", "div": "<div>张三丰 110101199003071234</div>"},
        "contained": [{"resourceType": "RelatedPerson", "name": [{"text": "张父"}]}],
        "extension": [{"url": "http://example.org/ethnicity", "valueString": "汉族 张三丰"}],
        "identifier": [{"use": "official", "type": {"coding": [{"system": "v2", "code": "NI"}], "text": "张三丰的身份证"},
            "system": "urn:oid:2.16.840.1.113883.2.23", "value": "110101199003071234", "assigner": {"display": "张三丰"}}],
        "active": true,
        "name": [{"use": "official", "text": "张三丰", "family": "张", "given": ["三丰"], "_given": [{"id": "三丰"}]}],
        "telecom": [{"system": "phone", "value": "13812341234", "use": "mobile"}, {"system": "email", "value": "zhang@example.org"}],
        "gender": "male", "birthDate": "1990-03-07", "_birthDate": {"extension": [{"url": "t", "valueDateTime": "1990-03-07T01:02:03Z"}]},
        "address": [{"use": "home", "text": "北京市海淀区中关村大街1号", "line": ["中关村大街1号"], "city": "北京市", "district": "海淀区", "postalCode": "100080"}],
        "maritalStatus": {"text": "已婚"}, "multipleBirthInteger": 2,
        "photo": [{"contentType": "image/png", "data": "AAAA"}],
        "contact": [{"name": {"text": "李四"}, "telecom": [{"system": "phone", "value": "13900001111"}]}],
        "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "zh-CN", "display": "中文"}], "text": "张三丰说中文"}}],
        "managingOrganization": {"reference": "Organization/1", "display": "示例医院"},
        "somethingNew": {"deep": [{"x": "张三丰"}]}
    })
}

#[test]
fn acc_02_reception_sees_the_masked_patient_and_nothing_else() {
    let mut body = patient();
    let veiled = veil("Patient", &mut body, reception());
    assert_eq!(
        body,
        json!({
            "resourceType": "Patient", "id": "p1",
            "meta": {"versionId": "3", "lastUpdated": "1990-03-07T08:00:00Z",
                "security": [{"system": "s", "code": "R"},
                    {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "MASKED"}]},
            "text": {"status": "empty", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">***</div>"},
            "identifier": [{"use": "official", "system": "urn:oid:2.16.840.1.113883.2.23",
                "type": {"coding": [{"system": "v2", "code": "NI"}]}, "value": "110101********1234"}],
            "active": true,
            "name": [{"use": "official", "text": "张*"}],
            "telecom": [{"system": "phone", "use": "mobile", "value": "138****1234"}, {"system": "email", "value": "z***@***"}],
            "gender": "male", "birthDate": "1990",
            "address": [{"use": "home", "city": "北京市", "district": "海淀区", "text": "北京市海淀区****"}],
            "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "zh-CN", "display": "中文"}]}}],
            "managingOrganization": {"reference": "Organization/1", "display": "示例医院"},
        })
    );
    assert!(veiled.paths().contains(&"/name/0".to_owned()));
    assert!(veiled.paths().contains(&"/somethingNew".to_owned()));
}

#[test]
fn no_mask_changes_nothing() {
    let mut body = patient();
    assert!(veil("Patient", &mut body, MaskSet::NONE).is_clear());
    assert_eq!(body, patient());
}

#[test]
fn a_name_left_clear_stays_readable_beside_hidden_text() {
    let mut body = patient();
    let masks: MaskSet = MaskSet::all().iter().filter(|mask| *mask != Mask::Name).collect();
    veil("Patient", &mut body, masks);
    assert_eq!(body["name"], json!([{"use": "official", "text": "张三丰", "family": "张", "given": ["三丰"]}]));
    assert_eq!(body["birthDate"], "1990");
}

#[test]
fn acc_02_appointments_keep_time_and_doctor_and_lose_the_reason() {
    let mut body = json!({
        "resourceType": "Appointment", "id": "a", "status": "booked", "start": "2026-11-23T09:00:00+08:00",
        "reasonCode": [{"text": "艾滋病随访"}], "description": "复查", "serviceType": [{"text": "感染科"}],
        "participant": [
            {"actor": {"reference": "Patient/p1", "display": "张三丰"}, "status": "accepted"},
            {"actor": {"reference": "Practitioner/d", "display": "王医生"}, "status": "accepted"}]
    });
    veil("Appointment", &mut body, reception());
    assert_eq!(body["start"], "2026-11-23T09:00:00+08:00");
    assert_eq!(body["participant"][0]["actor"], json!({"reference": "Patient/p1", "display": "张*"}));
    assert_eq!(body["participant"][1]["actor"], json!({"reference": "Practitioner/d", "display": "王医生"}));
    let bytes = body.to_string();
    for gone in ["艾滋", "复查", "感染科", "张三丰"] {
        assert!(!bytes.contains(gone), "{gone}");
    }
}

#[test]
fn clinical_content_of_any_kind_goes_and_the_document_says_so() {
    let mut body = json!({
        "resourceType": "Condition", "id": "c", "clinicalStatus": {"coding": [{"system": "s", "code": "active"}]},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "B20", "display": "HIV"}]},
        "subject": {"reference": "Patient/p1", "display": "张三丰"}, "onsetDateTime": "2024-01-01", "stage": [{"summary": {"text": "III"}}]
    });
    veil("Condition", &mut body, "clinical,name".parse().unwrap());
    assert_eq!(
        body["code"],
        json!({"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]})
    );
    assert_eq!(body["subject"], json!({"reference": "Patient/p1", "display": "张*"}));
    let bytes = body.to_string();
    for gone in ["B20", "HIV", "2024", "III", "active", "张三丰"] {
        assert!(!bytes.contains(gone), "{gone}");
    }
}

#[test]
fn what_is_no_document_disappears() {
    for mut body in [json!([1, "张三"]), json!("张三"), json!(7)] {
        veil("Patient", &mut body, MaskSet::all());
        assert_eq!(body, Value::Null);
    }
}

/// A place anywhere in a patient where somebody could have typed something.
fn hide_at(body: &mut Value, place: usize, text: &str) {
    match place {
        0 => body["text"]["div"] = json!(format!("<div>{text}</div>")),
        1 => body["extension"] = json!([{"url": "u", "extension": [{"url": "v", "valueString": text}]}]),
        2 => body["contained"] = json!([{"resourceType": "Basic", "id": text, "code": {"text": text}}]),
        3 => body["_gender"] = json!({"extension": [{"url": "u", "valueString": text}]}),
        4 => body["unknownElement"] = json!({"x": [text]}),
        5 => body["communication"][0]["language"]["coding"][0]["display"] = json!(format!("x {text} y")),
        6 => body["managingOrganization"]["display"] = json!(text),
        7 => body["link"] = json!([{"other": {"reference": "Patient/2", "display": text}, "type": "seealso"}]),
        8 => body["generalPractitioner"] = json!([{"identifier": {"value": text}, "display": text}]),
        9 => body["identifier"][0]["assigner"] = json!({"display": text}),
        10 => body["address"][0]["city"] = json!(text),
        11 => body["name"][0]["suffix"] = json!([text]),
        12 => body["meta"]["tag"] = json!([{"system": "s", "code": "c", "display": text}]),
        13 => body["meta"]["profile"] = json!([text]),
        14 => body["telecom"][0]["use"] = json!(text),
        15 => body["photo"] = json!([{"title": text, "url": text}]),
        16 => body["communication"][0]["preferred"] = json!({ text: true }),
        _ => body["gender"] = json!(text),
    }
}

const HAN: &str = "[\u{4e00}-\u{9fa0}]";

proptest! {
    /// The masked original survives nowhere in the bytes of the answer.
    #[test]
    fn acc_02_the_original_is_nowhere_in_the_output(
        family in HAN, given in "[\u{4e00}-\u{9fa0}]{2}", street in "[\u{4e00}-\u{9fa0}]{4,8}[0-9]{1,3}号",
        resident in "[1-6][0-9]{16}[0-9X]", phone in "1[3-9][0-9]{9}", mail in "[a-z]{5,9}@[a-z]{4,8}\\.cn",
        year in 1930..2020i32, month in 1..=12i32, day in 1..=28i32, place in 0usize..18, which in 0usize..6,
    ) {
        let full = format!("{family}{given}");
        let born = format!("{year:04}-{month:02}-{day:02}");
        let mut body = patient();
        body["meta"]["lastUpdated"] = json!("2026-11-22T08:00:00Z");
        body["name"] = json!([{"use": "official", "text": full, "family": family, "given": [given]}]);
        body["identifier"][0]["value"] = json!(resident);
        body["telecom"] = json!([{"system": "phone", "value": phone}, {"system": "email", "value": mail}]);
        body["birthDate"] = json!(born);
        body["address"] = json!([{"text": format!("北京市海淀区{street}"), "line": [street]}]);
        let originals = [full.as_str(), &resident, &phone, &mail, &born, &street];
        hide_at(&mut body, place, originals[which]);
        veil("Patient", &mut body, MaskSet::all());
        let bytes = body.to_string();
        for original in originals {
            prop_assert!(!bytes.contains(original), "{} at {}: {}", original, place, bytes);
        }
    }

    /// Any JSON at all: no panic, and strings that nobody vouches for do not pass.
    #[test]
    fn typed_text_of_unknown_documents_does_not_pass(
        kind in prop_oneof![Just("Patient"), Just("Observation"), Just("Nonsense"), Just("Appointment"), Just("Consent")],
        body in any_json(),
    ) {
        let mut body = body;
        veil(kind, &mut body, MaskSet::all());
        prop_assert!(!body.to_string().contains("秘密"));
        let once = body.clone();
        veil(kind, &mut body, MaskSet::all());
        prop_assert_eq!(once.to_string().contains("秘密"), body.to_string().contains("秘密"));
    }

    /// A masked element keeps its JSON type, so that FHIR readers do not stumble.
    #[test]
    fn masked_elements_keep_their_json_type(masks in prop::collection::vec(0usize..Mask::ALL.len(), 1..6)) {
        let masks: MaskSet = masks.into_iter().map(|at| Mask::ALL[at]).collect();
        let mut body = patient();
        veil("Patient", &mut body, masks);
        for (key, value) in body.as_object().unwrap() {
            let before = &patient()[key];
            prop_assert!(std::mem::discriminant(before) == std::mem::discriminant(value), "{}", key);
            prop_assert!(value.as_array().is_none_or(|items| !items.is_empty()), "{}", key);
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        Just(json!("秘密文字")),
        Just(json!("token-1")),
    ];
    let key = prop_oneof![
        Just("name"),
        Just("text"),
        Just("note"),
        Just("code"),
        Just("display"),
        Just("subject"),
        Just("value"),
        Just("item"),
        Just("extension"),
        Just("valueString"),
        Just("div"),
        Just("status"),
        Just("provision"),
        Just("participant"),
        Just("reference"),
    ];
    let tree = leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|fields| {
                Value::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    });
    tree.prop_map(|mut body| {
        if let Some(object) = body.as_object_mut() {
            object.insert("resourceType".to_owned(), json!("X"));
        }
        body
    })
}
