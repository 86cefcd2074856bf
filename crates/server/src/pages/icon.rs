//! Icons, drawn inline so that they take the colour of the text beside them.

use super::Html;

macro_rules! icons {
    ($($name:literal),+ $(,)?) => {
        /// The drawing of an icon; empty for a name that is not in the set.
        fn drawing(name: &str) -> &'static str {
            match name {
                $($name => include_str!(concat!("../../assets/icons/", $name, ".svg")),)+
                _ => "",
            }
        }
        #[cfg(test)]
        const NAMES: &[&str] = &[$($name),+];
    };
}

icons![
    "activity",
    "arrow-right",
    "baby",
    "badge-check",
    "building-2",
    "calendar-clock",
    "check",
    "check-check",
    "chevron-down",
    "chevron-left",
    "chevron-right",
    "circle-check",
    "circle-question-mark",
    "circle-x",
    "clipboard-list",
    "clock",
    "copy",
    "database",
    "dna",
    "download",
    "external-link",
    "eye",
    "eye-off",
    "file-check",
    "file-clock",
    "file-text",
    "filter",
    "fingerprint-pattern",
    "flask-conical",
    "hand",
    "hand-helping",
    "hash",
    "heart-pulse",
    "history",
    "hospital",
    "house",
    "id-card",
    "image",
    "inbox",
    "info",
    "key-round",
    "languages",
    "link",
    "list-tree",
    "lock",
    "lock-open",
    "log-in",
    "log-out",
    "menu",
    "message-circle",
    "monitor",
    "moon",
    "phone",
    "pill",
    "plus",
    "printer",
    "refresh-cw",
    "scale",
    "scan-search",
    "search",
    "server",
    "settings",
    "shield",
    "shield-alert",
    "shield-check",
    "signature",
    "siren",
    "smartphone",
    "star",
    "stethoscope",
    "sun",
    "sun-moon",
    "syringe",
    "triangle-alert",
    "user",
    "user-check",
    "user-plus",
    "user-search",
    "users",
    "x",
];

/// An icon for the eye only: the words stand beside it.
pub fn icon(name: &str) -> Html {
    let drawing = drawing(name).trim_end();
    let inner = drawing.strip_prefix("<svg ").unwrap_or(drawing);
    Html::trusted(format!("<svg class=\"icon\" aria-hidden=\"true\" focusable=\"false\" {inner}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_is_one_plain_drawing_without_script_or_style() {
        for name in NAMES {
            let text = icon(name).to_string();
            assert!(text.starts_with("<svg class=\"icon\" aria-hidden"), "{name}");
            assert!(text.ends_with("</svg>"), "{name}");
            assert!(!text.contains("script") && !text.contains("style="), "{name}");
        }
    }
}
