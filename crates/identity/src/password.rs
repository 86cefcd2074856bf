//! What a new password must be, and passwords that the house makes up.

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::secret::random;
use crate::{IdentityError, PasswordProblem, Secret};

/// Shortest password beside a second factor (NIST SP 800-63B-4 §3.1.1.2).
const SHORTEST: usize = 8;
const LONGEST: usize = 128;
/// The commonest passwords of 8 characters and more, Chinese patterns among them.
const COMMON: &str = include_str!("../data/common-passwords.txt");
/// Runs along which a finger or a mind walks.
const RUNS: [&str; 6] = [
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
];

/// The form in which a password is hashed: NFKC, so that keyboards agree. `None` when it is too long to be one.
pub(crate) fn form(password: &Secret) -> Option<Zeroizing<String>> {
    if password.expose().len() > 8 * LONGEST {
        return None;
    }
    let form: Zeroizing<String> = Zeroizing::new(password.expose().nfkc().collect());
    (form.chars().count() <= LONGEST).then_some(form)
}

/// Judges a new password as a whole; no rules of composition.
pub(crate) fn judge(password: &Secret, login: &str) -> Result<(), PasswordProblem> {
    let form = form(password).ok_or(PasswordProblem::Long)?;
    if form.chars().count() < SHORTEST {
        return Err(PasswordProblem::Short);
    }
    let plain = Zeroizing::new(form.to_lowercase());
    if COMMON.lines().any(|line| !line.starts_with('#') && line == plain.as_str()) {
        return Err(PasswordProblem::Common);
    }
    let backwards: Zeroizing<String> = Zeroizing::new(plain.chars().rev().collect());
    // The name, the name twice, the name with a year or a date behind.
    let named = |text: &str| {
        let rest = text.strip_prefix(login).unwrap_or(text);
        !login.is_empty() && rest.len() < text.len() && (rest == login || rest.chars().all(|c| c.is_ascii_digit()))
    };
    if named(&plain) || named(&backwards) {
        return Err(PasswordProblem::LoginName);
    }
    let first = plain.chars().next();
    let single = plain.chars().all(|c| Some(c) == first);
    if single || RUNS.iter().any(|run| run.contains(plain.as_str()) || run.contains(backwards.as_str())) {
        return Err(PasswordProblem::Pattern);
    }
    Ok(())
}

/// Letters and digits that nobody confuses on paper.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789-";

/// A password of 16 letters in four groups, 79 bits.
pub(crate) fn generate() -> Result<Secret, IdentityError> {
    Ok(Secret::new(drawn(16)?.as_str()))
}

/// So many random letters, in groups of four.
pub(crate) fn drawn(count: usize) -> Result<Zeroizing<String>, IdentityError> {
    let mut text = Zeroizing::new(String::with_capacity(count + count / 4));
    let mut letters = 0;
    while letters < count {
        for byte in random::<32>()?.iter() {
            // 31 letters; the 32nd value is drawn again, so that none is likelier.
            match ALPHABET.get(usize::from(byte & 31)) {
                Some(b'-') | None => {}
                Some(letter) if letters < count => {
                    if letters > 0 && letters % 4 == 0 {
                        text.push('-');
                    }
                    text.push(char::from(*letter));
                    letters += 1;
                }
                Some(_) => {}
            }
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(password: &str) -> Result<(), PasswordProblem> {
        judge(&Secret::new(password), "drwang")
    }

    #[test]
    fn acc_05_common_short_and_patterned_passwords_are_refused() {
        for (password, problem) in [
            ("1234567", PasswordProblem::Short),
            ("密码密码", PasswordProblem::Short),
            ("P@ssw0rd", PasswordProblem::Common),
            ("ＰＡＳＳＷＯＲＤ１", PasswordProblem::Common),
            ("woaini1314", PasswordProblem::Common),
            ("1qaz2wsx", PasswordProblem::Common),
            ("hospital123", PasswordProblem::Common),
            ("DrWang2024", PasswordProblem::LoginName),
            ("drwangdrwang", PasswordProblem::LoginName),
            ("77777777777", PasswordProblem::Pattern),
            ("hgfedcba", PasswordProblem::Pattern),
            ("3edc4rfv5tgb", PasswordProblem::Pattern),
            (&"x1".repeat(65), PasswordProblem::Long),
        ] {
            assert_eq!(verdict(password), Err(problem), "{password}");
        }
    }

    #[test]
    fn acc_05_length_counts_and_composition_does_not() {
        for password in ["correct horse battery staple", "一匹马电池钉书针对", "kfjwmqpz", &"y1".repeat(64)] {
            assert_eq!(verdict(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn the_list_holds_only_what_could_be_chosen() {
        let lines: Vec<&str> = COMMON.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.len() > 250);
        for line in &lines {
            assert!(line.chars().count() >= SHORTEST, "{line}");
            assert_eq!(*line, line.to_lowercase().nfkc().collect::<String>(), "not in the compared form");
        }
        let distinct: std::collections::BTreeSet<_> = lines.iter().collect();
        assert_eq!(distinct.len(), lines.len());
    }

    #[test]
    fn a_made_up_password_is_long_unlike_the_last_and_accepted() {
        let one = generate().unwrap();
        assert_eq!(one.expose().len(), 19);
        assert_ne!(one.expose(), generate().unwrap().expose());
        assert_eq!(judge(&one, "drwang"), Ok(()));
    }
}
