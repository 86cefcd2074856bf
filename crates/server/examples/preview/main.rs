//! Writes every page with made-up data to a folder, in both languages, to look at and to test without a server:
//! `cargo run -p tacebo-server --example preview -- OUTDIR`.
//!
//! The people are invented; names, numbers and results belong to nobody.

use std::{error::Error, fs, io::Write as _, path::Path};

use tacebo_server::{
    assets,
    pages::{Lang, html},
};

mod console;
mod data;
mod duty;
mod portal;

/// A page by the name of its file.
type Page = (&'static str, Result<String, tacebo_server::pages::PageError>);

fn main() -> Result<(), Box<dyn Error>> {
    let out = std::env::args().nth(1).ok_or("tell the folder to write to")?;
    let out = Path::new(&out);
    for asset in assets::all() {
        let path = out.join(asset.url.trim_start_matches('/'));
        fs::create_dir_all(path.parent().ok_or("an asset has a folder")?)?;
        fs::write(path, &asset.bytes)?;
    }
    let mut written = 0;
    for lang in [Lang::Zh, Lang::En] {
        let folder = out.join(lang.tag());
        fs::create_dir_all(&folder)?;
        let data = data::Data::new(lang)?;
        for (name, page) in console::pages(&data).into_iter().chain(portal::pages(&data)) {
            fs::write(folder.join(format!("{name}.html")), page?)?;
            written += 1;
        }
    }
    writeln!(std::io::stdout(), "{written} pages in {}", out.display())?;
    Ok(())
}

/// Names a page and writes it.
fn page(name: &'static str, view: &impl askama::Template) -> Page {
    (name, html(view))
}
