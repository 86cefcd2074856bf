//! The program over a PostgreSQL database: founded, served, killed, served again and checked, as over a folder.

use std::sync::LazyLock;

use serde_json::{Value, json};
use tacebo_testbed::Postgres;

use crate::folder::Folder;
use crate::http::Client;
use crate::program::{Program, run, tacebo};

static SERVER: LazyLock<Postgres> = LazyLock::new(Postgres::start);

/// A configuration over a new database.
fn configured(folder: &Folder) -> std::path::PathBuf {
    let text = format!(
        "data = \"house\"\nlisten = [\"127.0.0.1:0\"]\n[store]\nengine = \"postgres\"\nhosts = [\"{}:{}\"]\n\
        database = \"{}\"\nuser = \"postgres\"\n[custody]\nfile = \"root.json\"\npassphrase-file = \"passphrase\"\n",
        SERVER.socket().display(),
        SERVER.port(),
        SERVER.database()
    );
    folder.write_private("passphrase", "correct horse battery staple of the ward\n");
    folder.write("tacebo.toml", text)
}

fn verify(config: &std::path::Path) -> (Option<i32>, Value) {
    let output = tacebo().args(["verify", "--json", "--config"]).arg(config).output().unwrap();
    let line = serde_json::from_slice(&output.stdout);
    (output.status.code(), line.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))))
}
