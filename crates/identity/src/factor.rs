//! The second factor: time-based one-time codes (RFC 6238), SHA-1, six digits, thirty seconds.

use std::fmt::Write as _;

use totp_rs::{Builder, Totp};

use crate::secret::random;
use crate::{IdentityError, Secret};

/// A second factor handed to a person, once.
#[derive(Clone)]
pub struct FactorOffer {
    /// The secret in base32, to type.
    pub secret: Secret,
    /// The `otpauth://` address, to scan.
    pub uri: Secret,
}

impl std::fmt::Debug for FactorOffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FactorOffer")
    }
}

/// A fresh secret of 160 bits, base32.
pub(crate) fn fresh() -> Result<Secret, IdentityError> {
    let bytes = random::<20>()?;
    Ok(Secret::new(totp_rs::Secret::from(*bytes).to_base32()))
}

/// Checks that a secret given from outside is one.
pub(crate) fn accept(secret: &Secret) -> Result<(), IdentityError> {
    totp(secret).map(|_| ())
}

/// The offer of a secret to the person with this login name.
pub(crate) fn offer(secret: &Secret, issuer: &str, login: &str) -> FactorOffer {
    let mut uri = String::from("otpauth://totp/");
    escape(&mut uri, issuer);
    uri.push_str("%3A");
    escape(&mut uri, login);
    uri.push_str("?secret=");
    uri.push_str(secret.expose());
    uri.push_str("&issuer=");
    escape(&mut uri, issuer);
    uri.push_str("&algorithm=SHA1&digits=6&period=30");
    FactorOffer { secret: secret.clone(), uri: Secret::new(uri) }
}

/// The step a code belongs to, if it fits now, one step early or one late.
pub(crate) fn step(secret: &Secret, code: &str, now_us: i64) -> Result<Option<u64>, IdentityError> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).take(12).collect();
    Ok(totp(secret)?.check(&code, seconds(now_us)))
}

/// Whether something typed has the form of a code, and none of a password (eight characters at least).
pub(crate) fn is_code(typed: &str) -> bool {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    typed.len() == 6 && typed.bytes().all(|b| b.is_ascii_digit())
}

fn totp(secret: &Secret) -> Result<Totp, IdentityError> {
    let bad = || IdentityError::Crypto("a second factor's secret is unusable");
    let secret = totp_rs::Secret::try_from_base32(secret.expose()).map_err(|_| bad())?;
    Builder::new().with_secret(secret).with_digits(6).with_skew(1).with_step_duration(30).build().map_err(|_| bad())
}

fn seconds(us: i64) -> u64 {
    u64::try_from(us / 1_000_000).unwrap_or(0)
}

/// Percent-encodes everything but unreserved characters (RFC 3986).
fn escape(to: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            to.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(to, "%{byte:02X}");
        }
    }
}

impl FactorOffer {
    /// The code of a moment, microseconds since the Unix epoch: for the demo's print-out and for tests.
    ///
    /// # Errors
    /// The secret is unusable.
    pub fn code_at(&self, now_us: i64) -> Result<String, IdentityError> {
        Ok(totp(&self.secret)?.generate(seconds(now_us)).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, SHA-1, last six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = Secret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let offer = offer(&secret, "x", "y");
        for (at, code) in [(59_i64, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(offer.code_at(at * 1_000_000).unwrap(), code);
            assert_eq!(step(&secret, code, at * 1_000_000).unwrap(), Some(at.cast_unsigned() / 30));
        }
    }

    #[test]
    fn a_code_fits_one_step_early_and_one_late_and_no_more() {
        let secret = fresh().unwrap();
        let offer = offer(&secret, "示例医院", "drwang");
        let now = 1_800_000_000_000_000;
        let code = offer.code_at(now).unwrap();
        for (shift, fits) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            let found = step(&secret, &code, now + shift * 1_000_000).unwrap();
            assert_eq!(found.is_some(), fits, "{shift}");
        }
        for wrong in ["", "12345", "+12345", "1234567", "１２３４５６", "abcdef"] {
            assert_eq!(step(&secret, wrong, now).unwrap(), None, "{wrong}");
        }
    }

    #[test]
    fn the_address_is_plain_ascii_and_names_issuer_and_login() {
        let uri = offer(&fresh().unwrap(), "示例医院", "a&b").uri;
        assert!(uri.expose().is_ascii());
        assert!(uri.expose().starts_with("otpauth://totp/%E7%A4%BA%E4%BE%8B%E5%8C%BB%E9%99%A2%3Aa%26b?secret="));
    }
}
