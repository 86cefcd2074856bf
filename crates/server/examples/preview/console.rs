//! The pages of the staff.

use tacebo_server::pages::{
    Choice, Field, FieldError, Flag, FlagKind, Flash, FlashKind, Html, Nav, Pager, Purpose, Relation, Role,
    account::{MyAccount, SessionRow},
    accounts::{AccountChange, AccountEdit, AccountRow, AccountState, Accounts, Once, RoleChoice},
    audit::{CommittedField, Entry, EntryRow, Log, LogFilters, LogHead, Step, Verification, Verify},
    doctor::{AccessBar, FindPatient, FoundRow, Limit, MyItem, MyPatients, PatientHead, Record, Why},
    emergency::{Declare, Reason},
    login::{Enrol, LogIn, LogInCode, LogInFault, NewPassword},
    message::{Colleague, Message, MessageKind, Refusal},
    privacy::{By, Review, ReviewOutcome, Reviews, SawRow, Shown, Task, TaskKind, Today, WhoSaw},
    reception::{Consent, ConsentItem, ConsentPast, Counter, Notice, Register},
    shell::RunningEmergency,
    system::{Check, Status},
};

use crate::{Page, data::Data, page};

const OLD_CHECKPOINT: &str = "sample-hospital.example/log\n12873\nq1m9yqUo3fW3y8xA3m5cJ6hJm0v1R0kq0b8s9w2t4uE=\n\n— sample-hospital.example/log Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
const KEY: &str = "sample-hospital.example/log+deadbeef+ATest0KeyOfTheSampleHospitalThatSignsNothingReal0AA";

pub(crate) fn pages(d: &Data) -> Vec<Page> {
    let mut all = doors(d);
    all.extend(doctor(d));
    all.extend(reception(d));
    all.extend(privacy(d));
    all.extend(audit(d));
    all.extend(administration(d));
    all
}

fn doors(d: &Data) -> Vec<Page> {
    let mut out = vec![
        page("log-in", &LogIn { shell: d.plain(), name: Field::of(""), fault: None, next: "/".into() }),
        page("log-in-fault", &LogIn { shell: d.plain(), name: Field::of("chenli"), fault: Some(LogInFault::NotRight), next: "/".into() }),
        page("log-in-code", &LogInCode { shell: d.plain(), fault: Some(LogInFault::TooMany { minutes: 15 }), next: "/".into() }),
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
        page("log-in-password", &NewPassword { shell: d.plain(), new: Data::empty().wrong(FieldError::WeakPassword), again: Data::empty(), next: "/".into() }),
    ];
    for (name, kind) in [
        ("message-not-found", MessageKind::NotFound),
        ("message-not-for-you", MessageKind::NotForYou),
        ("message-unavailable", MessageKind::Unavailable),
        ("message-noted", MessageKind::Noted),
    ] {
        out.push(page(name, &Message { shell: d.doctor(None), kind, detail: None, reference: Some("7F3A-19C2".into()), back: "/".into() }));
    }
    out
}

