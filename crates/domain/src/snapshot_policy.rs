//! An automatic snapshot policy: at which hours of which weekdays snapshots of its disks are made,
//! and how long they are kept.
//!
//! Hours and weekdays are those of UTC+8. An hour of the schedule is a slot; each slot is carried
//! out once, and of several that were missed only the last.

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, EntityId, EntityKind, common_fields};
use crate::ids::AccountId;
use crate::moment::Moment;
use crate::tag::Tag;
use crate::unknown::UnknownFields;

ids!(
    /// An automatic snapshot policy, `sp-…`.
    SnapshotPolicyId,
);

/// Seconds in an hour.
const HOUR_S: i64 = 3_600;
/// Hours in a week: no slot lies further back.
const WEEK_H: i64 = 7 * 24;
/// Seconds that the time of the schedule is ahead of UTC.
const AHEAD_S: i64 = 8 * HOUR_S;

/// An automatic snapshot policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SnapshotPolicy {
    /// `sp-…`.
    pub id: SnapshotPolicyId,
    /// The owner.
    pub account: AccountId,
    /// The region it lies in.
    pub region: String,
    /// Display name, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Hours of the day, 0 to 23.
    pub hours: Vec<u8>,
    /// Days of the week, 1 (Monday) to 7.
    pub weekdays: Vec<u8>,
    /// Days that its snapshots are kept; for ever if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// Keys are unique.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// The resource group, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource_group: String,
    /// When it was created.
    pub created_at: Moment,
    /// Up to here its schedule is carried out: slots from then on are due.
    pub done_until: Moment,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl SnapshotPolicy {
    /// The slot that is due: the last one up to now, if it was not carried out yet.
    pub fn due_slot(&self, now: Moment) -> Option<Moment> {
        let believed = |moment: &Moment| !moment.is_of_wrong_clock(now);
        let done = [self.done_until, self.created_at].into_iter().find(believed);
        self.last_slot(now).filter(|slot| done.is_none_or(|done| *slot > done))
    }

    /// This slot was carried out.
    pub fn carried_out(&mut self, slot: Moment, now: Moment) {
        let is_later = self.done_until > slot && !self.done_until.is_of_wrong_clock(now);
        if !is_later {
            self.done_until = slot;
        }
    }

    /// The last slot up to now.
    fn last_slot(&self, now: Moment) -> Option<Moment> {
        let this_hour = now.seconds().div_euclid(HOUR_S);
        let mut hours = (0..=WEEK_H).map(|back| this_hour - back);
        let found = hours.find(|hour| self.has_slot_at(hour * HOUR_S))?;
        Some(Moment(found * HOUR_S * 1_000))
    }

    /// Whether its schedule names this hour, in seconds since 1970.
    fn has_slot_at(&self, second: i64) -> bool {
        let hours = (second + AHEAD_S).div_euclid(HOUR_S);
        let (hour, day) = (hours.rem_euclid(24), hours.div_euclid(24));
        // 1970 began on a Thursday.
        let weekday = (day + 3).rem_euclid(7) + 1;
        let has = |list: &[u8], wanted: i64| list.iter().any(|one| i64::from(*one) == wanted);
        has(&self.hours, hour) && has(&self.weekdays, weekday)
    }
}

impl EntityId for SnapshotPolicyId {
    type Entity = SnapshotPolicy;

    fn as_str(&self) -> &str {
        self.as_str()
    }
}

impl Entity for SnapshotPolicy {
    common_fields!(SnapshotPolicyId);

    const KIND: EntityKind = EntityKind {
        name: "snapshot policy",
        plural: "snapshot_policies",
        id_prefix: "sp-",
        by_name: false,
        columns: &[],
    };

    fn columns(&self) -> Vec<&str> {
        Vec::new()
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        vec![("name", &self.name)]
    }

    fn unknown_fields(&self) -> Vec<&UnknownFields> {
        vec![&self.unknown]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thursday, 2026-01-01T00:00:00Z, which is 8 o'clock in UTC+8.
    const THURSDAY: Moment = Moment(1_767_225_600_000);

    fn policy(hours: &[u8], weekdays: &[u8], done_until: Moment) -> SnapshotPolicy {
        SnapshotPolicy {
            id: "sp-1".into(),
            account: "1".into(),
            region: String::new(),
            name: String::new(),
            hours: hours.to_vec(),
            weekdays: weekdays.to_vec(),
            retention_days: None,
            tags: Vec::new(),
            resource_group: String::new(),
            created_at: done_until,
            done_until,
            unknown: UnknownFields::default(),
        }
    }

    #[test]
    fn due_slot_is_an_hour_of_the_schedule_in_china() {
        let daily = policy(&[9], &[1, 2, 3, 4, 5, 6, 7], THURSDAY);
        assert_eq!(daily.due_slot(THURSDAY.plus_s(HOUR_S - 1)), None);
        let nine = THURSDAY.plus_s(HOUR_S);
        assert_eq!(daily.due_slot(nine), Some(nine));
        assert_eq!(daily.due_slot(nine.plus_s(HOUR_S * 5)), Some(nine), "until it is done");
        let done = SnapshotPolicy { done_until: nine, ..daily };
        assert_eq!(done.due_slot(nine.plus_s(HOUR_S * 23)), None);
        let tomorrow = nine.plus_s(HOUR_S * 24);
        assert_eq!(done.due_slot(tomorrow), Some(tomorrow));
    }

    #[test]
    fn due_slot_passes_over_what_was_recorded_while_the_clock_was_ahead() {
        let daily = policy(&[9], &[1, 2, 3, 4, 5, 6, 7], THURSDAY);
        let (nine, far) = (THURSDAY.plus_s(HOUR_S), THURSDAY.plus_s(20 * 24 * HOUR_S));
        let mut policy = SnapshotPolicy { done_until: far, ..daily };
        assert_eq!(policy.due_slot(nine), Some(nine));
        policy.carried_out(nine, nine);
        assert_eq!((policy.done_until, policy.due_slot(nine)), (nine, None));
        policy.carried_out(nine.plus_s(-24 * HOUR_S), nine);
        assert_eq!(policy.done_until, nine, "an earlier slot undoes no later one");
        let new = SnapshotPolicy { created_at: far, done_until: far, ..policy };
        assert_eq!(new.due_slot(nine), Some(nine));
    }

    #[test]
    fn due_slot_is_on_a_weekday_of_the_schedule() {
        // Midnight from Saturday to Sunday in UTC+8 is Saturday, 16 o'clock, in UTC.
        let sunday = policy(&[0], &[7], THURSDAY);
        let slot = THURSDAY.plus_s(2 * 24 * HOUR_S + 16 * HOUR_S);
        assert_eq!(sunday.due_slot(slot.plus_s(-1)), None);
        assert_eq!(sunday.due_slot(slot), Some(slot));
    }

    #[test]
    fn due_slot_after_a_long_downtime_is_the_last_one() {
        let twice = policy(&[0, 12], &[1, 2, 3, 4, 5, 6, 7], THURSDAY);
        let later = THURSDAY.plus_s(30 * 24 * HOUR_S);
        assert_eq!(twice.due_slot(later), Some(later.plus_s(-8 * HOUR_S)));
        assert_eq!(policy(&[], &[1], THURSDAY).due_slot(later), None, "an empty schedule has none");
    }
}
