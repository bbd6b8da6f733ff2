//! `diskdock key`: access keys, in the store or through the server that holds them.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::catalog::TextFormat;
use super::data_directory::{check_writable, is_held, unless_full};
use super::local_args::LocalArgs;
use super::{Failure, output};
use crate::admin::keys::shown;
use crate::clock::Clock;
use crate::gateway::keys::new_key;
use crate::gateway::signature::percent_encode;
use crate::policy::Policy;
use crate::store::postgres;
use crate::store::sqlite::{Durability, Sqlite};
use crate::store::{AccessKey, KeyStatus, Store, StoreError, WriteTx};

/// Seconds to wait for a reply of a running server.
const TIMEOUT_S: u64 = 30;

/// Create, list, disable, enable and delete access keys.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diskdock key create                      a new key; its secret is shown this once
  diskdock key create --account 1000000000000002
  diskdock key create --policy readers.json   a key that may do what the policy allows
  diskdock key list --data-dir /var/lib/diskdock

The keys lie in the data directory. If a server has it open, the server is asked.")]
pub(crate) struct KeyArgs {
    #[command(flatten)]
    local: LocalArgs,
    #[command(subcommand)]
    command: Option<KeyCommand>,
}

#[derive(Clone, Debug, Subcommand)]
enum KeyCommand {
    /// Create a key and show its secret, this once
    Create {
        /// The account whose resources the key gives access to
        #[arg(long, default_value = "1000000000000001")]
        account: String,
        /// A file with a policy in the language of RAM, which says what the key may do; may be
        /// given several times. A key without policies may do everything
        #[arg(long, value_name = "FILE")]
        policy: Vec<PathBuf>,
    },
    /// List the keys, without their secrets
    List,
    /// Refuse a key from now on
    Disable {
        /// The key's id
        id: String,
    },
    /// Accept a disabled key again
    Enable {
        /// The key's id
        id: String,
    },
    /// Remove a key
    Delete {
        /// The key's id
        id: String,
    },
}

impl KeyArgs {
    /// The command; without one, the keys are listed.
    fn command(&self) -> &KeyCommand {
        self.command.as_ref().unwrap_or(&KeyCommand::List)
    }
}

/// Runs the command.
pub(super) async fn run(args: KeyArgs) -> Result<(), Failure> {
    let reply = if is_held(&args.local.data_dir)? {
        eprintln!("diskdock: a server has {} open; asking it", args.local.data_dir.display());
        ask_server(&args).await?
    } else {
        change_store(&args).await?
    };
    show(&args, &reply)
}

async fn ask_server(args: &KeyArgs) -> Result<Value, Failure> {
    let controls = args.local.controls(TIMEOUT_S)?;
    let of_key = |id: &str, verb: &str| format!("/keys/{}{verb}", percent_encode(id));
    match args.command() {
        KeyCommand::Create { account, policy } => {
            let policies = read_policies(policy)?;
            let wanted = json!({ "account": account, "policies": policies });
            controls.post("/keys", &wanted).await
        }
        KeyCommand::List => controls.get("/keys").await,
        KeyCommand::Disable { id } => controls.post(&of_key(id, "/disable"), &json!({})).await,
        KeyCommand::Enable { id } => controls.post(&of_key(id, "/enable"), &json!({})).await,
        KeyCommand::Delete { id } => controls.delete(&of_key(id, "")).await,
    }
}

async fn change_store(args: &KeyArgs) -> Result<Value, Failure> {
    let directory = &args.local.data_dir;
    if postgres::is_used_by(directory) {
        let hint = "Start the server and run this again; for the first start, DISKDOCK_KEYS gives \
                    a key.";
        let what = format!("the keys of {} are in PostgreSQL", directory.display());
        return Err(Failure::new(what, hint));
    }
    let creates = matches!(args.command(), KeyCommand::Create { .. });
    if !creates && !directory.join("books.sqlite").exists() {
        let hint = "Name the server's data directory with --data-dir.";
        return Err(Failure::usage(format!("there is no store in {}", directory.display()), hint));
    }
    let otherwise = "name another directory with --data-dir. DISKDOCK_KEYS=ID:SECRET gives a server \
                     a key that is kept nowhere.";
    check_writable(directory, otherwise)?;
    let broken = |fault: StoreError| unless_full(Failure::new(fault, ""), directory, otherwise);
    let store = Store::new(Sqlite::open(directory, Durability::Synced).map_err(broken)?);
    let now = Clock::default().now();
    let command = args.command().clone();
    let policies = match &command {
        KeyCommand::Create { policy, .. } => read_policies(policy)?,
        _ => Vec::new(),
    };
    let changed = store.write(move |tx| change(tx, &command, &policies, now)).await;
    let changed = changed.map_err(broken)?;
    if creates {
        eprintln!(
            "diskdock: no server has {} open; the key is kept there for one that will (a server with \
             another directory, or with --ephemeral, does not know it)",
            directory.display()
        );
    }
    changed.ok_or_else(|| Failure::new("there is no such key", "See `diskdock key list`."))
}