fn doctor(d: &Data) -> Vec<Page> {
    let mut shell = d.doctor(Some(Nav::MyPatients));
    shell.flashes.push(Flash { kind: FlashKind::Done, text: d.s("紧急访问已结束，感谢说明事由。", "The emergency access has ended. Thank you for the reason.") });
    let items = vec![
        MyItem { title: d.s("说明昨日紧急访问的事由", "Tell more about yesterday's emergency access"), due: Some(d.at(4)), href: "#".into() },
        MyItem { title: d.s("阅读新版隐私政策（2 分钟）", "Read the new privacy policy (2 min)"), due: Some(d.at(70)), href: "#".into() },
        MyItem { title: d.s("更正一份已签发报告", "Correct a report you signed"), due: Some(d.at(-2)), href: "#".into() },
    ];
    let bar = AccessBar { current: 32, research: vec![], training_until: Some("2027-03-12".into()), training_over: false };
    let mut emergency = d.doctor(Some(Nav::MyPatients));
    emergency.emergencies.push(RunningEmergency { ticket: "BG-2026-0007".into(), patient: d.s("赵建军", "Zhao Jianjun"), href: "#".into(), until: d.at(1) });
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
            Why { relation: Relation::Encounter, about: Some(d.s("住院 · 心内科 · 2026-03-02 起", "inpatient, Cardiology, since 2026-03-02")), purpose: Purpose::Treatment, until: None }
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
        FoundRow { id: "p-1001".into(), name: d.s("王秀兰", "Wang Xiulan"), sex: d.s("女", "female"), born: "1958-07-19".into(), number: "MR-00100123".into(), relation: Some(Relation::Encounter) },
        FoundRow { id: "p-2001".into(), name: d.s("王*", "W*"), sex: d.s("男", "male"), born: "1990".into(), number: "MR-****0415".into(), relation: None },
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
                needs_code: true,
                code: Data::empty(),
                review_hours: 24,
            },
        ),
    ]
}

fn reception(d: &Data) -> Vec<Page> {
    let shell = |here| d.shell(Role::Receptionist, ("林晓", "Lin Xiao"), Some(("门诊部", "Outpatients")), Some(here));
    let sex = |chosen: &str| {
        [("female", "女", "Female"), ("male", "男", "Male"), ("other", "其他", "Other"), ("unknown", "未知", "Not known")]
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
                past: vec![ConsentPast { when: d.at(-9000), version: "2025-01".into(), method: d.s("纸质阅读", "read on paper"), agreed: vec![d.s("随访", "call")], declined: vec![d.s("科研", "research")] }],
            },
        ),
    ]
}

