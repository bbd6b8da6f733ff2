//! Every error code of the API, declared once: HTTP status, code, message.
//!
//! One code can have several messages; each pair is an entry of its own. Codes, statuses and
//! messages are the vendor's literals, odd spellings included.

mod common;
mod disk;
mod image;
mod instance;
mod instance_spec;
mod key_pair;
mod kms;
mod list;
mod ram;
mod region;
mod security_group;
mod snapshot;
mod snapshot_policy;
mod sts;
mod tag;
mod task;
mod vpc;

use std::borrow::Cow;

pub use common::*;
pub use disk::*;
pub use image::*;
pub use instance::*;
pub use instance_spec::*;
pub use key_pair::*;
pub use kms::*;
pub use list::ErrorList;
pub use ram::*;
pub use region::*;
pub use security_group::*;
pub use snapshot::*;
pub use snapshot_policy::*;
pub use sts::*;
pub use tag::*;
pub use task::*;
pub use vpc::*;

/// A call that a refused caller can make next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The query for the resource of this kind that the refused call named: `disk`.
    Look(&'static str),
    /// The query for all resources of this kind.
    List(&'static str),
    /// This action, with the resources that the refused call named.
    Call(&'static str),
}

/// One error that the API can answer.
#[derive(Debug, PartialEq, Eq)]
pub struct ErrorCode {
    /// HTTP status.
    pub status: u16,
    /// The code that clients match on.
    pub code: &'static str,
    /// The message for people. `{}` stands for the name of the parameter or resource concerned.
    pub message: &'static str,
    /// The remedy, in our words: for the reference pages and the explorer.
    pub remedy: &'static str,
    /// The calls that help, the most likely first.
    pub next: &'static [Next],
}

/// Declares error codes: `NAME = status "Code" "Message" => "Remedy."`, and with `then [...]` the
/// calls that help.
macro_rules! errors {
    ($(
        $name:ident = $status:literal $code:literal $message:literal
            => $remedy:literal $(then [$($next:ident($of:literal)),+])?;
    )*) => {
        $(
            #[doc = concat!($status, " `", $code, "`: ", $message)]
            pub static $name: $crate::catalog::ErrorCode = $crate::catalog::ErrorCode {
                status: $status,
                code: $code,
                message: $message,
                remedy: $remedy,
                next: &[$($($crate::catalog::errors::Next::$next($of)),+)?],
            };
        )*
        /// Every code of this file.
        pub(super) static ALL: &[&$crate::catalog::ErrorCode] = &[$(&$name),*];
    };
}
pub(crate) use errors;

/// All error codes.
pub fn all() -> impl Iterator<Item = &'static ErrorCode> {
    [
        common::ALL,
        disk::ALL,
        image::ALL,
        instance::ALL,
        instance_spec::ALL,
        key_pair::ALL,
        kms::ALL,
        region::ALL,
        ram::ALL,
        security_group::ALL,
        snapshot::ALL,
        snapshot_policy::ALL,
        sts::ALL,
        tag::ALL,
        task::ALL,
        vpc::ALL,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// Errors that belong to no group of actions.
pub fn common() -> impl Iterator<Item = &'static ErrorCode> {
    common::ALL.iter().copied()
}

/// A request that is refused because of what the caller sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The error.
    pub error: &'static ErrorCode,
    /// The message with its blanks filled in.
    pub message: Cow<'static, str>,
    /// Its cause, for the log and for tests; it is not part of the reply.
    pub cause: Cause,
    /// The detail of a refusal by policy; none of any other.
    pub denied: Option<Box<AccessDenied>>,
}

/// A refusal by policy in detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessDenied {
    /// `ecs:DetachDisk`
    pub action: String,
    /// `SubUser` or `AssumedRoleUser`
    pub principal_type: &'static str,
    /// The id of the user, the role and its session, or the key.
    pub principal: String,
    /// The account of the key.
    pub owner: String,
    /// Whether a statement denies it; otherwise none allows it.
    pub is_explicit: bool,
    /// The policies that decided: `AccountLevelIdentityBasedPolicy` and the like.
    pub policy_type: &'static str,
}

/// The cause of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The request itself, or what it names.
    Request,
    /// This precondition does not hold.
    Precondition(&'static str),
    /// An operator injected it.
    Injected,
}

impl Cause {
    /// The precondition, `injected`, or nothing.
    pub fn in_words(self) -> &'static str {
        match self {
            Cause::Request => "",
            Cause::Precondition(sentence) => sentence,
            Cause::Injected => "injected",
        }
    }
}

impl Refusal {
    /// The error with `{}` in its message replaced by `subject`.
    pub fn about(error: &'static ErrorCode, subject: &str) -> Refusal {
        Refusal { message: error.message.replace("{}", subject).into(), ..error.into() }
    }

    /// The error about `subject`, with a sentence that describes the expected value.
    pub fn expecting(error: &'static ErrorCode, subject: &str, expected: &str) -> Refusal {
        let message = format!("{} Expected {expected}.", error.message.replace("{}", subject));
        Refusal { message: message.into(), ..error.into() }
    }

    /// The error about what a key may not do.
    pub(crate) fn denied(error: &'static ErrorCode, denied: AccessDenied) -> Refusal {
        Refusal { denied: Some(Box::new(denied)), ..error.into() }
    }

    /// The same refusal with its cause.
    pub fn with_cause(self, cause: Cause) -> Refusal {
        Refusal { cause, ..self }
    }
}

impl From<&'static ErrorCode> for Refusal {
    fn from(error: &'static ErrorCode) -> Refusal {
        Refusal { error, message: error.message.into(), cause: Cause::Request, denied: None }
    }
}
