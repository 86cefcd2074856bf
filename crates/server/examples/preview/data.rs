//! Invented data for the pages.

use std::{error::Error, fmt::Write as _};

use jiff::{SignedDuration, Timestamp};
use tacebo_server::pages::{
    Field, Figures, Flag, FlagKind, Lang, Me, Nav, Outcome, Purpose, Relation, Role, Shell,
    chart::{Bars, Heat, Line, Point, Size},
    doctor::{Event, EventKind, Lab, Level, Medication, PatientRow, Problem, Visit},
    emergency::Reason,
    privacy::{ReviewOutcome, ReviewRow},
    reception::{CounterRow, NextStep},
};

/// A language and a moment; everything else is made from them.
pub(crate) struct Data {
    lang: Lang,
    now: Timestamp,
}

impl Data {
    pub(crate) fn new(lang: Lang) -> Result<Self, Box<dyn Error>> {
        Ok(Self { lang, now: "2026-03-11T02:36:00Z".parse()? })
    }

    /// The text of the language.
    pub(crate) fn s(&self, zh: &str, en: &str) -> String {
        match self.lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
        .to_owned()
    }

    /// Hours from now (negative: ago).
    pub(crate) fn at(&self, hours: i64) -> Timestamp {
        self.now.checked_add(SignedDuration::from_hours(hours)).unwrap_or(self.now)
    }

    pub(crate) fn plain(&self) -> Shell {
        let mut shell = Shell::new(self.lang, self.s("示例医院", "Sample Hospital"), self.now);
        shell.sample = true;
        shell.figures = Figures {
            review_hours: 24,
            answer_workdays: 1,
            complaint_days: 15,
            complaint_sure: false,
            outpatient_years: 15,
            inpatient_years: 30,
            guardian_under: 14,
            majority: 18,
        };
        shell
    }

    pub(crate) fn shell(
        &self,
        role: Role,
        name: (&str, &str),
        department: Option<(&str, &str)>,
        here: Option<Nav>,
    ) -> Shell {
        let mut shell = self.plain();
        shell.me = Some(Me {
            name: self.s(name.0, name.1),
            roles: vec![role],
            department: department.map(|d| self.s(d.0, d.1)),
        });
        shell.here = here;
        shell
    }

    pub(crate) fn doctor(&self, here: Option<Nav>) -> Shell {
        self.shell(Role::Doctor, ("陈立", "Chen Li"), Some(("心内科", "Cardiology")), here)
    }

    pub(crate) fn patient(&self, here: Option<Nav>) -> Shell {
        self.shell(Role::Patient, ("王秀兰", "Wang Xiulan"), None, here)
    }

    pub(crate) fn rows(&self) -> Vec<PatientRow> {
        let row = |id: &str,
                   name: (&str, &str),
                   sex,
                   age,
                   number: &str,
                   relation,
                   place: Option<(&str, &str)>,
                   about: (&str, &str),
                   hours,
                   flags| PatientRow {
            id: id.into(),
            name: self.s(name.0, name.1),
            sex: if sex { self.s("女", "female") } else { self.s("男", "male") },
            age: self.s(&format!("{age} 岁"), &format!("{age} y")),
            number: number.into(),
            relation,
            place: place.map(|p| self.s(p.0, p.1)),
            about: self.s(about.0, about.1),
            since: Some(self.at(hours)),
            flags,
        };
        vec![
            row(
                "p-1001",
                ("王秀兰", "Wang Xiulan"),
                true,
                67,
                "MR-00100123",
                Relation::Encounter,
                Some(("心内 3 病区 12 床", "Ward 3, bed 12")),
                ("住院 · 主管医师", "inpatient, attending"),
                -220,
                vec![],
            ),
            row(
                "p-1002",
                ("李国强", "Li Guoqiang"),
                false,
                58,
                "MR-00100456",
                Relation::Encounter,
                Some(("心内 3 病区 07 床", "Ward 3, bed 7")),
                ("住院", "inpatient"),
                -96,
                vec![Flag { kind: FlagKind::Limited, detail: Some(self.s("检验科", "Laboratory")) }],
            ),
            row(
                "p-1003",
                ("欧阳小雨", "Ouyang Xiaoyu"),
                true,
                12,
                "MR-00100789",
                Relation::CareTeam,
                None,
                ("先天性心脏病随访团队", "congenital heart follow-up"),
                -2400,
                vec![FlagKind::Minor.into()],
            ),
            row(
                "p-1004",
                ("周敏", "Zhou Min"),
                true,
                41,
                "MR-00101012",
                Relation::Appointment,
                Some(("门诊 2 诊室 10:30", "Clinic 2, 10:30")),
                ("复诊预约", "follow-up"),
                -20,
                vec![FlagKind::Colleague.into(), FlagKind::Restricted.into()],
            ),
            row(
                "p-1005",
                ("赵建军", "Zhao Jianjun"),
                false,
                73,
                "MR-00101345",
                Relation::Encounter,
                Some(("CCU 02 床", "CCU, bed 2")),
                ("住院 · 急性心肌梗死", "inpatient"),
                -9,
                vec![],
            ),
            row(
                "p-1006",
                ("𠮷田 明", "Yoshida Akira"),
                false,
                35,
                "MR-00101678",
                Relation::Appointment,
                Some(("门诊 2 诊室 11:00", "Clinic 2, 11:00")),
                ("初诊预约", "first visit"),
                -70,
                vec![FlagKind::Genetic.into()],
            ),
            row(
                "p-1007",
                ("孙丽华", "Sun Lihua"),
                true,
                62,
                "MR-00101901",
                Relation::Encounter,
                Some(("心内 3 病区 15 床", "Ward 3, bed 15")),
                ("住院", "inpatient"),
                -150,
                vec![FlagKind::Vip.into()],
            ),
        ]
    }

