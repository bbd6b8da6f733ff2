//! The `diskdock` program: the command line, and nothing else.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match diskdock::cli::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("diskdock: {}", failure.message);
            if !failure.hint.is_empty() {
                eprintln!("  {}", failure.hint);
            }
            ExitCode::from(failure.code)
        }
    }
}
