//! Asks the server that a command line is for what it has, within a short deadline.

use std::path::PathBuf;
use std::time::Duration;

use clap::{CommandFactory, Parser};
use serde_json::Value;

use super::{Found, LiveValue, label_of};
use crate::actions::{find, resource};
use crate::assembly::worlds::MAIN;
use crate::catalog::Resource;
use crate::cli::Failure;
use crate::cli::admin::controls::{Controls, TOKEN_VARIABLE, token_for};
use crate::cli::call::{Credentials, DEFAULT_REGION, SigningClient, SigningScheme};
use crate::cli::client::{ApiClient, ConnectionArgs};
use crate::cli::data_directory::read_server_file;
use crate::cli::local_server::DEFAULT_DIRECTORY;
use crate::cli::output::text_of;
use crate::storage::Images;

/// A shell waits no longer for a list.
const DEADLINE: Duration = Duration::from_millis(300);
/// Entries on a page.
const PAGE: usize = 100;
/// Pages that are read at most.
const PAGES: usize = 20;

/// Options that say which server is asked, and as who.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct ServerWords {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    credentials: Credentials,
    #[arg(long, env = TOKEN_VARIABLE)]
    token: Option<String>,
    #[arg(long)]
    data_dir: Option<PathBuf>,
    #[arg(long, env = "DISKDOCK_WORLD")]
    world: Option<String>,
    #[arg(long, env = "ALIBABA_CLOUD_REGION_ID", default_value = DEFAULT_REGION)]
    region: String,
    #[arg(long = "RegionId")]
    region_id: Option<String>,
}

/// The values that there are, as many as came in time; none if anything goes wrong.
pub(super) fn ask(wanted: &LiveValue, words: &[String]) -> Vec<Found> {
    let mut found = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (Some(given), Ok(runtime)) = (ServerWords::read(words), runtime) else { return found };
    let asked = async { tokio::time::timeout(DEADLINE, given.fill(wanted, &mut found)).await };
    // A shell shows values only: a reason would be in the middle of the line that is written.
    let _ = runtime.block_on(asked);
    // A name that is still being looked up is not waited for.
    runtime.shutdown_background();
    found
}

impl ServerWords {
    /// The options among the words of a command line that need not be whole.
    fn read(words: &[String]) -> Option<ServerWords> {
        let command = ServerWords::command();
        let mut kept = Vec::new();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let Some(option) = word.strip_prefix("--") else { continue };
            let (name, value) =
                option.split_once('=').map_or((option, None), |(n, v)| (n, Some(v)));
            let known = command.get_arguments().find(|one| one.get_long() == Some(name));
            let Some(known) = known else { continue };
            kept.push(word.clone());
            if known.get_action().takes_values() && value.is_none() {
                kept.extend(rest.next().cloned());
            }
        }
        ServerWords::try_parse_from(kept).ok()
    }

    async fn fill(&self, wanted: &LiveValue, found: &mut Vec<Found>) -> Result<(), Failure> {
        let world = self.world.as_deref();
        let list = match wanted {
            LiveValue::Resources(nouns, statuses) => {
                for kind in nouns.iter().filter_map(|noun| resource(noun)) {
                    self.fill_resources(kind, statuses, found).await?;
                }
                return Ok(());
            }
            LiveValue::Images => return self.fill_images(found),
            LiveValue::InOperation(noun) => {
                let controls = self.controls()?.in_world(world);
                ControlList::of(controls, "operations", noun, &["kind", "phase"])
            }
            LiveValue::Worlds { with_main } => {
                let main = Found { value: MAIN.to_owned(), label: String::new() };
                found.extend(with_main.then_some(main));
                ControlList::of(self.controls()?, "worlds", "name", &["created_at"])
            }
            LiveValue::Hosts => {
                ControlList::of(self.controls()?, "hosts", "name", &["state", "zone"])
            }
            LiveValue::Keys => {
                let controls = self.controls_of_directory()?;
                ControlList::of(controls, "keys", "id", &["status", "account"])
            }
        };
        list.fill(found).await
    }

    async fn fill_resources(
        &self,
        kind: &'static Resource,
        statuses: &[&str],
        found: &mut Vec<Found>,
    ) -> Result<(), Failure> {
        let caller = SigningClient::new(&self.connection, &self.credentials, SigningScheme::V3)?;
        let listing = &kind.listing;
        let Some(listed) = find(listing.action) else { return Ok(()) };
        let has_pages = listed.spec().takes("PageSize");
        let region = self.region_id.as_ref().unwrap_or(&self.region);
        for page in 1..=PAGES {
            let mut asked = Vec::new();
            let mut add = |name: &str, value: String| {
                if listed.spec().takes(name) {
                    asked.push((name.to_owned(), value));
                }
            };
            add("PageNumber", page.to_string());
            add("PageSize", PAGE.to_string());
            add("RegionId", region.clone());
            let reply = caller.ask(listing.action, &asked).await?;
            let [outer, inner] = listing.path;
            let entries = reply[outer][inner].as_array().map_or(&[][..], Vec::as_slice);
            let fits = |entry: &&Value| {
                statuses.is_empty() || statuses.contains(&text_of(entry, "Status").as_str())
            };
            found.extend(entries.iter().filter(fits).map(|entry| Found {
                value: text_of(entry, listing.id),
                label: label_of(kind, entry),
            }));
            if !has_pages || entries.len() < PAGE {
                break;
            }
        }
        Ok(())
    }

    /// Those of the data directory, as `diskdock image` finds them.
    fn fill_images(&self, found: &mut Vec<Found>) -> Result<(), Failure> {
        let listing = Images::of(&self.directory()).list();
        let listing = listing.map_err(|fault| Failure::new(fault, ""))?;
        found.extend(
            listing
                .records
                .into_iter()
                .map(|record| Found { value: record.id, label: record.name }),
        );
        Ok(())
    }

    /// The controls of the server that the command would ask.
    fn controls(&self) -> Result<Controls, Failure> {
        if self.data_dir.is_some() {
            return self.controls_of_directory();
        }
        let token = self.token.clone().or_else(|| token_for(&self.connection.endpoint));
        Ok(Controls::of(ApiClient::new(&self.connection)?, token))
    }

    /// The controls of the server that has the data directory open.
    fn controls_of_directory(&self) -> Result<Controls, Failure> {
        let directory = self.directory();
        let endpoint = read_server_file(&directory, "endpoint")?;
        let token = read_server_file(&directory, "admin-token")?;
        let connection = ConnectionArgs { endpoint, ..self.connection.clone() };
        Ok(Controls::of(ApiClient::new(&connection)?, Some(token)))
    }

    fn directory(&self) -> PathBuf {
        let usual = || std::env::var_os("DISKDOCK_DATA_DIR").unwrap_or(DEFAULT_DIRECTORY.into());
        self.data_dir.clone().unwrap_or_else(|| usual().into())
    }
}

