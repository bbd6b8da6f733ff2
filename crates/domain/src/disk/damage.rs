//! The damage of a disk: acknowledged writes to it may be lost. It lasts until an operator accepts
//! the bytes as they are, or restores them.

use serde::{Deserialize, Serialize};

use super::Disk;
use crate::moment::Moment;
use crate::string_enum::string_enum;

string_enum!(
    /// The health of a disk as clients see it.
    DiskHealth {
        /// Nothing is known to be lost.
        Ok = "Ok",
        /// Acknowledged writes may be lost.
        Impaired = "Impaired",
    }
);

/// A damage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damage {
    /// The reason, for an operator.
    pub why: String,
    /// When it was found.
    pub since: Moment,
}

impl Disk {
    /// Its health.
    pub fn health(&self) -> DiskHealth {
        match self.damage {
            None => DiskHealth::Ok,
            Some(_) => DiskHealth::Impaired,
        }
    }

    /// Takes over what the hypervisor says of its bytes. False if nothing is new; the moment and
    /// the reason of a damage that goes on stay.
    pub fn set_damage(&mut self, why: Option<&str>, now: Moment) -> bool {
        if self.damage.is_some() == why.is_some() {
            return false;
        }
        self.damage = why.map(|why| Box::new(Damage { why: why.to_owned(), since: now }));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::category::Category;

    #[test]
    fn set_damage_keeps_the_first_reason_until_it_is_cleared() {
        let (early, late) = (Moment(1), Moment(2));
        let mut disk = Disk::new("d-1".into(), "1".into(), Category::CloudEssd, 20, Moment(0));
        assert_eq!(disk.health(), DiskHealth::Ok);
        assert!(disk.set_damage(Some("a sync failed"), early));
        assert!(!disk.set_damage(Some("another"), late));
        let damage = disk.damage.as_deref().unwrap();
        assert_eq!((damage.why.as_str(), damage.since), ("a sync failed", early));
        assert_eq!(disk.health(), DiskHealth::Impaired);
        assert!(disk.set_damage(None, late));
        assert!(!disk.set_damage(None, late));
        assert_eq!(disk.health(), DiskHealth::Ok);
    }
}
