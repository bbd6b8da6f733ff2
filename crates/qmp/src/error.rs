//! Why there is no connection, and why a command has no reply.

use std::io;
use std::time::Duration;

use crate::wire::ErrorClass;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The socket cannot be reached.
    #[error("cannot connect: {0}")]
    Unreachable(#[from] io::Error),
    /// There was no greeting, or no answer to the negotiation, in time. QEMU serves one client of a
    /// monitor at a time and lets the others wait.
    #[error("no greeting within {0:?}; another client may hold the monitor")]
    TimedOut(Duration),
    /// The peer does not speak QMP, or prints it over several lines (`pretty=on`).
    #[error("no QMP greeting, one line of JSON (without pretty=on): {0}")]
    NotQmp(String),
    /// The negotiation failed.
    #[error("cannot negotiate: {0}")]
    Negotiation(Error),
}

/// Why a command has no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// QEMU said no.
    #[error("{description}")]
    Refused {
        /// The kind of refusal.
        class: ErrorClass,
        /// Why, for people: the words differ from version to version.
        description: String,
    },
    /// There was no reply in time. The command may have been carried out, or may yet be.
    #[error("no reply to {command} within {after:?}")]
    TimedOut {
        /// The command.
        command: &'static str,
        /// The deadline.
        after: Duration,
    },
    /// The connection has ended, or takes no more commands. The command may have been carried out.
    #[error("the connection has ended")]
    Closed,
    /// The connection was given up, because nothing that came over it later could be trusted. The
    /// command may have been carried out.
    #[error("the connection was given up: {reason}")]
    Broken {
        /// The cause, for people.
        reason: String,
    },
    /// Too many commands wait for their replies.
    #[error("too many commands wait for their replies")]
    Busy,
    /// The reply is not what the command gives.
    #[error("{command} gave something odd: {what}")]
    Malformed {
        /// The command.
        command: &'static str,
        /// The mistake in the reply.
        what: String,
    },
}
