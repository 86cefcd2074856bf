//! The pages of the staff.

use tacebo_server::pages::{
    Choice, Field, FieldError, Flag, FlagKind, Flash, FlashKind, Html, Nav, Pager, Purpose, Relation, Role,
    accounts::{AccountState, Once},
    desk::{Desk, DeskAccount, DeskGuardian, DeskPast, GuardianForm, Sheet},
    doctor::{AccessBar, FindPatient, FoundRow, Limit, MyItem, MyPatients, PatientHead, Record, Why},
    emergency::{Declare, Reason},
    login::{Enrol, LogIn, LogInCode, LogInFault, NewPassword},
    message::{Colleague, Message, MessageKind, Refusal},
    reception::{Consent, ConsentItem, ConsentPast, Counter, Notice, Register},
    shell::RunningEmergency,
};

use crate::{Page, data::Data, duty, page};

pub(crate) fn pages(d: &Data) -> Vec<Page> {
    let mut all = doors(d);
    all.extend(doctor(d));
    all.extend(reception(d));
    all.extend(duty::privacy(d));
    all.extend(duty::audit(d));
    all.extend(duty::administration(d));
    all
}

fn doors(d: &Data) -> Vec<Page> {
    let mut out = vec![
        page("log-in", &LogIn { shell: d.plain(), name: Field::of(""), fault: None, next: "/".into() }),
        page(
            "log-in-fault",
            &LogIn { shell: d.plain(), name: Field::of("chenli"), fault: Some(LogInFault::NotRight), next: "/".into() },
        ),
        page(
            "log-in-code",
            &LogInCode { shell: d.plain(), fault: Some(LogInFault::TooMany { minutes: 15 }), next: "/".into() },
        ),
        page(
            "log-in-enrol",
            &Enrol {
                shell: d.plain(),
                qr: Html::qr_code("otpauth://totp/Sample:chenli?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Sample"),
                secret: "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP".into(),
                code: Data::empty().wrong(FieldError::WrongCode),
                next: "/".into(),
            },
        ),
        page(
            "log-in-password",
            &NewPassword {
                shell: d.plain(),
                new: Data::empty().wrong(FieldError::WeakPassword),
                again: Data::empty(),
                next: "/".into(),
            },
        ),
    ];
    for (name, kind) in [
        ("message-not-found", MessageKind::NotFound),
        ("message-not-for-you", MessageKind::NotForYou),
        ("message-unavailable", MessageKind::Unavailable),
        ("message-noted", MessageKind::Noted),
    ] {
        out.push(page(
            name,
            &Message {
                shell: d.doctor(None),
                kind,
                detail: None,
                reference: Some("7F3A-19C2".into()),
                back: "/".into(),
            },
        ));
    }
    out
}

