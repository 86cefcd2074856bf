//! Documents: a link to a file of the repository leads somewhere, and a chore that is named exists.

use std::path::Path;

use anyhow::{Result, bail};

use crate::shell::{files, has_ending, root};

/// Checks every Markdown file.
pub(crate) fn check() -> Result<()> {
    let mut wrong = Vec::new();
    for file in files()?.iter().filter(|file| has_ending(file, "md") && !file.contains("/vendor/")) {
        let text = std::fs::read_to_string(root().join(file))?;
        let folder = root().join(Path::new(file).parent().unwrap_or(Path::new("")));
        for link in links(&text) {
            if !folder.join(link).exists() {
                wrong.push(format!("{file} → {link}"));
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { bail!("links that lead nowhere: {}", wrong.join(", ")) }
}

/// Targets of `[text](target)` and `src="target"` that are files of ours.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let inline = text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ', '\n']).next());
    let sources = text.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
    inline
        .chain(sources)
        .filter(|link| !link.contains("://") && !link.starts_with(['#', '/']) && !link.starts_with("mailto:"))
        .filter_map(|link| link.split('#').next())
        .filter(|link| !link.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_files_are_found_and_others_left() {
        let text = "[a](docs/x.md#part) ![b](p.png \"t\") [c](https://example.org/d) [e](#f) <img src=\"q.svg\">";
        assert_eq!(links(text).collect::<Vec<_>>(), ["docs/x.md", "p.png", "q.svg"]);
    }

    #[test]
    fn documents_link_only_to_what_is_there() {
        check().unwrap();
    }
}
