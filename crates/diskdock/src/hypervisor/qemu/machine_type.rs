//! The versioned machine type of a machine, such as `pc-q35-7.2`.
//!
//! A version stands for the hardware that a guest sees. It is chosen when a machine starts for
//! the first time and stays on its record, so that another QEMU gives it the same hardware.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

/// The kind of machine, which QEMU takes for its newest version.
const KIND: &str = "q35";
/// How long QEMU may take to list its machine types.
const LIST_TIMEOUT: Duration = Duration::from_secs(10);

/// The machine types that a QEMU knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MachineTypes {
    /// The newest version, for a new machine.
    pub newest: String,
    /// All versions of the kind.
    pub known: Vec<String>,
}

impl MachineTypes {
    /// Asks a QEMU for its machine types.
    pub(crate) async fn of(qemu: &Path) -> Result<MachineTypes, String> {
        let mut command = Command::new(qemu);
        command.args(["-machine", "help"]).env("LC_ALL", "C");
        command.stdin(Stdio::null()).kill_on_drop(true);
        let cannot = |why: String| format!("{} cannot list its machines: {why}", qemu.display());
        let output = match timeout(LIST_TIMEOUT, command.output()).await {
            Err(_) => return Err(cannot("it did not answer in time".to_owned())),
            Ok(Err(error)) => {
                let see = "`diskdock doctor` says what is missing";
                return Err(format!("{} cannot be run ({error}); {see}", qemu.display()));
            }
            Ok(Ok(output)) => output,
        };
        let listed = String::from_utf8_lossy(&output.stdout);
        MachineTypes::parse(&listed)
            .ok_or_else(|| cannot(format!("there is no {KIND} among what it lists")))
    }

    /// Lines such as `q35  Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-7.2)`.
    fn parse(listed: &str) -> Option<MachineTypes> {
        let versioned = format!("pc-{KIND}-");
        let names = listed.lines().filter_map(|line| line.split_whitespace().next());
        let known = names.filter(|name| name.starts_with(&versioned)).map(str::to_owned);
        let alias = listed.lines().find(|line| line.split_whitespace().next() == Some(KIND))?;
        let (_, newest) = alias.split_once("(alias of ")?;
        let newest = newest.split_once(')')?.0.to_owned();
        Some(MachineTypes { newest, known: known.collect() })
    }

    /// The machine type of a machine that has this one on its record; none there: a new machine.
    pub(crate) fn choose(&self, recorded: Option<&str>) -> Result<String, String> {
        let Some(recorded) = recorded else { return Ok(self.newest.clone()) };
        if self.known.iter().any(|known| known == recorded) {
            return Ok(recorded.to_owned());
        }
        Err(format!(
            "this QEMU no longer knows the machine type {recorded}, which the instance was made \
             with: run the server with a QEMU that does (--qemu), or accept other hardware by \
             taking `machine_type` out of the instance's machine.json (docs/hosts.md says how)"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED: &str = "\
Supported machines are:
microvm              microvm (i386)
pc                   Standard PC (i440FX + PIIX, 1996) (alias of pc-i440fx-7.2)
pc-i440fx-7.2        Standard PC (i440FX + PIIX, 1996) (default)
q35                  Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-7.2)
pc-q35-7.2           Standard PC (Q35 + ICH9, 2009)
pc-q35-7.1           Standard PC (Q35 + ICH9, 2009)
none                 empty machine
";

    #[test]
    fn parse_finds_the_newest_and_all_versions_of_the_kind() {
        let types = MachineTypes::parse(LISTED).unwrap();
        assert_eq!(types.newest, "pc-q35-7.2");
        assert_eq!(types.known, ["pc-q35-7.2", "pc-q35-7.1"]);
        assert_eq!(MachineTypes::parse("Supported machines are:\nnone  empty machine\n"), None);
    }

    #[test]
    fn choose_keeps_the_recorded_version_and_refuses_one_that_is_gone() {
        let types = MachineTypes::parse(LISTED).unwrap();
        assert_eq!(types.choose(None).unwrap(), "pc-q35-7.2");
        assert_eq!(types.choose(Some("pc-q35-7.1")).unwrap(), "pc-q35-7.1");
        let refused = types.choose(Some("pc-q35-2.4")).unwrap_err();
        assert!(refused.contains("pc-q35-2.4") && refused.contains("--qemu"), "{refused}");
    }
}