fn doctor(d: &Data) -> Vec<Page> {
    let mut shell = d.doctor(Some(Nav::MyPatients));
    shell.flashes.push(Flash {
        kind: FlashKind::Done,
        text: d.s("紧急访问已结束，感谢说明事由。", "The emergency access has ended. Thank you for the reason."),
    });
    let items = vec![
        MyItem {
            title: d.s("说明昨日紧急访问的事由", "Tell more about yesterday's emergency access"),
            due: Some(d.at(4)),
            href: "#".into(),
        },
        MyItem {
            title: d.s("阅读新版隐私政策（2 分钟）", "Read the new privacy policy (2 min)"),
            due: Some(d.at(70)),
            href: "#".into(),
        },
        MyItem {
            title: d.s("更正一份已签发报告", "Correct a report you signed"),
            due: Some(d.at(-2)),
            href: "#".into(),
        },
    ];
    let bar =
        AccessBar { current: 32, research: vec![], training_until: Some("2027-03-12".into()), training_over: false };
    let mut emergency = d.doctor(Some(Nav::MyPatients));
    emergency.emergencies.push(RunningEmergency {
        ticket: "BG-2026-0007".into(),
        patient: d.s("赵建军", "Zhao Jianjun"),
        href: "#".into(),
        until: d.at(1),
    });
    emergency.receipt = Some("sample-hospital.example/log #12904".into());
    let record = |shell, emergency: bool| Record {
        shell,
        patient: PatientHead {
            id: "p-1001".into(),
            name: d.s("王秀兰", "Wang Xiulan"),
            sex: d.s("女", "female"),
            age: d.s("67 岁", "67 y"),
            born: "1958-07-19".into(),
            number: "MR-00100123".into(),
            resident_id: Some("110101********1228".into()),
            phone: Some("138****5621".into()),
            allergies: vec![d.s("青霉素", "penicillin")],
        },
        why: if emergency {
            Why { relation: Relation::Emergency, about: None, purpose: Purpose::Emergency, until: Some(d.at(1)) }
        } else {
            Why {
                relation: Relation::Encounter,
                about: Some(d.s("住院 · 心内科 · 2026-03-02 起", "inpatient, Cardiology, since 2026-03-02")),
                purpose: Purpose::Treatment,
                until: None,
            }
        },
        flags: vec![Flag { kind: FlagKind::Limited, detail: None }],
        limits: vec![Limit { what: d.s("精神科", "Psychiatry"), since: Some(d.at(-900)) }],
        kept_back: vec![d.s("2 份受限文书", "2 restricted documents")],
        problems: d.problems(),
        medications: d.medications(),
        labs: d.labs(),
        visits: d.visits(),
        pager: Pager { earlier: None, later: Some("#".into()), from: 1, to: 3, total: Some(9) },
    };
    let mut seen = d.doctor(Some(Nav::MyPatients));
    seen.receipt = Some("sample-hospital.example/log #12905".into());
    let found = vec![
        FoundRow {
            id: "p-1001".into(),
            name: d.s("王秀兰", "Wang Xiulan"),
            sex: d.s("女", "female"),
            born: "1958-07-19".into(),
            number: "MR-00100123".into(),
            relation: Some(Relation::Encounter),
        },
        FoundRow {
            id: "p-2001".into(),
            name: d.s("王*", "W*"),
            sex: d.s("男", "male"),
            born: "1990".into(),
            number: "MR-****0415".into(),
            relation: None,
        },
    ];
    vec![
        page("doctor-patients", &MyPatients { shell, bar: bar.clone(), patients: d.rows(), items, pager: Pager { earlier: None, later: Some("#".into()), from: 1, to: 7, total: Some(32) } }),
        page("doctor-patients-empty", &MyPatients { shell: d.doctor(Some(Nav::MyPatients)), bar: AccessBar { training_over: true, training_until: Some("2026-03-01".into()), ..AccessBar::default() }, patients: vec![], items: vec![], pager: Pager::whole(0) }),
        page("doctor-find", &FindPatient { shell: d.doctor(Some(Nav::FindPatient)), query: String::new(), found: None, more: false }),
        page("doctor-found", &FindPatient { shell: d.doctor(Some(Nav::FindPatient)), query: d.s("王", "wang"), found: Some(found), more: true }),
        page("doctor-found-nobody", &FindPatient { shell: d.doctor(Some(Nav::FindPatient)), query: "xyz".into(), found: Some(vec![]), more: false }),
        page("doctor-record", &record(seen, false)),
        page("doctor-record-emergency", &record(emergency, true)),
        page(
            "refusal",
            &Refusal {
                shell: d.doctor(Some(Nav::FindPatient)),
                sentence: d.s("您与该患者目前没有诊疗关系（无就诊、团队或预约），因此不能打开其病历。", "There is no encounter, care team or appointment between you and this patient now, so the record stays closed."),
                patient: "p-2001".into(),
                ask: vec![
                    Colleague { name: d.s("总值班", "House officer on duty"), role: d.s("值班医师", "on call"), department: d.s("医务处", "Medical office"), contact: Some("8001".into()) },
                    Colleague { name: d.s("患者服务中心", "Patient desk"), role: d.s("可转接主管病区", "connects to the ward"), department: d.s("门诊部", "Outpatients"), contact: Some("8120".into()) },
                ],
                may_request: true,
                request: Data::empty(),
                may_declare_emergency: true,
            },
        ),
        page(
            "emergency",
            &Declare {
                shell: d.doctor(None),
                patient: "p-2001".into(),
                reason: Some(Reason::Unconscious),
                reason_missing: false,
                text: Field::of("").wrong(FieldError::TooShort(10)),
                minutes: [("30", true), ("60", false), ("120", false), ("240", false)]
                    .map(|(m, chosen)| Choice { code: m.into(), label: d.s(&format!("{m} 分钟"), &format!("{m} min")), chosen })
                    .into(),
                code: Data::empty(),
            },
        ),
    ]
}

