//! The command line.

pub mod serve;

use clap::{Parser, Subcommand};

/// A command that failed: why, what to do about it, and the exit code.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub message: String,
    /// What to do about it; possibly empty.
    pub hint: String,
    /// The exit code.
    pub code: u8,
}

impl Failure {
    /// A failure with exit code 1.
    pub fn new(message: impl ToString, hint: &str) -> Failure {
        Failure { message: message.to_string(), hint: hint.to_owned(), code: 1 }
    }
}

#[derive(Debug, Parser)]
#[command(name = "diskdock", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(serve::ServeArgs),
}

/// Runs the command line.
pub async fn run() -> Result<(), Failure> {
    match Arguments::parse().command {
        Command::Serve(args) => serve::serve(args).await,
    }
}
