//! The pages of those who answer for the house: privacy officer, auditor, administrators.

use tacebo_server::pages::{
    Choice, Field, FieldError, Html, Nav, Pager, Role,
    account::{MyAccount, SessionRow},
    accounts::{AccountChange, AccountEdit, AccountRow, AccountState, Accounts, Once, RoleChoice},
    audit::{
        CommittedField, Comparing, Entry, EntryRow, LastComparison, Log, LogFilters, LogHead, Step, Verification,
        Verify,
    },
    chart::Bars,
    emergency::Reason,
    privacy::{By, Review, ReviewOutcome, Reviews, SawRow, Shown, Task, TaskKind, Today, WhoSaw},
    system::{Check, Status},
};

use crate::{Page, data::Data, page};

const OLD_CHECKPOINT: &str = "sample-hospital.example/log\n12873\nq1m9yqUo3fW3y8xA3m5cJ6hJm0v1R0kq0b8s9w2t4uE=\n\n— sample-hospital.example/log Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
const KEY: &str = "sample-hospital.example/log+deadbeef+ATest0KeyOfTheSampleHospitalThatSignsNothingReal0AA";

pub(crate) fn privacy(d: &Data) -> Vec<Page> {
    let shell = |here| {
        let mut shell = d.shell(Role::PrivacyOfficer, ("郑宁", "Zheng Ning"), None, Some(here));
        shell.badges.push((Nav::Reviews, 3));
        shell
    };
    let task = |reference: &str, kind, zh: &str, en: &str, since, due| Task {
        reference: reference.into(),
        kind,
        title: d.s(zh, en),
        since: d.at(since),
        due: d.at(due),
        href: "#".into(),
    };
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
        .map(|i| Shown {
            at: d.at(-21),
            what: [
                d.s("检验报告", "laboratory report"),
                d.s("用药记录", "medications"),
                d.s("出院小结", "discharge summary"),
            ]
            .into_iter()
            .nth(i % 3)
            .unwrap_or_default(),
            entry: 12_880 + i as u64,
        })
        .collect();
    let review = |row, reviewed: bool| Review {
        shell: shell(Nav::Reviews),
        row,
        text: d.s(
            "患者由 120 送入，昏迷，无陪同，需了解用药史与过敏史。",
            "Brought in by ambulance unconscious and alone; medication and allergies needed.",
        ),
        shown: shown.clone(),
        relation_after: reviewed.then(|| d.s("急诊就诊 2026-03-10 起", "emergency encounter since 2026-03-10")),
        chosen: None,
        outcome_missing: !reviewed,
        note: if reviewed {
            Field::of(d.s("查看范围与事由相符。", "What was opened fits the reason."))
        } else {
            Data::empty().wrong(FieldError::Required)
        },
        reviewed: reviewed.then(|| (d.s("郑宁", "Zheng Ning"), d.at(-2))),
    };
    let saw: Vec<_> = (0..9_u64)
        .map(|i| SawRow {
            entry: 12_900 - i,
            at: d.at(-3 * i64::try_from(i).unwrap_or(0)),
            actor: [d.s("陈立", "Chen Li"), d.s("何静", "He Jing"), d.s("林晓", "Lin Xiao")]
                .into_iter()
                .nth((i % 3) as usize)
                .unwrap_or_default(),
            role: [d.s("医生", "Doctor"), d.s("医生", "Doctor"), d.s("前台", "Receptionist")]
                .into_iter()
                .nth((i % 3) as usize)
                .unwrap_or_default(),
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
                granted: vec![],
                tasks: vec![
                    task(
                        "BG-2026-0005",
                        TaskKind::Review,
                        "急诊科紧急访问：主管团队联系不上",
                        "Emergency department: no team reached",
                        -26,
                        -2,
                    ),
                    task(
                        "BG-2026-0006",
                        TaskKind::Review,
                        "急诊科紧急访问：危及生命",
                        "Emergency department: danger to life",
                        -21,
                        3,
                    ),
                    task(
                        "AR-2026-0112",
                        TaskKind::AccessRequest,
                        "肾内科申请访问一份病历",
                        "Nephrology asks for access to one record",
                        -5,
                        19,
                    ),
                    task(
                        "RR-2026-0311",
                        TaskKind::RightsRequest,
                        "更正请求：过敏史",
                        "Correction: allergies",
                        -70,
                        290,
                    ),
                ],
                by_purpose: d.by_purpose(),
                by_hour: d.heat(("本周查看时段", "When records were opened this week")),
            },
        ),
        page(
            "privacy-today-empty",
            &Today {
                shell: d.shell(Role::PrivacyOfficer, ("郑宁", "Zheng Ning"), None, Some(Nav::PrivacyToday)),
                nearest: None,
                unreviewed: 0,
                waiting: 0,
                refusals: 0,
                granted: vec![],
                tasks: vec![],
                by_purpose: Bars::default(),
                by_hour: d.heat(("本周查看时段", "When records were opened this week")),
            },
        ),
        page(
            "privacy-reviews",
            &Reviews {
                shell: shell(Nav::Reviews),
                waiting: waiting.clone(),
                done: done.clone(),
                pager: Pager::whole(3),
            },
        ),
        page(
            "privacy-reviews-empty",
            &Reviews { shell: shell(Nav::Reviews), waiting: vec![], done: vec![], pager: Pager::whole(0) },
        ),
        page(
            "privacy-review",
            &review(d.review("BG-2026-0006", ("吴倩", "Wu Qian"), -21, Reason::LifeThreatening, None), false),
        ),
        page(
            "privacy-review-done",
            &review(
                d.review("BG-2026-0004", ("马超", "Ma Chao"), -80, Reason::Transfer, Some(ReviewOutcome::Justified)),
                true,
            ),
        ),
        page("privacy-who-saw", &who(By::Patient, "", None, vec![])),
        page(
            "privacy-who-saw-patient",
            &who(By::Patient, "MR-00100123", Some(d.s("王** · MR-00100123", "W** · MR-00100123")), saw.clone()),
        ),
        page(
            "privacy-who-saw-staff",
            &who(By::Staff, "chenli", Some(d.s("陈立 · 心内科", "Chen Li, Cardiology")), saw),
        ),
    ]
}