fn reception(d: &Data) -> Vec<Page> {
    let shell = |here| d.shell(Role::Receptionist, ("林晓", "Lin Xiao"), Some(("门诊部", "Outpatients")), Some(here));
    let sex = |chosen: &str| {
        [
            ("female", "女", "Female"),
            ("male", "男", "Male"),
            ("other", "其他", "Other"),
            ("unknown", "未知", "Not known"),
        ]
        .map(|(code, zh, en)| Choice { code: code.into(), label: d.s(zh, en), chosen: code == chosen })
        .to_vec()
    };
    let item = |code: &str, title: (&str, &str), effect: (&str, &str), needed, answer| ConsentItem {
        code: code.into(),
        title: d.s(title.0, title.1),
        effect: d.s(effect.0, effect.1),
        needed,
        answer,
        missing: !needed && answer.is_none(),
    };
    let choice = |code: &str, zh, en| Choice { code: code.into(), label: d.s(zh, en), chosen: false };
    let account = |state| DeskAccount { user: "m7******".into(), state, last: Some(d.at(-900)) };
    let desk = |own: bool| Desk {
        shell: shell(Nav::Counter),
        patient: d.counter().remove(1),
        own: own.then(|| account(AccountState::Active)),
        guardians: vec![
            DeskGuardian {
                id: "g1".into(),
                name: d.s("陈*", "C***"),
                phone: "138****8000".into(),
                until: None,
                active: true,
                account: Some(account(AccountState::New)),
            },
            DeskGuardian {
                id: "g2".into(),
                name: d.s("周*", "Z***"),
                phone: "139****9000".into(),
                until: Some("2026-01-31".into()),
                active: false,
                account: None,
            },
        ],
        child: !own,
        of_age: own,
        documents: vec![choice("resident-card", "居民身份证", "Resident identity card")],
        unchecked: !own,
        otherwise: false,
        form: GuardianForm {
            name: if own { Data::empty() } else { Data::empty().wrong(FieldError::Required) },
            relationship: vec![choice("MTH", "母亲", "Mother")],
            proof: vec![choice("household-register", "户口簿", "Household register")],
            missing: !own,
            ..GuardianForm::default()
        },
        past: vec![DeskPast {
            when: d.at(-900),
            what: d.s("已开通账户", "Account opened"),
            seen: vec![d.s("居民身份证", "Resident identity card")],
            by: d.s("肖雨桐", "Xiao Yutong"),
        }],
    };
    let sheet = Sheet {
        shell: shell(Nav::Counter),
        patient: d.counter().remove(1),
        guardian: Some(d.s("陈月", "Chen Yue")),
        address: "https://hospital.example/login".into(),
        user: "m7kq-x2vd".into(),
        once: Once {
            password: Some("wxyz-wxyz-wxyz-wxyz".into()),
            qr: Html::qr_code("otpauth://totp/Sample:m7kq?secret=JBSWY3DPEHPK3PXP"),
            secret: Some("JBSW Y3DP EHPK 3PXP".into()),
        },
    };
    let mut queue = d.counter();
    queue.reverse();
    let register = |fill: bool| Register {
        shell: shell(Nav::Register),
        name: if fill { Field::of(d.s("王小明", "Wang Xiaoming")) } else { Data::empty() },
        sex: sex(if fill { "male" } else { "" }),
        sex_missing: false,
        born: if fill { Field::of("1990-04-15") } else { Data::empty() },
        id_number: if fill { Field::of("320106199004150412").wrong(FieldError::NotAResidentId) } else { Data::empty() },
        phone: if fill { Field::of("1390000").wrong(FieldError::NotAPhone) } else { Data::empty() },
        address: Data::empty(),
        insurance: Data::empty(),
        contact_name: Data::empty(),
        contact_phone: Data::empty(),
        email: Data::empty(),
        twins: if fill { d.counter().into_iter().skip(1).take(1).collect() } else { vec![] },
    };
    vec![
        page("reception", &Counter { shell: shell(Nav::Counter), query: String::new(), found: None, more: false, queue: queue.clone() }),
        page("reception-found", &Counter { shell: shell(Nav::Counter), query: d.s("王", "wang"), found: Some(d.counter()), more: false, queue: vec![] }),
        page("reception-found-nobody", &Counter { shell: shell(Nav::Counter), query: "x".into(), found: Some(vec![]), more: false, queue }),
        page("reception-register", &register(false)),
        page("reception-register-faults", &register(true)),
        page("reception-portal", &desk(true)),
        page("reception-portal-faults", &desk(false)),
        page("reception-portal-sheet", &sheet),
        page(
            "reception-consent",
            &Consent {
                shell: shell(Nav::Counter),
                patient: d.counter().remove(1),
                notice: Notice {
                    title: d.s("个人信息处理告知书", "Notice on the use of personal information"),
                    version: "2026-02".into(),
                    since: "2026-02-01".into(),
                    paragraphs: vec![
                        d.s("为向您提供诊疗服务，本院收集并使用您的身份信息、联系方式以及诊疗过程中产生的健康信息。", "To treat you, this hospital collects and uses your identity, contact details and the health information that arises from your treatment."),
                        d.s("上述信息仅由参与您诊疗的人员查看。每一次查看都会留痕，您可以随时在“我的信息”中看到。", "Only people who take part in your treatment look at it. Each look is logged, and you can see it at any time under “My data”."),
                        d.s("门（急）诊病历保存不少于 15 年，住院病历不少于 30 年。", "Outpatient records are kept for at least 15 years, inpatient records for at least 30 years."),
                        d.s("您有权查阅、复制、更正您的信息，有权限制科室查看，也有权随时改变以下选择。", "You may read, copy and correct your information, limit departments, and change the choices below at any time."),
                    ],
                    digest: Data::hash(4),
                },
                items: vec![
                    item("treatment", ("为诊疗使用我的健康信息", "Use of my health information for treatment"), ("诊疗所必需，法律允许无需单独同意。", "Needed to treat you; the law asks for no separate consent."), true, None),
                    item("research", ("将去标识信息用于院内科研", "Use of de-identified data for research in this hospital"), ("不同意不影响诊疗。", "Declining changes nothing in your treatment."), false, Some(false)),
                    item("followup", ("出院后电话随访", "A call after discharge"), ("不同意则不再致电。", "If you decline, nobody calls."), false, None),
                ],
                method: "screen".into(),
                by_guardian: false,
                guardian: Data::empty(),
                given_on: Field::of("2026-03-11"),
                past: vec![ConsentPast { when: d.at(-9000), version: "2025-01".into(), since: "2025-01-01".into(), given_on: "2025-02-03".into(), guardian: None, method: d.s("纸质阅读", "read on paper"), agreed: vec![d.s("随访", "call")], declined: vec![d.s("科研", "research")] }],
            },
        ),
    ]
}
