//! The `diskdock` program: the command line, and nothing else.

use std::process::ExitCode;

/// SQLite's memory comes from it as well: `malloc` of the whole program is replaced.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before there are threads: it changes the environment.
    diskdock::cli::complete();
    run()
}

#[tokio::main]
async fn run() -> ExitCode {
    match diskdock::cli::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.code)
        }
    }
}
