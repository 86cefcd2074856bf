//! The patient's pages.

use tacebo_server::pages::{
    Field, FieldError, Nav, Outcome, Pager, Purpose,
    chart::Bars,
    portal::{
        CheckProof, Choices, DepartmentChoice, Kept, Letter, Me, MyRecord, ProofResult, Seen, SeenEntry, SeenRow,
    },
};

use crate::{Page, data::Data, page};

const KEY: &str = "sample-hospital.example/log+deadbeef+ATest0KeyOfTheSampleHospitalThatSignsNothingReal0AA";

fn rows(d: &Data) -> Vec<SeenRow> {
    let row =
        |entry, hours, role: (&str, &str), department: (&str, &str), what: (&str, &str), purpose, outcome, own| {
            SeenRow {
                entry,
                at: d.at(hours),
                role: d.s(role.0, role.1),
                department: d.s(department.0, department.1),
                what: d.s(what.0, what.1),
                emergency: purpose == Purpose::Emergency,
                purpose,
                outcome,
                own,
            }
        };
    let ok = Outcome::Permitted;
    vec![
        row(
            12_905,
            -1,
            ("医生", "Doctor"),
            ("心内科", "Cardiology"),
            ("查看病历首页与检验结果", "looked at the overview and results"),
            Purpose::Treatment,
            ok,
            false,
        ),
        row(
            12_880,
            -21,
            ("医生", "Doctor"),
            ("急诊科", "Emergency department"),
            ("查看用药与过敏史", "looked at medications and allergies"),
            Purpose::Emergency,
            ok,
            false,
        ),
        row(
            12_871,
            -30,
            ("医生", "Doctor"),
            ("骨科", "Orthopaedics"),
            ("试图打开病历", "tried to open the record"),
            Purpose::Treatment,
            Outcome::Refused,
            false,
        ),
        row(
            12_790,
            -55,
            ("您", "You"),
            ("", ""),
            ("查看我的病历", "looked at the own record"),
            Purpose::PatientRequest,
            ok,
            true,
        ),
        row(
            12_702,
            -80,
            ("前台", "Receptionist"),
            ("门诊部", "Outpatients"),
            ("核对身份信息（已遮盖）", "checked identity (masked)"),
            Purpose::Operations,
            ok,
            false,
        ),
    ]
}

pub(crate) fn pages(d: &Data) -> Vec<Page> {
    let kept = |zh: &str, en: &str, count, why: (&str, &str), until: (&str, &str)| Kept {
        what: d.s(zh, en),
        count,
        why: d.s(why.0, why.1),
        until: d.s(until.0, until.1),
    };
    let department = |code: &str, zh: &str, en: &str, limited: bool, visits| DepartmentChoice {
        code: code.into(),
        name: d.s(zh, en),
        limited,
        since: limited.then(|| d.at(-900)),
        visits,
    };
    let proof = |result| CheckProof {
        shell: d.plain(),
        proof: if result {
            Field::of("c2sp.org/tlog-proof@v1\n…")
        } else {
            Field::of("abc").wrong(FieldError::NotReadable)
        },
        result: result.then(|| ProofResult {
            held: true,
            fault: None,
            fields: vec![
                (d.s("时间", "When"), "2026-03-10 13:36".into()),
                (d.s("角色", "Role"), d.s("医生 · 急诊科", "Doctor, Emergency department")),
                (d.s("目的", "Purpose"), d.s("紧急救治", "Emergency")),
            ],
            entry: Some(12_880),
        }),
        public_key: KEY.into(),
        origin: "sample-hospital.example/log".into(),
    };
    let bars = Bars {
        title: d.s("近 12 个月，按科室", "Last 12 months, by department"),
        what: d.s("科室", "Department"),
        items: vec![
            (d.s("心内科", "Cardiology"), 31),
            (d.s("内分泌科", "Endocrinology"), 12),
            (d.s("急诊科", "Emergency"), 2),
            (d.s("门诊部", "Outpatients"), 6),
        ],
    };
    let mut record = d.patient(Some(Nav::MyRecord));
    record.receipt = Some("sample-hospital.example/log #12907".into());
    vec![
        page(
            "me",
            &Me {
                shell: d.patient(Some(Nav::Me)),
                name: d.s("王秀兰", "Wang Xiulan"),
                child: None, seen_days: 30,
                kept: vec![
                    kept("身份与联系方式", "Identity and contact", 1, ("确认是您本人并与您联系", "to know it is you and to reach you"), ("与病历同期", "as long as the record")),
                    kept("门诊与住院病历", "Visits and stays", 9, ("诊疗与法定保存义务", "treatment, and the law"), ("至 2056-03", "until 2056-03")),
                    kept("检验与检查结果", "Results", 214, ("诊疗", "treatment"), ("至 2056-03", "until 2056-03")),
                ],
                seen_month: 14,
                seen: rows(d).into_iter().take(3).collect(),
                limited: 1,
                letters: vec![Letter {
                    at: d.at(-21),
                    title: d.s("您的病历曾被紧急打开", "Your record was opened in an emergency"),
                    text: d.s("昨日急诊科一名医生因救治需要打开了您的病历，正由隐私保护负责人复核。您可以查看打开了什么，并提出疑问。", "Yesterday a doctor of the emergency department opened your record to help you. The privacy officer is reviewing it. You can see what was opened and ask about it."),
                    href: Some("/me/seen/12880".into()),
                }],
            },
        ),
        page("me-empty", &Me { shell: d.patient(Some(Nav::Me)), name: d.s("王秀兰", "Wang Xiulan"), child: None, seen_days: 30, kept: vec![], seen_month: 0, seen: vec![], limited: 0, letters: vec![] }),
        page("me-seen", &Seen { shell: d.patient(Some(Nav::Seen)), rows: rows(d), bars: Some(bars), pager: Pager { earlier: None, later: Some("#".into()), from: 1, to: 5, total: Some(51) } }),
        page("me-seen-empty", &Seen { shell: d.patient(Some(Nav::Seen)), rows: vec![], bars: None, pager: Pager::whole(0) }),
        page("me-seen-entry", &SeenEntry { shell: d.patient(Some(Nav::Seen)), row: rows(d).remove(1), held: true, size: 12_906, root: Data::hash(9), public_key: KEY.into() }),
        page(
            "me-choices",
            &Choices {
                shell: d.patient(Some(Nav::Choices)),
                past: vec![],
                departments: vec![department("card", "心内科", "Cardiology", false, 3), department("endo", "内分泌科", "Endocrinology", false, 5), department("psy", "精神科", "Psychiatry", true, 1), department("orth", "骨科", "Orthopaedics", false, 0)],
            },
        ),
        page("me-choices-empty", &Choices { shell: d.patient(Some(Nav::Choices)), departments: vec![], past: vec![] }),
        page("me-record", &MyRecord { shell: record, problems: d.problems(), medications: d.medications(), labs: d.labs(), visits: d.visits() }),
        page("me-record-empty", &MyRecord { shell: d.patient(Some(Nav::MyRecord)), problems: vec![], medications: vec![], labs: vec![], visits: vec![] }),
        page("check-proof", &proof(false)),
        page("check-proof-held", &proof(true)),
    ]
}
