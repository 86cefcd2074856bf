//! Turns the message files of `locales/` into typed functions: a missing or misspelt message does not compile.

use std::{env, path::PathBuf, process::ExitCode};

use fluent_typed::{BuildOptions, FtlOutputOptions, LintLevel, build_from_locales_folder};

fn main() -> ExitCode {
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else {
        return ExitCode::FAILURE;
    };
    build_from_locales_folder(
        BuildOptions::default()
            .with_locales_folder("locales")
            .with_output_file_path(&out.join("l10n.rs").to_string_lossy())
            .with_ftl_output(FtlOutputOptions::single_file(&out.join("messages.ftl").to_string_lossy()))
            .with_default_language("en")
            .with_lint_level(LintLevel::Strict)
            .with_prefix("")
            .without_bidi_isolation(),
    )
}