fn privacy(d: &Data) -> Vec<Page> {
    let shell = |here| {
        let mut shell = d.shell(Role::PrivacyOfficer, ("郑宁", "Zheng Ning"), None, Some(here));
        shell.badges.push((Nav::Reviews, 3));
        shell
    };
    let task = |reference: &str, kind, zh: &str, en: &str, since, due| Task { reference: reference.into(), kind, title: d.s(zh, en), since: d.at(since), due: d.at(due), href: "#".into() };
    let waiting = vec![
        d.review("BG-2026-0005", ("刘涛", "Liu Tao"), -26, Reason::NoTeam, None),
        d.review("BG-2026-0006", ("吴倩", "Wu Qian"), -21, Reason::LifeThreatening, None),
        d.review("BG-2026-0007", ("陈立", "Chen Li"), -1, Reason::Unconscious, None),
    ];
    let done = vec![
        d.review("BG-2026-0004", ("马超", "Ma Chao"), -80, Reason::Transfer, Some(ReviewOutcome::Justified)),
        d.review("BG-2026-0003", ("刘涛", "Liu Tao"), -140, Reason::Other, Some(ReviewOutcome::WidenRules)),
        d.review("BG-2026-0002", ("高杰", "Gao Jie"), -300, Reason::Other, Some(ReviewOutcome::NotJustified)),
    ];
    let shown: Vec<_> = (0..5)
        .map(|i| Shown { at: d.at(-21), what: [d.s("检验报告", "laboratory report"), d.s("用药记录", "medications"), d.s("出院小结", "discharge summary")].into_iter().nth(i % 3).unwrap_or_default(), entry: 12_880 + i as u64 })
        .collect();
    let review = |row, reviewed: bool| Review {
        shell: shell(Nav::Reviews),
        row,
        text: d.s("患者由 120 送入，昏迷，无陪同，需了解用药史与过敏史。", "Brought in by ambulance unconscious and alone; medication and allergies needed."),
        shown: shown.clone(),
        relation_after: reviewed.then(|| d.s("急诊就诊 2026-03-10 起", "emergency encounter since 2026-03-10")),
        chosen: None,
        outcome_missing: !reviewed,
        note: if reviewed { Field::of(d.s("查看范围与事由相符。", "What was opened fits the reason.")) } else { Data::empty().wrong(FieldError::Required) },
        reviewed: reviewed.then(|| (d.s("郑宁", "Zheng Ning"), d.at(-2))),
    };
    let saw: Vec<_> = (0..9_u64)
        .map(|i| SawRow {
            entry: 12_900 - i,
            at: d.at(-3 * i64::try_from(i).unwrap_or(0)),
            actor: [d.s("陈立", "Chen Li"), d.s("何静", "He Jing"), d.s("林晓", "Lin Xiao")].into_iter().nth((i % 3) as usize).unwrap_or_default(),
            role: [d.s("医生", "Doctor"), d.s("医生", "Doctor"), d.s("前台", "Receptionist")].into_iter().nth((i % 3) as usize).unwrap_or_default(),
            department: d.s("心内科", "Cardiology"),
            patient: d.s("王**", "W**"),
            action: d.s("查看 检验结果", "read results"),
            purpose: Data::purpose(i),
            outcome: Data::outcome(i),
        })
        .collect();
    let who = |by, query: &str, subject: Option<String>, rows: Vec<SawRow>| WhoSaw {
        shell: shell(Nav::WhoSaw),
        by,
        query: Field::of(query),
        bars: (!rows.is_empty()).then(|| d.by_purpose()),
        heat: (!rows.is_empty()).then(|| d.heat(("查看时段", "When"))),
        subject,
        rows,
        pager: Pager { earlier: None, later: Some("#".into()), from: 1, to: 9, total: None },
    };
    vec![
        page(
            "privacy-today",
            &Today {
                shell: shell(Nav::PrivacyToday),
                nearest: Some(d.at(-2)),
                unreviewed: 3,
                waiting: 2,
                refusals: 41,
                tasks: vec![
                    task("BG-2026-0005", TaskKind::Review, "急诊科紧急访问：主管团队联系不上", "Emergency department: no team reached", -26, -2),
                    task("BG-2026-0006", TaskKind::Review, "急诊科紧急访问：危及生命", "Emergency department: danger to life", -21, 3),
                    task("AR-2026-0112", TaskKind::AccessRequest, "肾内科申请访问一份病历", "Nephrology asks for access to one record", -5, 19),
                    task("RR-2026-0311", TaskKind::RightsRequest, "更正请求：过敏史", "Correction: allergies", -70, 290),
                ],
                by_purpose: d.by_purpose(),
                by_hour: d.heat(("本周查看时段", "When records were opened this week")),
            },
        ),
        page("privacy-today-empty", &Today { shell: d.shell(Role::PrivacyOfficer, ("郑宁", "Zheng Ning"), None, Some(Nav::PrivacyToday)), nearest: None, unreviewed: 0, waiting: 0, refusals: 0, tasks: vec![], by_purpose: Default::default(), by_hour: d.heat(("本周查看时段", "When records were opened this week")) }),
        page("privacy-reviews", &Reviews { shell: shell(Nav::Reviews), waiting: waiting.clone(), done: done.clone(), pager: Pager::whole(3) }),
        page("privacy-reviews-empty", &Reviews { shell: shell(Nav::Reviews), waiting: vec![], done: vec![], pager: Pager::whole(0) }),
        page("privacy-review", &review(d.review("BG-2026-0006", ("吴倩", "Wu Qian"), -21, Reason::LifeThreatening, None), false)),
        page("privacy-review-done", &review(d.review("BG-2026-0004", ("马超", "Ma Chao"), -80, Reason::Transfer, Some(ReviewOutcome::Justified)), true)),
        page("privacy-who-saw", &who(By::Patient, "", None, vec![])),
        page("privacy-who-saw-patient", &who(By::Patient, "MR-00100123", Some(d.s("王** · MR-00100123", "W** · MR-00100123")), saw.clone())),
        page("privacy-who-saw-staff", &who(By::Staff, "chenli", Some(d.s("陈立 · 心内科", "Chen Li, Cardiology")), saw)),
    ]
}

