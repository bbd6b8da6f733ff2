//! `diskdock serve`: the server.

use super::Failure;

/// Run the server.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {}

/// Runs the server until it is told to stop.
pub async fn serve(_: ServeArgs) -> Result<(), Failure> {
    Err(Failure::new("the server is not part of this build", ""))
}
