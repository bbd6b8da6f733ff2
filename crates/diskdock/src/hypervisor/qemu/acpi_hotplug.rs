//! Whether a guest listens to hot-plug events.
//!
//! Under ACPI hot-plug a guest's system enables the event once it is up, and QEMU forgets a request
//! that comes before. The register of enabled events can only be read through the monitor for
//! people, whose answer looks like `portb[0x0628] = 0x06`.

use qmp::commands::HumanMonitorCommand;

use super::machine::transient;
use crate::hypervisor::TransientError;

/// Reads the low byte of GPE0_EN, which the q35 machine has at this I/O port: its power management
/// registers begin at 0x600, GPE0 at 0x620, and the second half of that says what is enabled.
const READ_ENABLED: &str = "i /b 0x628";
/// The event of a PCI device that comes or is to go.
const PCI_HOT_PLUG: u8 = 1 << 1;

/// Whether the guest listens; none if unknown.
pub(super) async fn hotplug_enabled(client: &qmp::Client) -> Result<Option<bool>, TransientError> {
    let command = HumanMonitorCommand { command_line: READ_ENABLED.to_owned() };
    match client.execute(command).await {
        Ok(answer) => Ok(parse(&answer)),
        Err(qmp::Error::Refused { .. }) => Ok(None),
        Err(other) => Err(transient(other)),
    }
}

fn parse(answer: &str) -> Option<bool> {
    let (_, value) = answer.rsplit_once("= 0x")?;
    let enabled = u8::from_str_radix(value.trim(), 16).ok()?;
    Some(enabled & PCI_HOT_PLUG != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_reads_the_bit_and_takes_anything_else_for_unknown() {
        assert_eq!(parse("portb[0x0628] = 0x06\r\n"), Some(true));
        assert_eq!(parse("portb[0x0628] = 0x04\r\n"), Some(false));
        assert_eq!(parse("portb[0x0628] = 0x00"), Some(false));
        for odd in ["", "unknown command: 'i'", "= 0x", "= 0x1ff", "= 0xzz"] {
            assert_eq!(parse(odd), None, "{odd}");
        }
    }
}