fn audit(d: &Data) -> Vec<Page> {
    let shell = |here| d.shell(Role::Auditor, ("方远", "Fang Yuan"), None, Some(here));
    let head = || LogHead { size: 12_906, root: Data::hash(9), signed: Some(d.at(-1)), verified: Some((d.at(-7), true)) };
    let all = |zh: &str, en: &str, others: &[(&str, &str, &str)]| {
        let mut choices = vec![Choice { code: String::new(), label: d.s(zh, en), chosen: true }];
        choices.extend(others.iter().map(|(code, zh, en)| Choice { code: (*code).into(), label: d.s(zh, en), chosen: false }));
        choices
    };
    let filters = || LogFilters {
        from: Field::of("2026-03-01"),
        to: Field::of("2026-03-11"),
        actor: Data::empty(),
        patient: Data::empty(),
        action: all("全部", "All", &[("read", "查看", "Read"), ("write", "写入", "Write"), ("search", "查找", "Search")]),
        outcome: all("全部", "All", &[("permitted", "允许", "Permitted"), ("refused", "拒绝", "Refused")]),
    };
    let rows: Vec<_> = (0..12_u64)
        .map(|i| EntryRow {
            index: 12_905 - i,
            at: d.at(-i64::try_from(i).unwrap_or(0)),
            actor: ["chenli", "hejing", "linxiao", "secadmin"].into_iter().nth((i % 4) as usize).unwrap_or_default().into(),
            role: [d.s("医生", "Doctor"), d.s("医生", "Doctor"), d.s("前台", "Receptionist"), d.s("安全管理员", "Security adm.")].into_iter().nth((i % 4) as usize).unwrap_or_default(),
            action: [d.s("查看", "Read"), d.s("写入", "Write"), d.s("查找", "Search")].into_iter().nth((i % 3) as usize).unwrap_or_default(),
            kind: [d.s("检验 ×12", "Observation ×12"), d.s("就诊", "Encounter"), d.s("患者", "Patient")].into_iter().nth((i % 3) as usize).unwrap_or_default(),
            patient: if i % 4 == 3 { String::new() } else { d.s("王**", "W**") },
            purpose: Data::purpose(i + 1),
            outcome: Data::outcome(i),
        })
        .collect();
    let field = |code: &str, zh: &str, en: &str, opened: Option<&str>, may_open| CommittedField {
        code: code.into(),
        label: d.s(zh, en),
        commitment: Data::hash(code.len() as u64 + 3),
        opened: opened.map(|v| (v.to_owned(), true)),
        may_open,
    };
    let step = |zh: &str, en: &str, held, detail: (&str, &str)| Step { what: d.s(zh, en), held, detail: d.s(detail.0, detail.1) };
    let verify = |result| Verify { shell: shell(Nav::Verify), head: head(), checkpoint: Data::empty(), result, latest_checkpoint: OLD_CHECKPOINT.into(), public_key: KEY.into() };
    let good = Verification {
        held: true,
        at: d.at(0),
        took_ms: 184,
        entries: 12_906,
        root: Data::hash(9),
        steps: vec![
            step("重算每一条目的叶哈希", "Leaf hash of every entry recomputed", Some(true), ("12 906 条", "12 906 entries")),
            step("核对存储行与承诺", "Stored rows match their commitments", Some(true), ("12 906 行", "12 906 rows")),
            step("核对树节点", "Nodes of the tree match", Some(true), ("51 块", "51 tiles")),
            step("核对检查点签名", "Signature of the checkpoint", Some(true), ("", "")),
        ],
        fault: None,
        compared: false,
    };
    let bad = Verification {
        held: false,
        fault: Some(d.s("条目 8 213 的存储行与写入时不同：其哈希与树中的叶不符。", "Entry 8 213: the stored row is not the one that was written; its hash is not the leaf in the tree.")),
        steps: vec![
            step("重算每一条目的叶哈希", "Leaf hash of every entry recomputed", Some(true), ("12 906 条", "12 906 entries")),
            step("核对存储行与承诺", "Stored rows match their commitments", Some(false), ("止于第 8 213 行", "stopped at row 8 213")),
            step("核对树节点", "Nodes of the tree match", None, ("", "")),
            step("核对检查点签名", "Signature of the checkpoint", None, ("", "")),
        ],
        ..good.clone()
    };
    vec![
        page("audit-log", &Log { shell: shell(Nav::Log), head: head(), filters: filters(), rows, pager: Pager { earlier: Some("#".into()), later: Some("#".into()), from: 51, to: 62, total: Some(12_906) } }),
        page("audit-log-empty", &Log { shell: shell(Nav::Log), head: LogHead { verified: Some((d.at(-7), false)), ..head() }, filters: filters(), rows: vec![], pager: Pager::whole(0) }),
        page(
            "audit-entry",
            &Entry {
                shell: shell(Nav::Log),
                index: 12_905,
                at: d.at(0),
                class: d.s("查看患者数据", "Read of patient data"),
                leaf: Data::hash(11),
                commitment: Data::hash(12),
                row: Data::hash(13),
                fields: vec![
                    field("actor", "人员", "Who", Some("chenli"), false),
                    field("role", "角色", "Role", Some("doctor"), false),
                    field("purpose", "目的", "Purpose", Some("TREAT"), false),
                    field("patient", "患者", "Patient", None, false),
                    field("documents", "文书", "Documents", None, true),
                    field("outcome", "结果", "Outcome", Some("permitted"), false),
                ],
                path: (20..34).map(Data::hash).collect(),
                size: 12_906,
                root: Data::hash(9),
                earlier: Some(12_904),
                later: None,
            },
        ),
        page("audit-verify", &verify(None)),
        page("audit-verify-good", &verify(Some(good))),
        page("audit-verify-bad", &verify(Some(bad))),
    ]
}