    pub(crate) fn counter(&self) -> Vec<CounterRow> {
        let row =
            |id: &str, name: &str, number: &str, phone: &str, sex, born: &str, next, expected: Option<(&str, &str)>| {
                CounterRow {
                    id: id.into(),
                    name: name.into(),
                    number: number.into(),
                    phone: phone.into(),
                    sex: if sex { self.s("女", "female") } else { self.s("男", "male") },
                    born: born.into(),
                    next,
                    expected: expected.map(|e| self.s(e.0, e.1)),
                }
            };
        vec![
            row(
                "p-1001",
                "王**",
                "110101********1228",
                "138****5621",
                true,
                "1958",
                NextStep::Ready,
                Some(("10:30 心内科门诊", "10:30 Cardiology")),
            ),
            row(
                "p-1008",
                "王*",
                "320106********0415",
                "139****0072",
                false,
                "1990",
                NextStep::Consent,
                Some(("11:00 骨科门诊", "11:00 Orthopaedics")),
            ),
            row("p-1009", "王*", "440305********7733", "186****9310", true, "2014", NextStep::Complete, None),
        ]
    }

    pub(crate) fn line(
        &self,
        title: (&str, &str),
        unit: &str,
        range: (Option<f64>, Option<f64>),
        values: &[f64],
    ) -> Line {
        let start = self.at(-24 * 400);
        let step = 24 * 400 / i64::try_from(values.len().max(1)).unwrap_or(1);
        let points = (1_i64..)
            .zip(values)
            .map(|(i, value)| Point {
                at: start.checked_add(SignedDuration::from_hours(i * step)).unwrap_or(start),
                value: *value,
            })
            .collect();
        Line {
            title: self.s(title.0, title.1),
            unit: unit.into(),
            points,
            low: range.0,
            high: range.1,
            size: Size::Spark,
        }
    }

    pub(crate) fn labs(&self) -> Vec<Lab> {
        let lab = |name: (&str, &str), latest: &str, unit: &str, range: &str, ends, level, values: &[f64]| Lab {
            name: self.s(name.0, name.1),
            latest: latest.into(),
            unit: unit.into(),
            range: Some(range.into()),
            level,
            when: "2026-03-09".into(),
            chart: self.line(name, unit, ends, values),
        };
        vec![
            lab(
                ("糖化血红蛋白", "HbA1c"),
                "7.4",
                "%",
                "4.0–6.0",
                (Some(4.0), Some(6.0)),
                Level::High,
                &[8.9, 8.4, 8.1, 7.7, 7.2, 7.4],
            ),
            lab(
                ("低密度脂蛋白", "LDL cholesterol"),
                "1.8",
                "mmol/L",
                "< 2.6",
                (None, Some(2.6)),
                Level::Normal,
                &[3.9, 3.4, 2.9, 2.2, 2.0, 1.8],
            ),
            lab(
                ("血红蛋白", "Haemoglobin"),
                "109",
                "g/L",
                "115–150",
                (Some(115.0), Some(150.0)),
                Level::Low,
                &[128.0, 126.0, 121.0, 117.0, 112.0, 109.0],
            ),
            lab(
                ("肌酐", "Creatinine"),
                "78",
                "µmol/L",
                "41–81",
                (Some(41.0), Some(81.0)),
                Level::Normal,
                &[66.0, 71.0, 75.0, 73.0, 79.0, 78.0],
            ),
            lab(
                ("收缩压", "Systolic pressure"),
                "134",
                "mmHg",
                "90–140",
                (Some(90.0), Some(140.0)),
                Level::Normal,
                &[162.0, 158.0, 149.0, 151.0, 142.0, 139.0, 144.0, 136.0, 134.0],
            ),
            lab(("血钾", "Potassium"), "4.1", "mmol/L", "3.5–5.3", (Some(3.5), Some(5.3)), Level::Normal, &[4.1]),
        ]
    }

