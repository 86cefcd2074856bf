//! Small parts that every page uses: trusted markup, pages of a list, chips of text.

use askama::filters::HtmlSafe;

/// Markup made by this room itself (icons, charts, a drawn code): the templates write it as it is.
#[derive(Clone, Default)]
pub struct Html(String);

impl Html {
    /// Takes markup this crate has written. Never pass anything a person or a document brought.
    pub(crate) fn trusted(markup: String) -> Self {
        Self(markup)
    }

    /// Takes the drawing of a QR code made by the `qrcode` crate (one path, no text of a person).
    pub fn qr_code(text: &str) -> Option<Self> {
        let code = qrcode::QrCode::new(text.as_bytes()).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (i, colour) in code.to_colors().into_iter().enumerate() {
            if colour == qrcode::Color::Dark {
                use std::fmt::Write as _;
                let _ = write!(path, "M{} {}h1v1h-1z", i % width + 4, i / width + 4);
            }
        }
        let side = width + 8;
        Some(Self(format!(
            "<svg class=\"qr\" viewBox=\"0 0 {side} {side}\" aria-hidden=\"true\" focusable=\"false\">\
             <rect class=\"qr-light\" width=\"{side}\" height=\"{side}\"/><path class=\"qr-dark\" d=\"{path}\"/></svg>"
        )))
    }

    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl HtmlSafe for Html {}

super::no_content_in_debug!(Html);

/// Where in a long list the page stands. Addresses are made by the handler (they keep the filters).
#[derive(Debug, Clone, Default)]
pub struct Pager {
    /// Address of the page before, if there is one.
    pub earlier: Option<String>,
    /// Address of the page after, if there is one.
    pub later: Option<String>,
    /// Number of the first row shown, from 1; 0 when nothing is shown.
    pub from: u64,
    /// Number of the last row shown.
    pub to: u64,
    /// How many rows there are in all, where that is known.
    pub total: Option<u64>,
}

impl Pager {
    /// Everything fits on one page.
    pub fn whole(rows: usize) -> Self {
        let n = rows as u64;
        Self { earlier: None, later: None, from: u64::from(n > 0), to: n, total: Some(n) }
    }

    /// Whether there is anything to page through.
    pub fn is_needed(&self) -> bool {
        self.earlier.is_some() || self.later.is_some()
    }
}

/// Groups the digits of a number by threes: `1 234 567`.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(c);
    }
    out
}

/// A size in bytes, as people say it.
pub(crate) fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let mut value = n as f64;
    let mut unit = UNITS.iter();
    let mut name = unit.next().copied().unwrap_or("B");
    while value >= 1024.0 {
        let Some(next) = unit.next() else { break };
        value /= 1024.0;
        name = next;
    }
    if name == "B" { format!("{n} B") } else { format!("{value:.1} {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_threes() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1234), "1\u{202f}234");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
    }

    #[test]
    fn sizes_read_like_sizes() {
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(1536), "1.5 KB");
        assert_eq!(bytes(5 * 1024 * 1024 * 1024), "5.0 GB");
    }

    #[test]
    fn a_qr_code_is_drawn_without_style() {
        let code = Html::qr_code("otpauth://totp/x?secret=AAAA").unwrap();
        assert!(code.as_str().contains("qr-dark"));
        assert!(!code.as_str().contains("style"));
    }
}
