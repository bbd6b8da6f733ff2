//! Lists of error codes that are put together when the program is compiled.

use super::{ErrorCode, INTERNAL_ERROR};
use crate::catalog::Precondition;

/// Codes that a list holds at most.
const ROOM: usize = 64;

/// A list of error codes, in order.
pub struct ErrorList {
    codes: [&'static ErrorCode; ROOM],
    length: usize,
}

impl ErrorList {
    /// These codes.
    pub const fn of(codes: &[&'static ErrorCode]) -> ErrorList {
        ErrorList { codes: [&INTERNAL_ERROR; ROOM], length: 0 }.and(codes)
    }

    /// These codes as well.
    pub const fn and(mut self, codes: &[&'static ErrorCode]) -> ErrorList {
        let mut at = 0;
        while at < codes.len() {
            self.codes[self.length] = codes[at];
            self.length += 1;
            at += 1;
        }
        self
    }

    /// The codes of these rules as well.
    pub const fn and_of<Facts>(mut self, rules: &[Precondition<Facts>]) -> ErrorList {
        let mut at = 0;
        while at < rules.len() {
            self.codes[self.length] = rules[at].error;
            self.length += 1;
            at += 1;
        }
        self
    }

    /// The codes.
    pub const fn as_slice(&self) -> &[&'static ErrorCode] {
        self.codes.split_at(self.length).0
    }
}