    pub(crate) fn problems(&self) -> Vec<Problem> {
        let one = |zh: &str, en: &str, since: &str, active, flag| Problem {
            name: self.s(zh, en),
            since: since.into(),
            active,
            flag,
        };
        vec![
            one("冠状动脉粥样硬化性心脏病", "Coronary artery disease", "2021-06", true, None),
            one("2 型糖尿病", "Type 2 diabetes", "2015", true, None),
            one("原发性高血压 2 级", "Hypertension, grade 2", "2012", true, None),
            one("肺炎", "Pneumonia", "2019-01", false, None),
        ]
    }

    pub(crate) fn medications(&self) -> Vec<Medication> {
        let one = |name: (&str, &str), dose: (&str, &str), since: &str, active| Medication {
            name: self.s(name.0, name.1),
            dose: self.s(dose.0, dose.1),
            since: since.into(),
            active,
            flag: None,
        };
        vec![
            one(("阿司匹林肠溶片", "Aspirin EC"), ("100 mg 每日一次", "100 mg once daily"), "2021-06", true),
            one(("瑞舒伐他汀", "Rosuvastatin"), ("10 mg 每晚一次", "10 mg at night"), "2021-06", true),
            one(("二甲双胍", "Metformin"), ("500 mg 每日两次", "500 mg twice daily"), "2015-09", true),
            one(("头孢呋辛", "Cefuroxime"), ("0.5 g 每日两次", "0.5 g twice daily"), "2019-01", false),
        ]
    }

    pub(crate) fn visits(&self) -> Vec<Visit> {
        let event = |kind, when: &str, title: (&str, &str), detail: Option<(&str, &str)>, level, flag| Event {
            kind,
            when: when.into(),
            title: self.s(title.0, title.1),
            detail: detail.map(|d| self.s(d.0, d.1)),
            level,
            flag,
        };
        let n = Level::Normal;
        vec![
            Visit {
                title: self.s("住院", "Inpatient stay"),
                department: Some(self.s("心内科", "Cardiology")),
                doctor: Some(self.s("陈立", "Chen Li")),
                from: "2026-03-02".into(),
                to: None,
                running: true,
                reason: Some(self.s("活动后胸闷 3 天", "Chest tightness on exertion for 3 days")),
                events: vec![
                    event(
                        EventKind::Observation,
                        "03-09 07:10",
                        ("糖化血红蛋白", "HbA1c"),
                        Some(("7.4 %", "7.4 %")),
                        Level::High,
                        None,
                    ),
                    event(
                        EventKind::Observation,
                        "03-09 07:10",
                        ("血红蛋白", "Haemoglobin"),
                        Some(("109 g/L", "109 g/L")),
                        Level::Low,
                        None,
                    ),
                    event(
                        EventKind::Report,
                        "03-05 16:20",
                        ("冠脉造影报告", "Coronary angiography report"),
                        Some(("前降支中段狭窄 70%", "mid-LAD stenosis 70%")),
                        n,
                        None,
                    ),
                    event(
                        EventKind::Procedure,
                        "03-05 10:00",
                        ("冠状动脉造影术", "Coronary angiography"),
                        None,
                        n,
                        None,
                    ),
                    event(
                        EventKind::Medication,
                        "03-02 11:40",
                        ("替格瑞洛", "Ticagrelor"),
                        Some(("90 mg 每日两次", "90 mg twice daily")),
                        n,
                        None,
                    ),
                    event(EventKind::Condition, "03-02 10:15", ("不稳定型心绞痛", "Unstable angina"), None, n, None),
                ],
            },
            Visit {
                title: self.s("门诊", "Outpatient visit"),
                department: Some(self.s("内分泌科", "Endocrinology")),
                doctor: Some(self.s("何静", "He Jing")),
                from: "2025-11-18".into(),
                to: Some("2025-11-18".into()),
                running: false,
                reason: Some(self.s("糖尿病复诊", "Diabetes follow-up")),
                events: vec![
                    event(
                        EventKind::Observation,
                        "11-18",
                        ("糖化血红蛋白", "HbA1c"),
                        Some(("7.2 %", "7.2 %")),
                        Level::High,
                        None,
                    ),
                    event(
                        EventKind::Document,
                        "11-18",
                        ("眼底照相", "Fundus photograph"),
                        Some(("未见明显病变", "no lesion seen")),
                        n,
                        None,
                    ),
                    event(EventKind::Immunization, "11-18", ("流感疫苗", "Influenza vaccine"), None, n, None),
                ],
            },
            Visit {
                title: self.s("体检", "Check-up"),
                department: Some(self.s("健康管理中心", "Health centre")),
                doctor: None,
                from: "2025-04-02".into(),
                to: Some("2025-04-02".into()),
                running: false,
                reason: None,
                events: vec![event(
                    EventKind::Report,
                    "04-02",
                    ("体检总检报告", "Check-up report"),
                    None,
                    n,
                    Some(FlagKind::Genetic),
                )],
            },
        ]
    }