/// A list of the controls: `{"worlds": [{"name": …}]}` at `/worlds`.
struct ControlList<'a> {
    controls: Controls,
    name: &'a str,
    /// The field with the value.
    value: &'a str,
    /// The fields that are said of it.
    said: &'a [&'a str],
}

impl<'a> ControlList<'a> {
    fn of(
        controls: Controls,
        name: &'a str,
        value: &'a str,
        said: &'a [&'a str],
    ) -> ControlList<'a> {
        ControlList { controls, name, value, said }
    }

    async fn fill(&self, found: &mut Vec<Found>) -> Result<(), Failure> {
        let reply = self.controls.get(&format!("/{}", self.name)).await?;
        for entry in reply[self.name].as_array().into_iter().flatten() {
            let value = text_of(entry, self.value);
            let said = self.said.iter().map(|field| text_of(entry, field));
            let label = said.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ");
            let is_new = !value.is_empty() && found.iter().all(|known| known.value != value);
            found.extend(is_new.then_some(Found { value, label }));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> ServerWords {
        ServerWords::read(&line.split(' ').map(str::to_owned).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn read_finds_the_server_among_words_of_any_kind() {
        let given =
            read("diskdock call DetachDisk --endpoint http://h:1 --InstanceId i-1 --DiskId");
        assert_eq!(given.connection.endpoint, "http://h:1");
        let given = read("diskdock admin --world=w finish --data-dir /d --disk");
        assert_eq!(given.world.as_deref(), Some("w"));
        assert_eq!(given.data_dir.as_deref(), Some(std::path::Path::new("/d")));
        let given = read("diskdock call X --RegionId r --insecure --output table --DiskId d-");
        assert_eq!(given.region_id.as_deref(), Some("r"));
        assert!(given.connection.trust.insecure);
    }

    #[test]
    fn ask_gives_nothing_without_a_server() {
        let words = ["diskdock", "world", "switch", "--endpoint", "http://127.0.0.1:9"];
        let found = ask(&LiveValue::Worlds { with_main: true }, &words.map(str::to_owned));
        assert_eq!(found.iter().map(|one| one.value.as_str()).collect::<Vec<_>>(), ["main"]);
        assert_eq!(ask(&LiveValue::Hosts, &words.map(str::to_owned)), []);
    }
}
