//! Faults that an operator plants, in ECS's own dialect: the first calls of an action are answered
//! with a code, throttled, answered slowly, done twice, or done without an answer.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::catalog::errors::{self, THROTTLING_USER};
use crate::catalog::{ErrorCode, Refusal};

/// Planted faults at most.
const PLANTED: usize = 1_000;
/// The longest planted delay, in milliseconds.
pub const SLOWEST_MS: u64 = 600_000;

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with this error and has no effect.
    Answer {
        /// The error.
        error: Refusal,
    },
    /// It has its effect, and the connection is closed without an answer.
    DropReply,
    /// It is held up first.
    Slow {
        /// Milliseconds.
        milliseconds: u64,
    },
    /// It is delivered twice; the second delivery is answered.
    Twice,
}

/// A fault as an operator writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Order {
    /// Answer with the error of this code.
    Answer {
        /// The code.
        code: String,
    },
    /// Answer `Throttling.User`.
    Throttle,
    /// Do it and close the connection without an answer.
    DropReply,
    /// Hold it up first.
    Slow {
        /// Milliseconds.
        milliseconds: u64,
    },
    /// Deliver it twice.
    Twice,
}

/// A planted fault: which calls, and what happens to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlantedFault {
    /// Calls of this action; of any if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Leave so many calls alone first.
    #[serde(default)]
    pub skip: u32,
    /// Then so many calls; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// What happens to them.
    pub fault: Order,
}

/// The planted faults, in order; the first that applies to a call counts.
#[derive(Debug, Default)]
pub struct Faults {
    plans: Mutex<Vec<PlantedFault>>,
}

impl Faults {
    /// Plants a fault behind the others; says what is wrong with it, if anything is.
    pub fn plant(&self, plan: PlantedFault) -> Result<(), String> {
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
        if plans.len() >= PLANTED {
            return Err(format!("at most {PLANTED} faults; clear some first"));
        }
        plans.push(plan);
        Ok(())
    }

    /// The planted faults that have calls left.
    pub fn plans(&self) -> Vec<PlantedFault> {
        self.lock().clone()
    }

    /// Takes all faults away.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// What happens to this call of `action`, if anything does.
    pub fn strike(&self, action: &str) -> Option<Fault> {
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

    fn lock(&self) -> MutexGuard<'_, Vec<PlantedFault>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PlantedFault {
    /// Whether it applies to this call; a call that it is to leave alone is counted.
    fn applies_to(&mut self, action: &str) -> bool {
        if self.action.as_ref().is_some_and(|wanted| wanted != action) {
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
                Fault::Answer { error: Refusal::about(error, "planted by an operator") }
            }
            Order::Throttle => Fault::Answer { error: (&THROTTLING_USER).into() },
            Order::DropReply => Fault::DropReply,
            Order::Slow { milliseconds } => Fault::Slow { milliseconds },
            Order::Twice => Fault::Twice,
        }
    }
}

fn error_of(code: &str) -> Result<&'static ErrorCode, String> {
    errors::all()
        .find(|error| error.code == code)
        .ok_or_else(|| format!("there is no error code {code}; see `diskdock catalog`"))
}
