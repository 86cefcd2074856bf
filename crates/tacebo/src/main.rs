//! The Tacebo program: the only crate that reads the environment, the clock and the command line.

mod backup;
mod bench;
mod clock;
mod closed;
mod config;
mod custody;
mod demo;
mod house;
mod init;
mod keys;
mod lang;
mod logging;
mod memory;
mod print;
mod running;
mod serve;
mod store;
mod suite;
mod token;
mod verify;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// A request makes some hundred short-lived values and two threads free what a third made: the system's allocator spent a
/// sixth of all processor time on that (`docs/benchmarks.md`).
///
/// What is given back is wiped, whoever held it: names and numbers pass through parsers, pages and buffers that know of no
/// secret, and after a destruction none of them may be lying about.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<mimalloc::MiMalloc> = zeroizing_alloc::ZeroAlloc(mimalloc::MiMalloc);

/// Names the purpose of use of a request to the FHIR door.
const PURPOSE_HEADER: &str = "x-purpose-of-use";

/// Tacebo (医缄): patient data of medical institutions, kept safe and private, provably.
#[derive(Parser)]
#[command(name = "tacebo", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Args),
    Serve(serve::Args),
    Init(init::Args),
    Verify(verify::Args),
    Checkpoint(verify::CheckpointArgs),
    Backup(backup::Args),
    Restore(backup::restore::Args),
    Keys(keys::Args),
    Store(store::Args),
    Token(token::Args),
    Bench(bench::Args),
}

fn main() -> ExitCode {
    // Nothing secret is in memory yet.
    if let Err(error) = memory::wipe_what_c_frees() {
        print::aside(format_args!("tacebo: memory that C libraries free is not wiped ({error})"));
    }
    if let Err(error) = memory::keep_to_itself() {
        print::aside(format_args!("tacebo: this system lets memory be dumped ({error}): run with LimitCORE=0"));
    }
    let done = match Cli::parse().command {
        Command::Verify(args) => match verify::run(&args) {
            Ok(status) => return ExitCode::from(status),
            Err(error) => Err(error),
        },
        Command::Checkpoint(args) => verify::checkpoint(&args),
        Command::Backup(args) => match backup::run(&args) {
            Ok(status) => return ExitCode::from(status),
            Err(error) => Err(error),
        },
        Command::Restore(args) => in_runtime(async move { backup::restore::run(&args).await }),
        Command::Demo(args) => in_runtime(demo::run(args)),
        Command::Serve(args) => in_runtime(async move { serve::run(&args).await }),
        Command::Init(args) => in_runtime(async move { init::run(&args).await }),
        Command::Keys(args) => in_runtime(keys::run(args)),
        Command::Store(args) => store::run(&args),
        Command::Token(args) => in_runtime(async move { token::run(&args).await }),
        Command::Bench(args) => in_runtime(bench::run(args)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print::aside(format_args!("tacebo: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// How long tasks that nobody awaits may take to let go of the store.
const GRACE: std::time::Duration = std::time::Duration::from_secs(5);

/// Runs a command that needs the runtime.
fn in_runtime(command: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(command);
    runtime.shutdown_timeout(GRACE);
    done
}
