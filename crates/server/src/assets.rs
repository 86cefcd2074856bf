//! Style sheets, scripts and what else a page loads: inside the program, never from outside.
//!
//! An address carries the hash of the content (`/assets/app.1f3a….css`), so the answer may be kept for ever and a new
//! version is a new address. Pages name the integrity value beside it.

use std::{borrow::Cow, sync::OnceLock};

use aws_lc_rs::digest::{SHA256, SHA384, digest};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use rust_embed::RustEmbed;

/// Path under which assets are answered.
pub const PREFIX: &str = "/assets/";

/// `cache-control` of every asset.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Files;

/// The style sheets in the order they are put together; each declares its own layer.
const STYLES: [&str; 12] = [
    "css/layers.css",
    "css/tokens.css",
    "css/reset.css",
    "css/base.css",
    "css/shell.css",
    "css/parts.css",
    "css/forms.css",
    "css/tables.css",
    "css/charts.css",
    "css/record.css",
    "css/portal.css",
    "css/utilities.css",
];

/// What is answered under `/assets/`.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Name in templates (`app.css`).
    pub name: &'static str,
    /// Path with the content hash.
    pub url: String,
    /// The bytes.
    pub bytes: Cow<'static, [u8]>,
    /// `content-type`.
    pub content_type: &'static str,
    /// `etag`, in quotes.
    pub etag: String,
    /// Integrity value (`sha384-…`).
    pub integrity: String,
}

impl Asset {
    fn new(name: &'static str, bytes: Cow<'static, [u8]>) -> Self {
        let hash = hex::encode(digest(&SHA256, &bytes).as_ref().get(..8).unwrap_or_default());
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, "bin"));
        Self {
            name,
            url: format!("{PREFIX}{stem}.{hash}.{ending}"),
            content_type: match ending {
                "css" => "text/css; charset=utf-8",
                "js" => "text/javascript; charset=utf-8",
                "svg" => "image/svg+xml",
                _ => "application/octet-stream",
            },
            etag: format!("\"{hash}\""),
            integrity: format!("sha384-{}", BASE64_STANDARD.encode(digest(&SHA384, &bytes))),
            bytes,
        }
    }
}

/// Every asset. Put together once per process.
pub fn all() -> &'static [Asset] {
    static ALL: OnceLock<Vec<Asset>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut styles = Vec::new();
        for name in STYLES {
            if let Some(file) = Files::get(name) {
                styles.extend_from_slice(&file.data);
                styles.push(b'\n');
            }
        }
        let mut all = vec![Asset::new("app.css", Cow::Owned(styles))];
        for (name, path) in [
            ("trust.js", "js/trust.js"),
            ("app.js", "js/app.js"),
            ("htmx.js", "vendor/htmx.min.js"),
            ("favicon.svg", "favicon.svg"),
        ] {
            all.extend(Files::get(path).map(|file| Asset::new(name, file.data)));
        }
        all
    })
}

/// Finds the asset of a request path, hash included. A path with another hash finds nothing: it is another content.
pub fn by_path(path: &str) -> Option<&'static Asset> {
    all().iter().find(|a| a.url == path)
}

/// Address of an asset, for templates.
pub(crate) fn url(name: &str) -> String {
    all().iter().find(|a| a.name == name).map(|a| a.url.clone()).unwrap_or_default()
}

/// Integrity value of an asset, for templates.
pub(crate) fn integrity(name: &str) -> String {
    all().iter().find(|a| a.name == name).map(|a| a.integrity.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Vendored {
        file: Vec<VendoredFile>,
    }

    #[derive(serde::Deserialize)]
    struct VendoredFile {
        path: String,
        version: String,
        licence_file: String,
        sha384: String,
    }

    fn folder() -> std::path::PathBuf {
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets")
    }

    #[test]
    fn what_was_taken_from_elsewhere_is_unchanged_and_licensed() {
        let vendor = folder().join("vendor");
        let list = std::fs::read_to_string(vendor.join("VENDORED.toml")).unwrap();
        let list: Vendored = toml::from_str(&list).unwrap();
        let mut listed = Vec::new();
        for file in list.file {
            let bytes = std::fs::read(vendor.join(&file.path)).unwrap();
            assert_eq!(BASE64_STANDARD.encode(digest(&SHA384, &bytes)), file.sha384, "{}", file.path);
            assert!(!file.version.is_empty());
            assert!(vendor.join(&file.licence_file).exists());
            listed.push(file.path);
        }
        for entry in std::fs::read_dir(&vendor).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let script = std::path::Path::new(&name).extension().is_some_and(|e| e == "js");
            assert!(!script || listed.contains(&name), "{name} is not in VENDORED.toml");
        }
    }

    #[test]
    fn every_style_sheet_of_the_folder_is_in_the_bundle() {
        for entry in std::fs::read_dir(folder().join("css")).unwrap() {
            let name = format!("css/{}", entry.unwrap().file_name().into_string().unwrap());
            assert!(STYLES.contains(&name.as_str()), "{name} is not in STYLES");
        }
        assert!(STYLES.iter().all(|name| Files::get(name).is_some()));
    }

    #[test]
    fn an_address_changes_with_the_content_and_an_old_one_finds_nothing() {
        let one = Asset::new("app.css", Cow::Borrowed(b"a"));
        let two = Asset::new("app.css", Cow::Borrowed(b"b"));
        assert_ne!(one.url, two.url);
        assert!(by_path("/assets/app.0000000000000000.css").is_none());
        assert_eq!(by_path(&url("app.css")).map(|a| a.name), Some("app.css"));
    }

    #[test]
    fn nothing_a_page_loads_names_another_place() {
        for asset in all().iter().filter(|a| a.name != "htmx.js" && a.name != "favicon.svg") {
            let text = String::from_utf8_lossy(&asset.bytes);
            assert!(!text.contains("http://") && !text.contains("https://"), "{}", asset.name);
            assert!(!text.contains("@import"), "{}", asset.name);
        }
    }
}
