//! The `diskdock` program: the command line, and nothing else.

use std::process::ExitCode;

/// SQLite's memory comes from it as well: `malloc` of the whole program is replaced.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match diskdock::cli::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.code)
        }
    }
}
