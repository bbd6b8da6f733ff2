//! The greeting: the first steps for a person, printed when the server is ready.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use domain::inventory::Inventory;

use super::args::ServeArgs;
use super::endpoint;
use crate::cli::{initial_access_key, output};
use crate::gateway::keys::{DEVELOPMENT_ID, DEVELOPMENT_SECRET};

/// A region and a zone of it for the first call: those of the documents, or the first there are.
pub(super) fn place_to_try(inventory: &Inventory) -> (String, String) {
    let zone = inventory.zone("cn-hangzhou-b").or_else(|| inventory.zones().next());
    zone.map(|zone| (zone.region_id.clone(), zone.id.clone())).unwrap_or_default()
}

/// The regions that are offered, for a person, or how to choose some.
fn regions_in_words(args: &ServeArgs) -> String {
    if args.regions.is_empty() {
        return "all; --regions cn-hangzhou keeps clients that walk them from the vendor's hosts"
            .to_owned();
    }
    args.regions.join(", ")
}

/// The first steps for a person, within one screen.
pub(super) fn greeting(
    args: &ServeArgs,
    address: SocketAddr,
    directory: &Path,
    (region, zone): &(String, String),
) -> String {
    let endpoint = endpoint(args, address);
    let kept = if args.ephemeral {
        "nowhere; it is gone when the server stops".to_owned()
    } else {
        std::fs::canonicalize(directory)
            .unwrap_or_else(|_| directory.to_owned())
            .display()
            .to_string()
    };
    if args.machines.has_guests() {
        return greeting_of_machines(args, &endpoint, directory);
    }
    let trusted = Trusted::of(args);
    let plain = trusted.file.is_none();
    let (of_aliyun, of_python, of_curl, of_diskdock) =
        (trusted.before_aliyun(), trusted.in_python(), trusted.of_curl(), trusted.variable());
    let insecure = if plain { " --insecure" } else { "" };
    let protocol = if plain { "http" } else { "https" };
    if !address.ip().is_loopback() {
        let trust = trusted.line();
        return format!(
            "diskdock {} at {endpoint}\n  explorer   {endpoint}/explorer\n  state      {kept}\n  \
             regions    {}\n{trust}  keys       those of --key and of `diskdock key list`\n",
            env!("CARGO_PKG_VERSION"),
            regions_in_words(args),
        );
    }
    // Secrets that the operator gave are not shown.
    let (key, secret) = match args.key.first() {
        Some(given) => (given.id.as_str(), "…"),
        None => (DEVELOPMENT_ID, DEVELOPMENT_SECRET),
    };
    format!(
        r#"diskdock {version} is ready.

  endpoint   {endpoint}
  explorer   {endpoint}/explorer
  state      {kept}
  regions    {regions}
  AccessKey  {key} / {secret}   region {region}   pace {pace}

Try one of these:

  {of_aliyun}aliyun ecs DescribeRegions --endpoint {address}{insecure} --mode AK \
    --access-key-id {key} --access-key-secret {secret} --region {region}

  python3 -c 'from alibabacloud_ecs20140526 import client, models as m
from alibabacloud_tea_openapi.utils_models import Config
c = client.Client(Config(access_key_id="{key}", access_key_secret="{secret}", endpoint="{address}", protocol="{protocol}"{of_python}))
print(c.create_disk(m.CreateDiskRequest(region_id="{region}", zone_id="{zone}", size=20, disk_category="cloud_essd")).body)'

  curl{of_curl} {endpoint}/_diskdock/health

  export DISKDOCK_ENDPOINT={endpoint}{of_diskdock}
  diskdock call --help     send any action from here
  diskdock admin --help    hold transitions, add faults, move the clock
"#,
        version = env!("CARGO_PKG_VERSION"),
        pace = args.pace,
        regions = regions_in_words(args),
    )
}

/// The certificate that clients have to trust, which may be one that no authority of the platform
/// has signed. Every text is empty without TLS.
pub(super) struct Trusted {
    /// Its file; none without TLS.
    pub file: Option<PathBuf>,
}

impl Trusted {
    pub(super) fn of(args: &ServeArgs) -> Trusted {
        let whole = |file: &PathBuf| std::fs::canonicalize(file).unwrap_or_else(|_| file.clone());
        Trusted { file: args.tls_cert.as_ref().map(whole) }
    }

    fn with_file(&self, write: impl Fn(&str) -> String) -> String {
        let file = self.file.as_ref().map(|file| output::shell_word(&file.to_string_lossy()));
        file.map_or_else(String::new, |file| write(&file))
    }

    /// The variable of programs in Go.
    fn before_aliyun(&self) -> String {
        self.with_file(|file| format!("SSL_CERT_FILE={file} "))
    }

    fn in_python(&self) -> String {
        let file = self.file.as_ref().map(|file| file.to_string_lossy().replace('"', "\\\""));
        file.map_or_else(String::new, |file| format!(", ca=\"{file}\""))
    }

    fn of_curl(&self) -> String {
        self.with_file(|file| format!(" --cacert {file}"))
    }

    /// The variable of this program.
    fn variable(&self) -> String {
        self.with_file(|file| format!(" DISKDOCK_CA_CERT={file}"))
    }

    /// A line of a table, for clients of any kind.
    fn line(&self) -> String {
        self.with_file(|file| format!("  trust      {file} (--ca-cert, or DISKDOCK_CA_CERT)\n"))
    }
}

/// The same with virtual machines, where the development key is off.
fn greeting_of_machines(args: &ServeArgs, endpoint: &str, directory: &Path) -> String {
    let directory = std::fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let key = initial_access_key::path_in(&directory);
    let (directory, key) = (directory.display(), key.display());
    let trusted = Trusted::of(args).variable();
    format!(
        "diskdock {version} runs virtual machines.

  endpoint   {endpoint}
  explorer   {endpoint}/explorer
  state      {directory}
  regions    {regions}
  AccessKey  in {key}, for users who may read it

On this host:

  export DISKDOCK_DATA_DIR={directory} DISKDOCK_ENDPOINT={endpoint}{trusted}
  diskdock call DescribeImages      with that key; other programs: . {key}
  diskdock admin operations         with the admin token beside it
",
        version = env!("CARGO_PKG_VERSION"),
        regions = regions_in_words(args),
    )
}

/// Prints and flushes; a closed pipe does not end the server.
pub(super) fn say(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