fn administration(d: &Data) -> Vec<Page> {
    let shell = || d.shell(Role::SecurityAdministrator, ("沈立", "Shen Li"), None, Some(Nav::Accounts));
    let row = |user: &str, zh: &str, en: &str, roles: &[Role], department: (&str, &str), state, factor, last| AccountRow {
        id: user.into(),
        user: user.into(),
        name: d.s(zh, en),
        roles: roles.to_vec(),
        department: d.s(department.0, department.1),
        state,
        factor,
        last,
    };
    let roles = |given: &[Role], barred: bool| Role::STAFF.map(|role| RoleChoice { role, given: given.contains(&role), barred: barred && role.is_administrator() }).to_vec();
    let edit = |id: Option<&str>, once| AccountEdit {
        shell: shell(),
        id: id.map(Into::into),
        user: Field::of(id.unwrap_or_default()),
        name: if id.is_some() { Field::of(d.s("陈立", "Chen Li")) } else { Data::empty().wrong(FieldError::Required) },
        department: Field::of(d.s("心内科", "Cardiology")),
        training_until: Field::of("2027-03-12"),
        roles: roles(if id.is_some() { &[Role::Doctor] } else { &[Role::Doctor, Role::AuditAdministrator] }, id.is_some()),
        roles_clash: id.is_none(),
        roles_missing: false,
        state: AccountState::Active,
        factor: true,
        sessions: 2,
        last: Some(d.at(-3)),
        once,
        own: false,
        changes: vec![AccountChange { at: d.at(-2000), by: d.s("沈立", "Shen Li"), what: d.s("授予角色：医生", "Role given: doctor") }],
    };
    let once = Once { password: Some("correct-horse-battery".into()), qr: Html::qr_code("otpauth://totp/Sample:chenli?secret=JBSWY3DPEHPK3PXP"), secret: Some("JBSW Y3DP EHPK 3PXP".into()) };
    let status = |broken: bool| Status {
        shell: d.shell(Role::SystemAdministrator, ("唐亮", "Tang Liang"), None, Some(Nav::System)),
        checks: vec![
            Check { what: d.s("存储可写", "Store can be written"), held: true, detail: "2 ms".into() },
            Check { what: d.s("日志可写", "Log can be written"), held: true, detail: "#12 906".into() },
            Check { what: d.s("密钥已解锁", "Keys are unlocked"), held: true, detail: d.s("世代 3", "epoch 3") },
            Check { what: d.s("磁盘余量", "Room on the disk"), held: !broken, detail: if broken { d.s("仅剩 3%，请扩容", "3% left: make room") } else { "71%".into() } },
        ],
        version: "0.1.0".into(),
        revision: Some("274845c".into()),
        started: d.at(-77),
        store_bytes: 1_482_938_122,
        free_bytes: Some(311_482_938_122),
        documents: 214_902,
        entries: 12_906,
        subjects: 1_204,
        key_epoch: 3,
        key_turned: Some(d.at(-900)),
        custodian: d.s("口令文件", "passphrase file"),
        memory_bytes: Some(98_000_000),
        requests: Some(tacebo_server::pages::chart::Line { size: tacebo_server::pages::chart::Size::Full, ..d.line(("每分钟请求数", "Requests per minute"), "", (None, None), &[12.0, 30.0, 44.0, 61.0, 58.0, 71.0, 66.0, 40.0, 52.0, 69.0, 74.0, 63.0]) }),
    };
    let session = |id: &str, this, machine: &str, address: &str, since, last| SessionRow { id: id.into(), this, machine: machine.into(), address: address.into(), since: d.at(since), last: d.at(last) };
    vec![
        page(
            "accounts",
            &Accounts {
                shell: shell(),
                query: String::new(),
                rows: vec![
                    row("chenli", "陈立", "Chen Li", &[Role::Doctor], ("心内科", "Cardiology"), AccountState::Active, true, Some(d.at(-3))),
                    row("hejing", "何静", "He Jing", &[Role::Doctor], ("内分泌科", "Endocrinology"), AccountState::Waiting, true, Some(d.at(-30))),
                    row("linxiao", "林晓", "Lin Xiao", &[Role::Receptionist], ("门诊部", "Outpatients"), AccountState::Active, true, Some(d.at(-1))),
                    row("zhengning", "郑宁", "Zheng Ning", &[Role::PrivacyOfficer], ("", ""), AccountState::Active, true, Some(d.at(-5))),
                    row("tangliang", "唐亮", "Tang Liang", &[Role::SystemAdministrator], ("信息科", "IT"), AccountState::Active, true, Some(d.at(-80))),
                    row("shenli", "沈立", "Shen Li", &[Role::SecurityAdministrator], ("信息科", "IT"), AccountState::Active, true, Some(d.at(0))),
                    row("luowen", "罗文", "Luo Wen", &[Role::AuditAdministrator], ("审计处", "Audit"), AccountState::New, false, None),
                    row("gaojie", "高杰", "Gao Jie", &[Role::Nurse, Role::Radiographer], ("放射科", "Radiology"), AccountState::Locked, true, Some(d.at(-900))),
                ],
                pager: Pager::whole(8),
            },
        ),
        page("account-new", &edit(None, None)),
        page("account-edit", &edit(Some("chenli"), None)),
        page("account-once", &edit(Some("chenli"), Some(once))),
        page("system", &status(false)),
        page("system-broken", &status(true)),
        page(
            "my-account",
            &MyAccount {
                shell: d.doctor(Some(Nav::MyAccount)),
                user: "chenli".into(),
                roles: vec![Role::Doctor],
                factor_since: Some(d.at(-4000)),
                current: Data::empty().wrong(FieldError::WrongPassword),
                new: Data::empty(),
                again: Data::empty(),
                sessions: vec![session("s1", true, "Chrome · Windows", "10.2.3.41", -3, 0), session("s2", false, "Edge · Windows", "10.2.7.12", -20, -5)],
            },
        ),
    ]
}
