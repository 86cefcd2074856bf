//! Readings of Chinese names, so that 张三 is found by `zhangsan`, `zhang` and `zs`.

use pinyin::ToPinyin;

/// Surnames that are read otherwise than the character's usual reading.
const SURNAMES: &[(&str, &[&str])] = &[
    ("单", &["shan"]),
    ("曾", &["zeng"]),
    ("解", &["xie"]),
    ("仇", &["qiu"]),
    ("任", &["ren"]),
    ("区", &["ou"]),
    ("查", &["zha"]),
    ("朴", &["piao"]),
    ("盖", &["ge"]),
    ("洗", &["xian"]),
    ("冼", &["xian"]),
    ("乐", &["yue"]),
    ("缪", &["miao"]),
    ("翟", &["zhai"]),
    ("覃", &["qin"]),
    ("华", &["hua"]),
    ("员", &["yun"]),
    ("繁", &["po"]),
    ("秘", &["bi"]),
    ("种", &["chong"]),
    ("折", &["she"]),
    ("黑", &["he"]),
    ("召", &["shao"]),
    ("尉迟", &["yu", "chi"]),
    ("万俟", &["mo", "qi"]),
    ("长孙", &["zhang", "sun"]),
    ("澹台", &["tan", "tai"]),
    ("单于", &["chan", "yu"]),
];

/// A name's readings: run together, and the initials. Characters without reading stay themselves; `None` if none has one.
pub fn readings(name: &str) -> Option<(String, String)> {
    let mut full = String::with_capacity(name.len() * 2);
    let mut initials = String::new();
    let mut rest = name;
    let mut found = false;
    let special = SURNAMES.iter().filter(|(s, _)| name.starts_with(s)).max_by_key(|(s, _)| s.len());
    if let Some((surname, syllables)) = special {
        for syllable in *syllables {
            full.push_str(syllable);
            initials.extend(syllable.chars().next());
        }
        rest = name.strip_prefix(surname).unwrap_or_default();
        found = true;
    }
    for c in rest.chars() {
        if let Some(reading) = c.to_pinyin() {
            // ü is typed as v on a keyboard and printed as u in a passport; pinyin writes it ü.
            let plain = reading.plain().replace('ü', "v");
            initials.extend(plain.chars().next());
            full.push_str(&plain);
            found = true;
        } else if c.is_alphanumeric() {
            full.extend(c.to_lowercase());
            initials.extend(c.to_lowercase());
        }
    }
    found.then_some((full, initials))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_names_have_readings_and_surnames_their_own() {
        assert_eq!(readings("张三"), Some(("zhangsan".into(), "zs".into())));
        assert_eq!(readings("单雄信"), Some(("shanxiongxin".into(), "sxx".into())));
        assert_eq!(readings("尉迟恭"), Some(("yuchigong".into(), "ycg".into())));
        assert_eq!(readings("吕布"), Some(("lvbu".into(), "lb".into())));
        assert_eq!(readings("Smith"), None);
    }
}