    pub(crate) fn review(
        &self,
        ticket: &str,
        actor: (&str, &str),
        hours: i64,
        reason: Reason,
        outcome: Option<ReviewOutcome>,
    ) -> ReviewRow {
        ReviewRow {
            ticket: ticket.into(),
            actor: self.s(actor.0, actor.1),
            role: self.s("医生", "Doctor"),
            department: self.s("急诊科", "Emergency department"),
            patient: self.s("赵**", "Z**"),
            at: self.at(hours),
            minutes: 60,
            reason,
            documents: 14,
            due: self.at(hours + 24),
            outcome,
        }
    }

    pub(crate) fn by_purpose(&self) -> Bars {
        Bars {
            title: self.s("本周查看（按目的）", "Shown this week, by purpose"),
            what: self.s("目的", "Purpose"),
            items: vec![
                (self.s("诊疗", "Treatment"), 4182),
                (self.s("医院运营", "Running the hospital"), 1260),
                (self.s("结算与医保", "Payment"), 614),
                (self.s("应患者要求", "The patient asked"), 233),
                (self.s("紧急救治", "Emergency"), 5),
            ],
        }
    }

    pub(crate) fn heat(&self, title: (&str, &str)) -> Heat {
        let days = [
            ("周一", "Mon"),
            ("周二", "Tue"),
            ("周三", "Wed"),
            ("周四", "Thu"),
            ("周五", "Fri"),
            ("周六", "Sat"),
            ("周日", "Sun"),
        ];
        let rows = (0_u32..)
            .zip(days)
            .map(|(day, name)| {
                let mut hours = [0; 24];
                for (hour, n) in (0_u32..).zip(hours.iter_mut()) {
                    let busy = if (8..12).contains(&hour) {
                        40
                    } else if (13..18).contains(&hour) {
                        28
                    } else {
                        2
                    };
                    *n = if day > 4 { busy / 4 } else { busy } + (hour * 7 + day * 13) % 6;
                }
                (self.s(name.0, name.1), hours)
            })
            .collect();
        Heat { title: self.s(title.0, title.1), rows }
    }

    pub(crate) fn purpose(n: u64) -> Purpose {
        match n % 5 {
            0 => Purpose::Emergency,
            1 | 2 => Purpose::Treatment,
            3 => Purpose::Operations,
            _ => Purpose::Payment,
        }
    }

    pub(crate) fn outcome(n: u64) -> Outcome {
        match n % 7 {
            3 => Outcome::Refused,
            6 => Outcome::Failed,
            _ => Outcome::Permitted,
        }
    }

    /// An invented hash in hex.
    pub(crate) fn hash(seed: u64) -> String {
        let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut out = String::new();
        for _ in 0..4 {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            let _ = write!(out, "{x:016x}");
        }
        out
    }

    pub(crate) fn empty() -> Field {
        Field::default()
    }
}
