//! The files of `--init`, with which a server begins that has no resources.
//!
//! An export fills the store before calls are taken. Then programs run, one after the other, with
//! the server's address and a key in their environment; when the last one has ended, the server
//! says that it is ready.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::oneshot;

use super::early_end::EarlyEnd;
use super::greeting::say;
use crate::admin::Initialized;
use crate::cli::Failure;
use crate::cli::admin::controls::TOKEN_VARIABLE;
use crate::gateway::keys::GivenKey;

/// How long a program may run.
const PROGRAM_TIMEOUT: Duration = Duration::from_secs(600);

/// The files of the directory, in the order of their names.
#[derive(Debug, Default)]
pub(super) struct InitFiles {
    /// The export, if there is one.
    pub export: Option<PathBuf>,
    programs: Vec<PathBuf>,
}

impl InitFiles {
    /// Reads the directory. Files that are neither named `*.json` nor executable are left alone.
    pub(super) fn in_directory(directory: &Path) -> Result<InitFiles, Failure> {
        let cannot = |path: &Path, error: &io::Error| {
            let hint = "Name a directory of exports (*.json) and executable files with --init.";
            Failure::new(format!("cannot read {}: {error}", path.display()), hint)
        };
        let entries = std::fs::read_dir(directory).map_err(|error| cannot(directory, &error))?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        let paths = paths.collect::<Result<Vec<_>, _>>();
        let mut paths = paths.map_err(|error| cannot(directory, &error))?;
        paths.sort();
        let mut files = InitFiles::default();
        for path in paths {
            let metadata = std::fs::metadata(&path).map_err(|error| cannot(&path, &error))?;
            if !metadata.is_file() {
                continue;
            }
            if path.extension().is_some_and(|extension| extension == "json") {
                if let Some(before) = &files.export {
                    let (before, path) = (before.display(), path.display());
                    let hint = "A server begins with one export; merge them, or use a program.";
                    return Err(Failure::usage(format!("two exports: {before}, {path}"), hint));
                }
                files.export = Some(path);
            } else if metadata.permissions().mode() & 0o111 != 0 {
                files.programs.push(path);
            } else {
                tracing::info!(path = %path.display(), "left alone: no export and not executable");
            }
        }
        Ok(files)
    }
}

/// Address, token and key for calls of the programs.
pub(super) struct ProgramEnvironment {
    /// The server's address.
    pub endpoint: String,
    /// Its admin token.
    pub admin_token: String,
    /// A key, if one is known.
    pub key: Option<GivenKey>,
    /// A region to call.
    pub region: String,
    /// The certificate to trust, with TLS.
    pub certificate: Option<PathBuf>,
}

/// The end of a start: the programs, and the greeting.
pub(super) struct Beginning {
    /// The programs; none if the server had resources before.
    pub files: InitFiles,
    /// Address, token and key for them.
    pub environment: ProgramEnvironment,
    /// Printed when the server is ready.
    pub greeting: String,
    /// Told of a program that fails.
    pub early_end: Arc<EarlyEnd>,
    /// Set when they have ended.
    pub initialized: Initialized,
}

impl Beginning {
    /// Runs it when calls are taken, which the sender's end tells.
    pub(super) async fn run(self, calls_are_taken: oneshot::Receiver<()>) {
        // Nothing is sent.
        let _: Result<(), _> = calls_are_taken.await;
        match self.files.run_programs(&self.environment).await {
            Ok(()) => {
                self.initialized.set();
                say(&self.greeting);
            }
            Err(failure) => self.early_end.fail(failure),
        }
    }
}

impl InitFiles {
    /// Runs the programs; the first that fails ends it. Their output goes to standard error.
    async fn run_programs(&self, environment: &ProgramEnvironment) -> Result<(), Failure> {
        for path in &self.programs {
            let name = path.display();
            tracing::info!(program = %name, "runs");
            let failed = |why: String| {
                let hint = "Its disks and instances stay. Correct it and start with an empty data \
                            directory, since a server that has resources runs no programs.";
                Failure::new(format!("{name} of --init failed: {why}"), hint)
            };
            let mut command = command(path, environment);
            let status = tokio::time::timeout(PROGRAM_TIMEOUT, command.status()).await;
            let status: io::Result<ExitStatus> = status.map_err(|_| {
                failed(format!("it did not end within {} s", PROGRAM_TIMEOUT.as_secs()))
            })?;
            let status = status.map_err(|error| failed(error.to_string()))?;
            if !status.success() {
                return Err(failed(status.to_string()));
            }
        }
        Ok(())
    }
}

fn command(path: &Path, environment: &ProgramEnvironment) -> Command {
    let mut command = Command::new(path);
    command.env("DISKDOCK_ENDPOINT", &environment.endpoint);
    command.env(TOKEN_VARIABLE, &environment.admin_token);
    command.env("ALIBABA_CLOUD_REGION_ID", &environment.region);
    if let Some(certificate) = &environment.certificate {
        command.env("DISKDOCK_CA_CERT", certificate);
    }
    if let Some(key) = &environment.key {
        command.env("ALIBABA_CLOUD_ACCESS_KEY_ID", &key.id);
        command.env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", &key.secret);
    }
    if let Some(search) = search_path() {
        command.env("PATH", search);
    }
    // Standard output may be read by a program that waits for the server.
    command.stdin(Stdio::null()).stdout(std::io::stderr()).kill_on_drop(true);
    command
}

/// The search path of programs if the server's environment has none.
const SEARCH_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The search path of programs: `diskdock` itself first.
fn search_path() -> Option<std::ffi::OsString> {
    let here = std::env::current_exe().ok()?.parent()?.to_owned();
    let before = std::env::var_os("PATH").unwrap_or_else(|| SEARCH_PATH.into());
    std::env::join_paths(std::iter::once(here).chain(std::env::split_paths(&before))).ok()
}
