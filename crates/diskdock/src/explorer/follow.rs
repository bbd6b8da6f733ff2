//! What a page follows after a call whose change goes on after the answer.

use crate::catalog::{ReplyShape, Spec};

/// A kind of resource that has a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    /// By DescribeDisks.
    Disk,
    /// By DescribeInstances.
    Instance,
}

impl Followed {
    /// The word that the script knows it by.
    pub fn word(self) -> &'static str {
        match self {
            Followed::Disk => "disk",
            Followed::Instance => "instance",
        }
    }
}

/// What changes after the answer of this action, if anything does. An action that names a disk, or
/// answers with one, is about the disk.
pub fn followed(spec: &Spec) -> Option<Followed> {
    let answers = |name: &str| match spec.reply {
        ReplyShape::Object(fields) => fields.iter().any(|field| field.name == name),
        _ => false,
    };
    let disk = spec.takes("DiskId") || answers("DiskId");
    spec.asynchronous.then_some(if disk { Followed::Disk } else { Followed::Instance })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explorer::find;

    #[test]
    fn what_goes_on_after_the_answer_is_followed() {
        let of = |name: &str| followed(find(name).unwrap().1);
        assert_eq!(of("DetachDisk"), Some(Followed::Disk));
        assert_eq!(of("CreateDisk"), Some(Followed::Disk));
        assert_eq!(of("RunInstances"), Some(Followed::Instance));
        assert_eq!(of("StopInstances"), Some(Followed::Instance));
        assert_eq!(of("DescribeDisks"), None);
    }
}
