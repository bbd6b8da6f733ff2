//! Activities on the bytes of a disk, one at a time.
//!
//! A snapshot that is being made is none of them: the disk is attached, detached and written to
//! meanwhile. It is a [`DiskSnapshot`](crate::DiskSnapshot) that is Progressing, and recorded there
//! alone.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Disk, Phase};
use crate::category::{Category, PerformanceLevel};
use crate::vocabulary::IllegalTransition;

/// An activity on a disk's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activity {
    /// The bytes are being made. Clients see the disk Creating.
    Creating,
    /// The bytes are growing. Clients see the new size at once.
    Resizing {
        /// GiB that it had before.
        from_gib: u32,
    },
    /// Category or performance are changing. Clients see the old ones until that has ended.
    Modifying,
    /// The bytes are being set back. Clients see the disk ReIniting.
    ReIniting,
}

impl Disk {
    /// Whether the bytes exist.
    pub fn is_created(&self) -> bool {
        self.activity != Some(Activity::Creating)
    }

    /// Whether a resize is under way.
    pub fn is_resizing(&self) -> bool {
        matches!(self.activity, Some(Activity::Resizing { .. }))
    }

    /// Whether a change of category or performance is under way.
    pub fn is_modifying(&self) -> bool {
        self.activity == Some(Activity::Modifying)
    }

    /// Whether the bytes are being set back.
    pub fn is_reiniting(&self) -> bool {
        self.activity == Some(Activity::ReIniting)
    }

    /// The bytes are there: Creating → Available, or → In_use when the disk was made together with
    /// its instance.
    pub fn created(&mut self) -> Result<(), IllegalTransition> {
        if self.is_created() {
            return Err(IllegalTransition);
        }
        self.activity = None;
        Ok(())
    }

    /// A resize to so many GiB was accepted. One that is not larger, and one while something else
    /// is being done to the disk, is illegal.
    pub fn resize(&mut self, size_gib: u32) -> Result<(), IllegalTransition> {
        if self.activity.is_some() || size_gib <= self.size_gib {
            return Err(IllegalTransition);
        }
        self.activity = Some(Activity::Resizing { from_gib: self.size_gib });
        self.size_gib = size_gib;
        Ok(())
    }

    /// The bytes are there for the resize to so many GiB.
    pub fn resized(&mut self, size_gib: u32) -> Result<(), IllegalTransition> {
        self.end_resize(size_gib).map(drop)
    }

    /// The resize to so many GiB failed: the disk has its former size again.
    pub fn resize_failed(&mut self, size_gib: u32) -> Result<(), IllegalTransition> {
        self.size_gib = self.end_resize(size_gib)?;
        Ok(())
    }

    /// Gives the former size in GiB.
    fn end_resize(&mut self, size_gib: u32) -> Result<u32, IllegalTransition> {
        match self.activity {
            Some(Activity::Resizing { from_gib }) if self.size_gib == size_gib => {
                self.activity = None;
                Ok(from_gib)
            }
            Some(
                Activity::Creating
                | Activity::Resizing { .. }
                | Activity::Modifying
                | Activity::ReIniting,
            )
            | None => Err(IllegalTransition),
        }
    }

    /// Available or In_use → ReIniting: its bytes are to be set back. One that is on its way on or
    /// off, and one while something else is being done to the disk, is illegal.
    pub fn reinit(&mut self) -> Result<(), IllegalTransition> {
        if self.activity.is_some() || self.attachments.iter().any(|at| at.phase != Phase::Attached)
        {
            return Err(IllegalTransition);
        }
        self.activity = Some(Activity::ReIniting);
        Ok(())
    }

    /// ReIniting → In_use, or Available: the bytes are set back, or they are as they were.
    pub fn reinited(&mut self) -> Result<(), IllegalTransition> {
        if !self.is_reiniting() {
            return Err(IllegalTransition);
        }
        self.activity = None;
        Ok(())
    }

    /// The part of a disk that ModifyDiskSpec changes.
    pub fn specification(&self) -> Specification {
        Specification {
            category: self.category,
            performance_level: self.performance_level,
            provisioned_iops: self.provisioned_iops,
        }
    }

    /// A change of category or performance was accepted. One while something else is being done to
    /// the disk is illegal.
    pub fn modify(&mut self) -> Result<(), IllegalTransition> {
        if self.activity.is_some() {
            return Err(IllegalTransition);
        }
        self.activity = Some(Activity::Modifying);
        Ok(())
    }

    /// The change is made. Properties that the new category does not have are gone.
    pub fn modified(&mut self, to: &Specification) -> Result<(), IllegalTransition> {
        self.modify_failed()?;
        self.category = to.category;
        self.performance_level = to.performance_level;
        self.provisioned_iops = to.provisioned_iops;
        self.bursting_enabled &= to.category == Category::CloudAuto;
        Ok(())
    }

    /// The change failed: the disk is as it was.
    pub fn modify_failed(&mut self) -> Result<(), IllegalTransition> {
        if !self.is_modifying() {
            return Err(IllegalTransition);
        }
        self.activity = None;
        Ok(())
    }
}

