//! Narrative: one `div` of basic HTML without anything active (txt-1, txt-2).

/// Elements of HTML 4.0 chapters 7–11 (without section 4 of 9) and 15, and `a`, `img`.
const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "b",
    "big",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "ul",
    "var",
    "u",
    "s",
    "strike",
    "font",
    "center",
    "bdo",
    "kbd",
    "address",
    "map",
    "area",
    "nobr",
    "del",
    "ins",
];

pub(crate) fn check(text: &str) -> Result<(), &'static str> {
    let body = text.trim();
    let body = body.strip_prefix("<?xml").and_then(|b| b.split_once("?>")).map_or(body, |(_, b)| b.trim_start());
    if !body.starts_with("<div") || !(body.ends_with("</div>") || body.ends_with("/>")) {
        return Err("a narrative is one div element");
    }
    let mut rest = body;
    while let Some((_, tag)) = rest.split_once('<') {
        if let Some(comment) = tag.strip_prefix("!--") {
            rest = comment.split_once("-->").ok_or("a comment in the narrative is not closed")?.1;
            continue;
        }
        let (inside, behind) = split_tag(tag).ok_or("an element of the narrative is not closed")?;
        rest = behind;
        let name = inside.trim_start_matches('/');
        let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if !ELEMENTS.contains(&name.to_ascii_lowercase().as_str()) {
            return Err("a narrative has basic HTML elements only");
        }
        if active(inside) {
            return Err("a narrative has no scripts, event attributes or script links");
        }
    }
    Ok(())
}

/// The inside of a tag, up to the `>` that is not in quotes.
fn split_tag(tag: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, b) in tag.bytes().enumerate() {
        match (quote, b) {
            (None, b'>') => return Some((tag.get(..at)?, tag.get(at + 1..)?)),
            (None, b'"' | b'\'') => quote = Some(b),
            (Some(q), b) if q == b => quote = None,
            _ => {}
        }
    }
    None
}

fn active(inside: &str) -> bool {
    let lower = inside.to_ascii_lowercase();
    let squeezed: String = lower.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    let event = lower
        .split(|c: char| c.is_whitespace() || c == '/' || c == '"' || c == '\'')
        .any(|word| word.split_once('=').is_some_and(|(name, _)| name.starts_with("on") && name.len() > 2));
    event || squeezed.contains("javascript:") || squeezed.contains("vbscript:") || squeezed.contains("data:text/html")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrative_is_inert_html() {
        for good in [
            "<div xmlns=\"http://www.w3.org/1999/xhtml\">a <b>b</b> &amp; 1 &gt; 0<br/><!-- x --></div>",
            "<div/>",
            "<div><a href=\"Patient/1\" title=\"a>b\">x</a></div>",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "text",
            "<p>x</p>",
            "<div><script>x</script></div>",
            "<div onclick=\"x()\"></div>",
            "<div><a href=\"java\nscript:x\">y</a></div>",
            "<div><iframe src=\"x\"/></div>",
            "<div><!-- </div>",
            "<div><b </div",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
