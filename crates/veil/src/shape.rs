//! The shapes that masked strings take. Display masks: a view permission, never de-identification.

/// What stands where nothing may be shown.
pub(crate) const HIDDEN: &str = "***";

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// 张三丰 → 张*, 欧阳修 → 欧阳*, John Smith → J***. The number of stars tells nothing.
pub(crate) fn name(name: &str, compound: &[String]) -> String {
    let name = name.trim();
    let mut letters = name.chars();
    let Some(first) = letters.next() else {
        return HIDDEN.to_owned();
    };
    let second = letters.next();
    if !is_han(first) {
        return match second {
            Some(_) if first.is_alphabetic() => format!("{first}{HIDDEN}"),
            _ => HIDDEN.to_owned(),
        };
    }
    let Some(second) = second else {
        return "*".to_owned();
    };
    let pair: String = [first, second].iter().collect();
    if letters.next().is_some() && compound.contains(&pair) {
        return format!("{pair}*");
    }
    format!("{first}*")
}

/// 110101199003071234 → 110101********1234; other numbers keep four characters at most.
pub(crate) fn identifier(value: &str) -> String {
    let letters: Vec<char> = value.trim().chars().collect();
    let digits = |range: &[char]| range.iter().all(char::is_ascii_digit);
    let take = |from: usize, to: usize| letters.get(from..to).unwrap_or_default().iter().collect::<String>();
    match letters.len() {
        18 if digits(letters.get(..17).unwrap_or_default()) => format!("{}********{}", take(0, 6), take(14, 18)),
        15 if digits(&letters) => format!("{}*****{}", take(0, 6), take(11, 15)),
        length if length >= 10 => format!("****{}", take(length - 4, length)),
        _ => "****".to_owned(),
    }
}

/// 13812341234 → 138****1234, with or without +86 and separators; other numbers keep the last two
/// digits at most.
pub(crate) fn phone(value: &str) -> String {
    let all: String = value.chars().filter(char::is_ascii_digit).collect();
    let mobile = if all.len() == 13 { all.strip_prefix("86").unwrap_or(&all) } else { &all };
    let part = |from: usize, to: usize| mobile.get(from..to).unwrap_or_default();
    match mobile.len() {
        11 if mobile.starts_with('1') => format!("{}****{}", part(0, 3), part(7, 11)),
        length if length >= 7 => format!("****{}", part(length - 2, length)),
        _ => "****".to_owned(),
    }
}

/// zhang@example.org → z***@***; anything else disappears.
pub(crate) fn contact(value: &str) -> String {
    match (value.chars().next(), value.split_once('@')) {
        (Some(first), Some((user, _))) if user.chars().count() > 1 && first.is_ascii_alphanumeric() => {
            format!("{first}{HIDDEN}@{HIDDEN}")
        }
        _ => HIDDEN.to_owned(),
    }
}

/// 北京市海淀区中关村大街1号 → 北京市海淀区****; without a city or district nothing remains.
pub(crate) fn address(text: &str) -> String {
    let text = text.trim();
    let mut kept = 0;
    let mut city = false;
    let mut last = ' ';
    for (at, letter) in text.char_indices().take(20) {
        if !is_han(letter) {
            break;
        }
        let end = at + letter.len_utf8();
        match letter {
            '省' | '市' | '州' | '盟' => {
                city = true;
                kept = end;
            }
            // 小区, 社区, 园区 are where somebody lives, not districts.
            '区' | '县' | '旗' if city && !matches!(last, '小' | '社' | '园' | '厂' | '校' | '院' | '街') => {
                kept = end;
                break;
            }
            _ => {}
        }
        last = letter;
    }
    match text.get(..kept) {
        Some(place) if kept > 0 => format!("{place}****"),
        _ => "****".to_owned(),
    }
}

/// Whether a city or district field holds just that.
pub(crate) fn is_place(value: &str) -> bool {
    let letters = value.chars().count();
    (1..=12).contains(&letters) && value.chars().all(|c| is_han(c) || c.is_ascii_alphabetic() || c == ' ' || c == '-')
}

/// 1990-03-07 → 1990; none where no year can be read.
pub(crate) fn year(date: &str) -> Option<String> {
    let year = date.get(..4)?;
    let rest = date.get(4..5);
    (year.bytes().all(|b| b.is_ascii_digit()) && matches!(rest, None | Some("-"))).then(|| year.to_owned())
}

/// Whether a string looks like a code, a date or a link and not like something typed.
pub(crate) fn is_token(value: &str) -> bool {
    value.len() <= 256 && value.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compound() -> Vec<String> {
        vec!["欧阳".into(), "司马".into()]
    }

    #[test]
    fn acc_02_names_keep_the_surname() {
        for (full, masked) in [
            ("张三", "张*"),
            ("张三丰", "张*"),
            ("欧阳修", "欧阳*"),
            ("司马相如", "司马*"),
            ("欧阳", "欧*"),
            ("张", "*"),
            ("迪丽热巴·迪力木拉提", "迪*"),
            ("John Smith", "J***"),
            ("Ø", "***"),
            ("J", "***"),
            ("  李四 ", "李*"),
            ("", "***"),
            ("42", "***"),
        ] {
            assert_eq!(name(full, &compound()), masked, "{full}");
        }
    }

    #[test]
    fn acc_02_numbers_keep_their_ends() {
        assert_eq!(identifier("110101199003071234"), "110101********1234");
        assert_eq!(identifier("11010119900307123X"), "110101********123X");
        assert_eq!(identifier("110101900307123"), "110101*****7123");
        assert_eq!(identifier("MRN-0012345"), "****2345");
        assert_eq!(identifier("A1234"), "****");
        assert_eq!(phone("13812341234"), "138****1234");
        assert_eq!(phone("+86 138-1234-1234"), "138****1234");
        assert_eq!(phone("010-62345678"), "****78");
        assert_eq!(phone("110"), "****");
        assert_eq!(contact("zhang@example.org"), "z***@***");
        assert_eq!(contact("a@b.cn"), "***");
        assert_eq!(contact("wx_zhangsan"), "***");
    }

    #[test]
    fn acc_02_addresses_end_at_the_district() {
        for (full, masked) in [
            ("北京市海淀区中关村大街1号", "北京市海淀区****"),
            ("上海市幸福小区3号楼", "上海市****"),
            ("广东省深圳市南山区科技园", "广东省深圳市南山区****"),
            ("河北省定州市某村", "河北省定州市****"),
            ("12 Main St", "****"),
            ("幸福小区", "****"),
            ("青岛市市北区", "青岛市市北区****"),
        ] {
            assert_eq!(address(full), masked, "{full}");
        }
    }

    #[test]
    fn dates_keep_the_year() {
        assert_eq!(year("1990-03-07").as_deref(), Some("1990"));
        assert_eq!(year("1990").as_deref(), Some("1990"));
        assert_eq!(year("19900307"), None);
        assert_eq!(year("九零年"), None);
    }
}