/// Changes the store; `None` if there is no such key.
fn change(
    tx: &mut dyn WriteTx,
    command: &KeyCommand,
    policies: &[Value],
    now: domain::Moment,
) -> Result<Option<Value>, StoreError> {
    match command {
        KeyCommand::Create { account, .. } => {
            let made = new_key(account.as_str().into(), now);
            let key = AccessKey { policies: policies.to_vec(), ..made };
            tx.save_access_key(&key)?;
            let mut reply = shown(&key);
            reply["secret"] = key.secret.into();
            Ok(Some(reply))
        }
        KeyCommand::List => {
            let keys = tx.access_keys()?;
            Ok(Some(json!({ "keys": keys.iter().map(shown).collect::<Vec<_>>() })))
        }
        KeyCommand::Disable { id } => switch(tx, id, KeyStatus::Inactive),
        KeyCommand::Enable { id } => switch(tx, id, KeyStatus::Active),
        KeyCommand::Delete { id } => {
            let found = find(tx, id)?.is_some();
            tx.remove_access_key(id)?;
            Ok(found.then(|| json!({ "deleted": id })))
        }
    }
}

/// The policies in these files, checked.
fn read_policies(files: &[PathBuf]) -> Result<Vec<Value>, Failure> {
    let read = |path: &PathBuf| {
        let wrong = |error: &dyn std::fmt::Display| {
            let hint = "See docs/access.md for the language of policies.";
            Failure::usage(format!("{}: {error}", path.display()), hint)
        };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
        let document = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
        Policy::parse("", &document).map_err(|error| wrong(&error))?;
        Ok(document)
    };
    files.iter().map(read).collect()
}

fn find(tx: &dyn WriteTx, id: &str) -> Result<Option<AccessKey>, StoreError> {
    Ok(tx.access_keys()?.into_iter().find(|key| key.id == id))
}

fn switch(tx: &mut dyn WriteTx, id: &str, status: KeyStatus) -> Result<Option<Value>, StoreError> {
    let Some(mut key) = find(tx, id)? else { return Ok(None) };
    key.status = status;
    tx.save_access_key(&key)?;
    Ok(Some(shown(&key)))
}

fn show(args: &KeyArgs, reply: &Value) -> Result<(), Failure> {
    if args.local.output == TextFormat::Json {
        return output::print_json(reply);
    }
    let text = |name: &str| output::text_of(reply, name);
    match args.command() {
        KeyCommand::Create { .. } => output::print(&format!(
            "export ALIBABA_CLOUD_ACCESS_KEY_ID={}\nexport ALIBABA_CLOUD_ACCESS_KEY_SECRET={}\n\
             # account {}; the secret is not shown again",
            text("id"),
            text("secret"),
            text("account"),
        )),
        KeyCommand::List => {
            let keys = reply.get("keys").unwrap_or(reply).as_array().cloned().unwrap_or_default();
            let columns = ["id", "account", "status", "created_at", "expires_at"];
            let row = |key: &Value| columns.map(|column| output::text_of(key, column)).to_vec();
            let rows: Vec<Vec<String>> = keys.iter().map(row).collect();
            if rows.is_empty() {
                return output::print("no keys: `diskdock key create` makes one");
            }
            output::print(&output::table(&["id", "account", "status", "created", "ends"], &rows))
        }
        KeyCommand::Delete { id } => output::print(&format!("{id} is deleted")),
        KeyCommand::Disable { id } | KeyCommand::Enable { id } => {
            output::print(&format!("{id} is {}", text("status")))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::cli::tls::Trust;

    fn args(directory: &Path, command: KeyCommand) -> KeyArgs {
        let data_dir = directory.to_owned();
        let (output, trust) = (TextFormat::Json, Trust::default());
        KeyArgs { local: LocalArgs { data_dir, output, trust }, command: Some(command) }
    }

    #[tokio::test]
    async fn key_is_created_listed_and_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        let none = change_store(&args(at, KeyCommand::List)).await.unwrap_err();
        assert_eq!(none.code, super::super::USAGE);
        let policy = Vec::new();
        let create = KeyCommand::Create { account: "7".to_owned(), policy };
        let key = change_store(&args(at, create)).await.unwrap();
        let id = key["id"].as_str().unwrap().to_owned();
        assert!(id.starts_with("LTAI5t") && id.len() == 24);
        assert_eq!(key["secret"].as_str().unwrap().len(), 30);
        let disable = KeyCommand::Disable { id: id.clone() };
        assert_eq!(change_store(&args(at, disable)).await.unwrap()["status"], "Inactive");
        let listed = change_store(&args(at, KeyCommand::List)).await.unwrap();
        assert_eq!(listed["keys"][0]["status"], "Inactive");
        assert!(listed["keys"][0].get("secret").is_none());
        change_store(&args(at, KeyCommand::Delete { id: id.clone() })).await.unwrap();
        assert!(change_store(&args(at, KeyCommand::Enable { id })).await.is_err());
    }

    #[tokio::test]
    async fn key_with_a_policy_keeps_it_and_a_wrong_policy_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        let file = at.join("policy.json");
        let create = || {
            let policy = vec![file.clone()];
            args(at, KeyCommand::Create { account: "7".to_owned(), policy })
        };
        assert!(change_store(&create()).await.is_err());
        std::fs::write(&file, "{}").unwrap();
        assert!(change_store(&create()).await.unwrap_err().message.contains("Version"));
        let statement = json!({ "Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*" });
        let policy = json!({ "Version": "1", "Statement": [statement] });
        std::fs::write(&file, policy.to_string()).unwrap();
        change_store(&create()).await.unwrap();
        let listed = change_store(&args(at, KeyCommand::List)).await.unwrap();
        assert_eq!(listed["keys"][0]["policies"], json!([policy]));
    }
}
