//! `diskdock console`: shows the console output of an instance, follows it, and types into it.

mod interactive;
mod keyboard;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::admin::controls::TOKEN_VARIABLE;
use super::call::{Credentials, DEFAULT_REGION, SigningClient, SigningScheme};
use super::client::ConnectionArgs;
use super::{Failure, output};
use crate::ansi::AnsiStripper;

/// The interval of polling with `--follow`.
const PAUSE: Duration = Duration::from_secs(1);

/// Show the console output of an instance.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  diskdock console i-1                what it wrote last, up to 64 KiB
  diskdock console i-1 --follow       and what it writes from now on, until Ctrl-C
  diskdock console i-1 -i             a terminal on its serial port; Ctrl-] leaves
  echo uptime | diskdock console i-1 -i   types a line, and shows what comes until it is quiet")]
pub(crate) struct ConsoleArgs {
    /// The instance
    pub instance_id: String,
    /// Follow the output until Ctrl-C
    #[arg(long)]
    pub follow: bool,
    /// Type into the console of a virtual machine: a terminal, until Ctrl-]; with a pipe as input,
    /// its lines
    #[arg(short, long, conflicts_with = "follow")]
    pub interactive: bool,
    /// The admin token, for --interactive [default: that in the data directory of the server of
    /// this host]
    #[arg(long, env = TOKEN_VARIABLE, hide_env_values = true)]
    pub token: Option<String>,
    /// Keep escape sequences and control characters: the guest can control your terminal
    #[arg(long)]
    pub raw: bool,
    /// The region of the instance
    #[arg(long, env = "ALIBABA_CLOUD_REGION_ID", default_value = DEFAULT_REGION)]
    pub region: String,
    /// The key
    #[command(flatten)]
    pub credentials: Credentials,
    /// How to sign
    #[arg(long, value_enum, default_value = "v3")]
    pub signature: SigningScheme,
    /// The server
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// Shows the console.
pub(super) async fn run(args: ConsoleArgs) -> Result<(), Failure> {
    if args.interactive {
        return interactive::run(&args).await;
    }
    let caller = SigningClient::new(&args.connection, &args.credentials, args.signature)?;
    let mut screen = Screen { raw: args.raw, stripper: AnsiStripper::default() };
    let mut seen = fetch(&caller, &args).await?;
    let mut is_open = screen.show(&seen)?;
    while args.follow && is_open {
        tokio::time::sleep(PAUSE).await;
        let latest = fetch(&caller, &args).await?;
        let known = overlap(&seen, &latest);
        if known == 0 && !seen.is_empty() && !latest.is_empty() {
            eprintln!("diskdock: it does not go on where it was; some of it may be missing");
        }
        is_open = screen.show(&latest[known..])?;
        seen = latest;
    }
    Ok(())
}

/// The console output from the API.
async fn fetch(caller: &SigningClient, args: &ConsoleArgs) -> Result<Vec<u8>, Failure> {
    let asked = [
        ("InstanceId".to_owned(), args.instance_id.clone()),
        ("RegionId".to_owned(), args.region.clone()),
    ];
    let reply = caller.ask("GetInstanceConsoleOutput", &asked).await?;
    let encoded = reply.get("ConsoleOutput").and_then(|text| text.as_str()).unwrap_or_default();
    STANDARD.decode(encoded).map_err(|error| {
        let hint = "Is that an endpoint of the ECS API? Check --endpoint.";
        Failure::new(format!("the console is not in Base64: {error}"), hint)
    })
}

/// The output of the command.
struct Screen {
    raw: bool,
    stripper: AnsiStripper,
}

impl Screen {
    /// Writes new output; false if the pipe is closed.
    fn show(&mut self, piece: &[u8]) -> Result<bool, Failure> {
        if self.raw {
            output::write(piece)
        } else {
            output::write(self.stripper.push(piece).as_bytes())
        }
    }
}

/// How many bytes `latest` begins with that `seen` ends with, at most: the window moves.
fn overlap(seen: &[u8], latest: &[u8]) -> usize {
    let borders = borders(latest);
    let mut matched = 0;
    for byte in seen {
        while matched > 0 && latest.get(matched) != Some(byte) {
            matched = borders[matched - 1];
        }
        if latest.get(matched) == Some(byte) {
            matched += 1;
        }
    }
    matched
}

/// For each beginning of the text, the length of the longest shorter one that it ends with.
fn borders(text: &[u8]) -> Vec<usize> {
    let mut borders = vec![0; text.len()];
    let mut length = 0;
    for at in 1..text.len() {
        while length > 0 && text[length] != text[at] {
            length = borders[length - 1];
        }
        if text[length] == text[at] {
            length += 1;
        }
        borders[at] = length;
    }
    borders
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn new_text_after_a_moved_window_is_found() {
        for (seen, latest, fresh) in [
            ("", "", ""),
            ("", "new", "new"),
            ("old", "old", ""),
            ("old", "old and new", " and new"),
            ("first, second", "second, third", ", third"),
            ("aaa", "aaab", "b"),
            ("abab", "ababc", "c"),
            ("xaab", "aabaab", "aab"),
            ("gone", "from anew", "from anew"),
            ("gone", "", ""),
        ] {
            let known = overlap(seen.as_bytes(), latest.as_bytes());
            assert_eq!(&latest[known..], fresh, "{seen:?} {latest:?}");
        }
    }

    proptest! {
        #[test]
        fn longest_overlap_is_used(seen in "[ab]{0,12}", latest in "[ab]{0,12}") {
            let longest = (0..=seen.len().min(latest.len()))
                .rev()
                .find(|length| seen.ends_with(&latest[..*length]));
            prop_assert_eq!(Some(overlap(seen.as_bytes(), latest.as_bytes())), longest);
        }
    }
}
