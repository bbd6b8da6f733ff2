//! Faults that an operator injects: calls of an action fail with an error code, are throttled,
//! delayed, delivered twice, or carried out without a reply.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::actions::PRODUCTS;
use crate::catalog::errors::{self, THROTTLING_USER};
use crate::catalog::{ErrorCode, Listed, Refusal};

/// Injected faults at most.
const MOST_FAULTS: usize = 1_000;
/// The longest injected delay, in milliseconds.
pub(crate) const SLOWEST_MS: u64 = 600_000;

/// A fault of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The call fails with this error and has no effect.
    Answer {
        /// The error.
        error: Refusal,
    },
    /// The call has its effect, and the connection is closed without a reply.
    DropReply,
    /// The call is delayed.
    Slow {
        /// Milliseconds.
        milliseconds: u64,
    },
    /// The call is delivered twice; the reply is that of the second delivery.
    Twice,
}

/// A fault as an operator writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub(crate) enum Order {
    /// Fail with the error of this code.
    Answer {
        /// The code.
        code: String,
    },
    /// Fail with `Throttling.User`.
    Throttle,
    /// Carry it out and close the connection without a reply.
    DropReply,
    /// Delay it.
    Slow {
        /// Milliseconds.
        milliseconds: u64,
    },
    /// Deliver it twice.
    Twice,
}

/// An injected fault: the calls that it applies to, and the fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InjectedFault {
    /// The action; all actions if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// How many calls are skipped first.
    #[serde(default)]
    pub skip: u32,
    /// How many calls have the fault then; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// The fault.
    pub fault: Order,
}

/// The injected faults, in order; the first that applies to a call counts.
#[derive(Debug, Default)]
pub struct Faults {
    plans: Mutex<Vec<InjectedFault>>,
}

impl Faults {
    /// Takes over the injected faults of another world as they are now.
    pub(crate) fn copy_from(&self, other: &Faults) {
        let copy = other.lock().clone();
        *self.lock() = copy;
    }

    /// Adds a fault behind the others; the error describes an invalid one.
    pub(crate) fn inject(&self, plan: InjectedFault) -> Result<(), String> {
        if let Some(action) = &plan.action
            && crate::actions::find(action).is_none()
        {
            return Err(format!("there is no action {action}; see `diskdock catalog`"));
        }
        if plan.times == Some(0) {
            return Err("times must be at least 1; leave it out for all calls".to_owned());
        }
        match &plan.fault {
            Order::Answer { code } => drop(error_of(code)?),
            Order::Slow { milliseconds } if *milliseconds > SLOWEST_MS => {
                return Err(format!("at most {SLOWEST_MS} milliseconds"));
            }
            Order::Slow { .. } | Order::Throttle | Order::DropReply | Order::Twice => {}
        }
        let mut plans = self.lock();
        if plans.len() >= MOST_FAULTS {
            return Err(format!("at most {MOST_FAULTS} faults; clear some first"));
        }
        plans.push(plan);
        Ok(())
    }

    /// The injected faults that have calls left.
    pub(crate) fn plans(&self) -> Vec<InjectedFault> {
        self.lock().clone()
    }

    /// Removes all faults.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// The fault of this call, if any.
    pub(crate) fn next_fault(&self, action: Listed) -> Option<Fault> {
        let mut plans = self.lock();
        let at = plans.iter_mut().position(|plan| plan.applies_to(action))?;
        let order = plans[at].fault.clone();
        if let Some(times) = &mut plans[at].times {
            *times -= 1;
            if *times == 0 {
                plans.remove(at);
            }
        }
        Some(order.fault())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<InjectedFault>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InjectedFault {
    /// Whether it applies to this call; counts a call that it skips.
    fn applies_to(&mut self, called: Listed) -> bool {
        if self.action.as_ref().is_some_and(|wanted| !called.is_called(PRODUCTS, wanted)) {
            return false;
        }
        let leave_alone = self.skip > 0;
        self.skip = self.skip.saturating_sub(1);
        !leave_alone
    }
}

impl Order {
    fn fault(self) -> Fault {
        match self {
            Order::Answer { code } => {
                let error = error_of(&code).unwrap_or(&errors::INTERNAL_ERROR);
                Fault::Answer { error: Refusal::about(error, "injected by an operator") }
            }
            Order::Throttle => Fault::Answer { error: (&THROTTLING_USER).into() },
            Order::DropReply => Fault::DropReply,
            Order::Slow { milliseconds } => Fault::Slow { milliseconds },
            Order::Twice => Fault::Twice,
        }
    }
}

/// The error of a code; of several, the first whose message has no blank, if there is one.
fn error_of(code: &str) -> Result<&'static ErrorCode, String> {
    errors::all()
        .filter(|error| error.code == code)
        .min_by_key(|error| error.message.contains("{}"))
        .ok_or_else(|| format!("there is no error code {code}; see `diskdock catalog`"))
}
