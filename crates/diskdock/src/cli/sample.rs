//! `diskdock sample`: a program in another language that makes a call.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;

use super::call::{DEFAULT_REGION, check_names, pairs};
use super::catalog::unknown_action;
use super::client::{DEFAULT_ENDPOINT, Endpoint};
use super::{Failure, output};
use crate::actions;
use crate::explorer::samples::{Ask, Language, NoSample, Project, Sample, Target, project, sample};

/// Write a program in another language that makes a call.
#[derive(Clone, Debug, clap::Args)]
#[command(
    override_usage = "diskdock sample [OPTIONS] <LANGUAGE> <ACTION> [--Parameter value]...",
    after_help = "Parameters are written as for `diskdock call`; values are not checked: a sample of a call
that is refused can be just what is wanted.

Examples:
  diskdock sample python DetachDisk --InstanceId i-1 --DiskId d-1 > detach_disk.py
  diskdock sample go CreateDisk --Size 40 --Tag team=storage --save .
  diskdock sample java CreateDisk --Size 40 --project create-disk
  diskdock sample curl DescribeDisks --cloud --region cn-beijing"
)]
pub(crate) struct SampleArgs {
    /// The language
    #[arg(value_parser = PossibleValuesParser::new(Language::ALL.map(Language::slug)))]
    pub language: String,
    /// The action, such as DetachDisk
    pub action: String,
    /// A parameter as Name=value; `fold_parameters` writes `--Name value` so
    #[arg(long = "parameter", hide = true)]
    pub parameters: Vec<String>,
    /// The server that the program calls
    #[arg(long, value_name = "URL", default_value = DEFAULT_ENDPOINT, env = "DISKDOCK_ENDPOINT")]
    pub endpoint: String,
    /// Call the vendor's cloud instead
    #[arg(long)]
    pub cloud: bool,
    /// The region
    #[arg(long, env = "ALIBABA_CLOUD_REGION_ID", default_value = DEFAULT_REGION)]
    pub region: String,
    /// Write the file into this folder instead of printing it
    #[arg(long, value_name = "FOLDER")]
    pub save: Option<PathBuf>,
    /// Write a project into this new folder: the program, what it needs with versions, a README
    #[arg(long, value_name = "FOLDER", conflicts_with = "save")]
    pub project: Option<PathBuf>,
}

/// Prints the program, and on standard error how to run it.
pub(super) fn run(args: SampleArgs) -> Result<(), Failure> {
    let language = Language::find(&args.language).expect("the parser knows the languages");
    let listed = actions::find(&args.action).ok_or_else(|| unknown_action(&args.action))?;
    let values = pairs(&args.parameters, listed.spec().parameters)?;
    check_names(listed.spec(), &values)?;
    let ask = Ask { listed, values: &values, target: target(&args)? };
    if let Some(folder) = &args.project {
        return save_project(folder, &project(language, &ask).map_err(no_sample)?);
    }
    let written = sample(language, &ask).map_err(no_sample)?;
    match &args.save {
        Some(folder) => save(folder.join(&written.file_name), &written)?,
        None => output::print(written.code.trim_end())?,
    }
    // Standard error may be closed; the program is written all the same.
    let how = written.how_to_run.trim_end();
    let _ = writeln!(std::io::stderr(), "To run it, in the folder that --project writes:\n{how}");
    Ok(())
}

fn no_sample(none: NoSample) -> Failure {
    Failure::new(none.why, "Try another language; `diskdock sample --help` lists them.")
}

/// Writes the files of a project into a new folder, or one that is empty.
fn save_project(folder: &Path, project: &Project) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        let message = format!("{} cannot be written: {error}", folder.display());
        Failure::new(message, "Name a new folder with --project.")
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    if std::fs::read_dir(folder).map_err(failed)?.next().is_some() {
        let message = format!("{} is not empty", folder.display());
        return Err(Failure::new(message, "Name a new folder with --project."));
    }
    for (name, content) in &project.files {
        std::fs::write(folder.join(name), content).map_err(failed)?;
    }
    output::print(&folder.display().to_string())?;
    let how = project.how_to_run.trim_end();
    let _ = writeln!(std::io::stderr(), "To run it, in that folder:\n{how}");
    Ok(())
}

fn target(args: &SampleArgs) -> Result<Target, Failure> {
    let region = args.region.clone();
    if args.cloud {
        return Ok(Target::Cloud { region });
    }
    let endpoint = Endpoint::parse(&args.endpoint)?;
    let https = endpoint.is_secure();
    Ok(Target::ThisServer { endpoint: endpoint.authority(), https, region })
}

fn save(path: PathBuf, written: &Sample) -> Result<(), Failure> {
    std::fs::write(&path, &written.code).map_err(|error| {
        let message = format!("{} cannot be written: {error}", path.display());
        Failure::new(message, "Name a folder that exists with --save.")
    })?;
    output::print(&path.display().to_string())
}