/// Category and performance of a disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Specification {
    /// The vendor's category.
    pub category: Category,
    /// Only for `cloud_essd`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance_level: Option<PerformanceLevel>,
    /// Bought performance of `cloud_auto`, in operations a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned_iops: Option<u32>,
}

/// The saved form, which is as old as diskdock: servers of every version read it.
#[derive(Serialize, Deserialize)]
struct Saved {
    /// False while Creating.
    created: bool,
    /// GiB before the resize that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    growing_from_gib: Option<u32>,
    /// Category or performance are changing, which a server that does not know it may overlook.
    #[serde(default, skip_serializing_if = "is_false")]
    modifying: bool,
    /// The bytes are being set back.
    #[serde(default, skip_serializing_if = "is_false")]
    reiniting: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

pub(super) fn serialize<S: Serializer>(
    activity: &Option<Activity>,
    out: S,
) -> Result<S::Ok, S::Error> {
    let plain = Saved { created: true, growing_from_gib: None, modifying: false, reiniting: false };
    let saved = match *activity {
        None => plain,
        Some(Activity::Creating) => Saved { created: false, ..plain },
        Some(Activity::Resizing { from_gib }) => {
            Saved { growing_from_gib: Some(from_gib), ..plain }
        }
        Some(Activity::Modifying) => Saved { modifying: true, ..plain },
        Some(Activity::ReIniting) => Saved { reiniting: true, ..plain },
    };
    saved.serialize(out)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    saved: D,
) -> Result<Option<Activity>, D::Error> {
    Ok(match Saved::deserialize(saved)? {
        Saved { created: false, .. } => Some(Activity::Creating),
        Saved { growing_from_gib: Some(from_gib), .. } => Some(Activity::Resizing { from_gib }),
        Saved { modifying: true, .. } => Some(Activity::Modifying),
        Saved { reiniting: true, .. } => Some(Activity::ReIniting),
        Saved { .. } => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::{Category, Moment};

    /// A disk as it is saved, with these members instead of its own.
    fn saved(created: bool, growing_from_gib: Option<u32>) -> Value {
        let disk = Disk::new("d-1".into(), "1".into(), Category::CloudEssd, 40, Moment::default());
        let mut saved = serde_json::to_value(disk).expect("plain data");
        saved["created"] = created.into();
        if let Some(gib) = growing_from_gib {
            saved["growing_from_gib"] = gib.into();
        }
        saved
    }

    #[test]
    fn activity_is_read_from_and_written_in_the_form_of_every_version() {
        for (created, growing_from_gib, activity) in [
            (true, None, None),
            (false, None, Some(Activity::Creating)),
            (true, Some(20), Some(Activity::Resizing { from_gib: 20 })),
        ] {
            let saved = saved(created, growing_from_gib);
            let disk: Disk = serde_json::from_value(saved.clone()).expect("a disk");
            assert_eq!(disk.activity, activity);
            assert_eq!(serde_json::to_value(&disk).expect("plain data"), saved);
        }
    }

    #[test]
    fn setting_back_is_saved_beside_what_every_version_reads() {
        let mut saved = saved(true, None);
        saved["reiniting"] = true.into();
        let disk: Disk = serde_json::from_value(saved.clone()).expect("a disk");
        assert_eq!(disk.activity, Some(Activity::ReIniting));
        assert_eq!(serde_json::to_value(&disk).expect("plain data"), saved);
    }

    #[test]
    fn a_change_of_spec_is_saved_beside_what_every_version_reads() {
        let mut saved = saved(true, None);
        saved["modifying"] = true.into();
        let disk: Disk = serde_json::from_value(saved.clone()).expect("a disk");
        assert_eq!(disk.activity, Some(Activity::Modifying));
        assert_eq!(serde_json::to_value(&disk).expect("plain data"), saved);
    }

    #[test]
    fn modified_takes_away_what_the_new_category_does_not_have() {
        let mut disk =
            Disk::new("d-1".into(), "1".into(), Category::CloudAuto, 40, Moment::default());
        (disk.bursting_enabled, disk.provisioned_iops) = (true, Some(1_000));
        let to = Specification {
            category: Category::CloudEssd,
            performance_level: Some(PerformanceLevel::Pl1),
            provisioned_iops: None,
        };
        assert_eq!(disk.modified(&to), Err(IllegalTransition));
        assert_eq!(disk.modify(), Ok(()));
        assert_eq!(
            (disk.modify(), disk.resize(50)),
            (Err(IllegalTransition), Err(IllegalTransition))
        );
        assert_eq!(disk.modified(&to), Ok(()));
        assert_eq!((disk.specification(), disk.activity), (to, None));
        assert!(!disk.bursting_enabled);
    }

    #[test]
    fn a_saved_disk_without_its_activity_is_refused() {
        let mut saved = saved(true, None);
        saved.as_object_mut().expect("an object").remove("created");
        let refused = serde_json::from_value::<Disk>(saved).expect_err("no disk");
        assert!(refused.to_string().contains("created"), "{refused}");
    }
}