pub(crate) fn audit(d: &Data) -> Vec<Page> {
    let shell = |here| d.shell(Role::Auditor, ("方远", "Fang Yuan"), None, Some(here));
    let head =
        || LogHead { size: 12_906, root: Data::hash(9), signed: Some(d.at(-1)), verified: Some((d.at(-7), true)) };
    let all = |zh: &str, en: &str, others: &[(&str, &str, &str)]| {
        let mut choices = vec![Choice { code: String::new(), label: d.s(zh, en), chosen: true }];
        choices.extend(others.iter().map(|(code, zh, en)| Choice {
            code: (*code).into(),
            label: d.s(zh, en),
            chosen: false,
        }));
        choices
    };
    let filters = || LogFilters {
        from: Field::of("2026-03-01"),
        to: Field::of("2026-03-11"),
        actor: Data::empty(),
        patient: Data::empty(),
        action: all(
            "全部",
            "All",
            &[("read", "查看", "Read"), ("write", "写入", "Write"), ("search", "查找", "Search")],
        ),
        outcome: all("全部", "All", &[("permitted", "允许", "Permitted"), ("refused", "拒绝", "Refused")]),
    };
    let rows: Vec<_> = (0..12_u64)
        .map(|i| EntryRow {
            index: 12_905 - i,
            at: d.at(-i64::try_from(i).unwrap_or(0)),
            actor: ["chenli", "hejing", "linxiao", "secadmin"]
                .into_iter()
                .nth((i % 4) as usize)
                .unwrap_or_default()
                .into(),
            role: [
                d.s("医生", "Doctor"),
                d.s("医生", "Doctor"),
                d.s("前台", "Receptionist"),
                d.s("安全管理员", "Security adm."),
            ]
            .into_iter()
            .nth((i % 4) as usize)
            .unwrap_or_default(),
            action: [d.s("查看", "Read"), d.s("写入", "Write"), d.s("查找", "Search")]
                .into_iter()
                .nth((i % 3) as usize)
                .unwrap_or_default(),
            kind: [d.s("检验 ×12", "Observation ×12"), d.s("就诊", "Encounter"), d.s("患者", "Patient")]
                .into_iter()
                .nth((i % 3) as usize)
                .unwrap_or_default(),
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
    let step = |zh: &str, en: &str, held, detail: (&str, &str)| Step {
        what: d.s(zh, en),
        held,
        detail: d.s(detail.0, detail.1),
    };
    let comparing = Comparing {
        running: None,
        last: Some(LastComparison { at: d.at(0), versions: 13_616, entries: 412, fault: None }),
    };
    let verify = |result| Verify {
        comparing: comparing.clone(),
        shell: shell(Nav::Verify),
        head: head(),
        checkpoint: Data::empty(),
        result,
        latest_checkpoint: OLD_CHECKPOINT.into(),
        public_key: KEY.into(),
    };
    let good = Verification {
        held: true,
        at: d.at(0),
        took_ms: 184,
        entries: 12_906,
        root: Data::hash(9),
        steps: vec![
            step(
                "重算每一条目的叶哈希",
                "Leaf hash of every entry recomputed",
                Some(true),
                ("12 906 条", "12 906 entries"),
            ),
            step("核对存储行与承诺", "Stored rows match their commitments", Some(true), ("12 906 行", "12 906 rows")),
            step("核对树节点", "Nodes of the tree match", Some(true), ("51 块", "51 tiles")),
            step("核对检查点签名", "Signature of the checkpoint", Some(true), ("", "")),
        ],
        fault: None,
        compared: false,
    };
    let bad = Verification {
        held: false,
        fault: Some(d.s(
            "条目 8 213 的存储行与写入时不同：其哈希与树中的叶不符。",
            "Entry 8 213: the stored row is not the one that was written; its hash is not the leaf in the tree.",
        )),
        steps: vec![
            step(
                "重算每一条目的叶哈希",
                "Leaf hash of every entry recomputed",
                Some(true),
                ("12 906 条", "12 906 entries"),
            ),
            step(
                "核对存储行与承诺",
                "Stored rows match their commitments",
                Some(false),
                ("止于第 8 213 行", "stopped at row 8 213"),
            ),
            step("核对树节点", "Nodes of the tree match", None, ("", "")),
            step("核对检查点签名", "Signature of the checkpoint", None, ("", "")),
        ],
        ..good.clone()
    };
    vec![
        page(
            "audit-log",
            &Log {
                shell: shell(Nav::Log),
                head: head(),
                filters: filters(),
                rows,
                pager: Pager {
                    earlier: Some("#".into()),
                    later: Some("#".into()),
                    from: 51,
                    to: 62,
                    total: Some(12_906),
                },
            },
        ),
        page(
            "audit-log-empty",
            &Log {
                shell: shell(Nav::Log),
                head: LogHead { verified: Some((d.at(-7), false)), ..head() },
                filters: filters(),
                rows: vec![],
                pager: Pager::whole(0),
            },
        ),
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

pub(crate) fn administration(d: &Data) -> Vec<Page> {
    let shell = || d.shell(Role::SecurityAdministrator, ("沈立", "Shen Li"), None, Some(Nav::Accounts));
    let row =
        |user: &str, zh: &str, en: &str, roles: &[Role], department: (&str, &str), state, factor, last| AccountRow {
            id: user.into(),
            user: user.into(),
            name: d.s(zh, en),
            roles: roles.to_vec(),
            department: d.s(department.0, department.1),
            state,
            factor,
            last,
        };
    let roles = |given: &[Role], barred: bool| {
        Role::STAFF
            .map(|role| RoleChoice { role, given: given.contains(&role), barred: barred && role.is_administrator() })
            .to_vec()
    };
    let edit = |id: Option<&str>, once| AccountEdit {
        shell: shell(),
        id: id.map(Into::into),
        user: Field::of(id.unwrap_or_default()),
        name: if id.is_some() {
            Field::of(d.s("陈立", "Chen Li"))
        } else {
            Data::empty().wrong(FieldError::Required)
        },
        department: Field::of(d.s("心内科", "Cardiology")),
        practitioner: Field::of("100234"),
        training_until: Field::of("2027-03-12"),
        roles: roles(
            if id.is_some() { &[Role::Doctor] } else { &[Role::Doctor, Role::AuditAdministrator] },
            id.is_some(),
        ),
        roles_clash: id.is_none(),
        roles_missing: false,
        state: AccountState::Active,
        factor: true,
        sessions: 2,
        last: Some(d.at(-3)),
        once,
        own: false,
        portal: false,
        shown: None,
        changes: vec![AccountChange {
            at: d.at(-2000),
            by: d.s("沈立", "Shen Li"),
            what: d.s("授予角色：医生", "Role given: doctor"),
        }],
    };
    let once = Once {
        password: Some("correct-horse-battery".into()),
        qr: Html::qr_code("otpauth://totp/Sample:chenli?secret=JBSWY3DPEHPK3PXP"),
        secret: Some("JBSW Y3DP EHPK 3PXP".into()),
    };
    let status = |broken: bool| Status {
        shell: d.shell(Role::SystemAdministrator, ("唐亮", "Tang Liang"), None, Some(Nav::System)),
        checks: vec![
            Check { what: d.s("存储可写", "Store can be written"), held: true, detail: "2 ms".into() },
            Check { what: d.s("日志可写", "Log can be written"), held: true, detail: "#12 906".into() },
            Check { what: d.s("密钥已解锁", "Keys are unlocked"), held: true, detail: d.s("世代 3", "epoch 3") },
            Check {
                what: d.s("磁盘余量", "Room on the disk"),
                held: !broken,
                detail: if broken { d.s("仅剩 3%，请扩容", "3% left: make room") } else { "71%".into() },
            },
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
        suite: d.s("商用密码：SM4-GCM、SM3、SM2", "SM4-GCM, SM3, SM2"),
        memory_bytes: Some(98_000_000),
        nodes: [("ward-1, process 812", true, true), ("ward-2, process 790", false, !broken)]
            .map(|(name, own, lives)| tacebo_server::pages::system::NodeLine {
                name: name.into(),
                own,
                lives,
                started: d.at(-77),
                heard: if lives { d.at(0) } else { d.at(-1) },
            })
            .into(),
        requests: Some(tacebo_server::pages::chart::Line {
            size: tacebo_server::pages::chart::Size::Full,
            ..d.line(
                ("每分钟请求数", "Requests per minute"),
                "",
                (None, None),
                &[12.0, 30.0, 44.0, 61.0, 58.0, 71.0, 66.0, 40.0, 52.0, 69.0, 74.0, 63.0],
            )
        }),
    };
    let session = |id: &str, this, machine: &str, address: &str, since, last| SessionRow {
        id: id.into(),
        this,
        machine: machine.into(),
        address: address.into(),
        since: d.at(since),
        last: d.at(last),
    };
    vec![
        page(
            "accounts",
            &Accounts {
                shell: shell(),
                query: String::new(),
                rows: vec![
                    row(
                        "chenli",
                        "陈立",
                        "Chen Li",
                        &[Role::Doctor],
                        ("心内科", "Cardiology"),
                        AccountState::Active,
                        true,
                        Some(d.at(-3)),
                    ),
                    row(
                        "hejing",
                        "何静",
                        "He Jing",
                        &[Role::Doctor],
                        ("内分泌科", "Endocrinology"),
                        AccountState::Waiting,
                        true,
                        Some(d.at(-30)),
                    ),
                    row(
                        "linxiao",
                        "林晓",
                        "Lin Xiao",
                        &[Role::Receptionist],
                        ("门诊部", "Outpatients"),
                        AccountState::Active,
                        true,
                        Some(d.at(-1)),
                    ),
                    row(
                        "zhengning",
                        "郑宁",
                        "Zheng Ning",
                        &[Role::PrivacyOfficer],
                        ("", ""),
                        AccountState::Active,
                        true,
                        Some(d.at(-5)),
                    ),
                    row(
                        "tangliang",
                        "唐亮",
                        "Tang Liang",
                        &[Role::SystemAdministrator],
                        ("信息科", "IT"),
                        AccountState::Active,
                        true,
                        Some(d.at(-80)),
                    ),
                    row(
                        "shenli",
                        "沈立",
                        "Shen Li",
                        &[Role::SecurityAdministrator],
                        ("信息科", "IT"),
                        AccountState::Active,
                        true,
                        Some(d.at(0)),
                    ),
                    row(
                        "luowen",
                        "罗文",
                        "Luo Wen",
                        &[Role::AuditAdministrator],
                        ("审计处", "Audit"),
                        AccountState::New,
                        false,
                        None,
                    ),
                    row(
                        "gaojie",
                        "高杰",
                        "Gao Jie",
                        &[Role::Nurse, Role::Radiographer],
                        ("放射科", "Radiology"),
                        AccountState::Locked,
                        true,
                        Some(d.at(-900)),
                    ),
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
                factor: true,
                current: Data::empty().wrong(FieldError::WrongPassword),
                new: Data::empty(),
                again: Data::empty(),
                sessions: vec![
                    session("s1", true, "Chrome · Windows", "10.2.3.41", -3, 0),
                    session("s2", false, "Edge · Windows", "10.2.7.12", -20, -5),
                ],
            },
        ),
    ]
}
