//! How a disk grows: clients see the new size at once, while the bytes follow.

use super::{Disk, Illegal};

impl Disk {
    /// Whether a resize is under way.
    pub fn is_growing(&self) -> bool {
        self.growing_from_gib.is_some()
    }

    /// A resize to so many GiB was accepted. One that is not larger, and one while another is
    /// under way, is illegal.
    pub fn grow(&mut self, size_gib: u32) -> Result<(), Illegal> {
        if !self.created || self.is_growing() || size_gib <= self.size_gib {
            return Err(Illegal);
        }
        self.growing_from_gib = Some(self.size_gib);
        self.size_gib = size_gib;
        Ok(())
    }

    /// The bytes are there for the resize to so many GiB.
    pub fn grown(&mut self, size_gib: u32) -> Result<(), Illegal> {
        self.end_growth(size_gib).map(drop)
    }

    /// The resize to so many GiB came to nothing: the disk has its former size again.
    pub fn grow_failed(&mut self, size_gib: u32) -> Result<(), Illegal> {
        self.size_gib = self.end_growth(size_gib)?;
        Ok(())
    }

    /// Gives the former size in GiB.
    fn end_growth(&mut self, size_gib: u32) -> Result<u32, Illegal> {
        if self.size_gib != size_gib {
            return Err(Illegal);
        }
        self.growing_from_gib.take().ok_or(Illegal)
    }
}
