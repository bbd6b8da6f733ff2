//! Arguments of commands that work in a data directory, whether a server has it open or not.

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use super::admin::controls::Controls;
use super::catalog::TextFormat;
use super::client::{ApiClient, ConnectionArgs};
use super::data_directory::read_server_file;
use super::tls::Trust;

#[derive(Clone, Debug, Args)]
pub(super) struct LocalArgs {
    /// The data directory
    #[arg(long, global = true, value_name = "DIRECTORY", default_value = "diskdock-data")]
    #[arg(env = "DISKDOCK_DATA_DIR")]
    pub data_dir: PathBuf,
    /// The format of the output
    #[arg(long, global = true, value_enum, default_value = "table")]
    pub output: TextFormat,
    #[command(flatten)]
    pub trust: Trust,
}

impl LocalArgs {
    /// The way to the server that has the directory open.
    pub(super) fn connection(&self, timeout_s: u64) -> Result<ConnectionArgs, Failure> {
        let endpoint = read_server_file(&self.data_dir, "endpoint")?;
        Ok(ConnectionArgs { endpoint, timeout: timeout_s, trust: self.trust.clone() })
    }

    /// The controls of that server.
    pub(super) fn controls(&self, timeout_s: u64) -> Result<Controls, Failure> {
        let connection = self.connection(timeout_s)?;
        let token = read_server_file(&self.data_dir, "admin-token")?;
        Ok(Controls::of(ApiClient::new(&connection)?, Some(token)))
    }
}
