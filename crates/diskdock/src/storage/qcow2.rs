//! The header of a qcow2 file. It is read here before any program opens a file of unknown origin.
//!
//! The layout is that of QEMU's docs/interop/qcow2.txt; all numbers are big-endian.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// The first bytes of a qcow2 file.
pub(crate) const MAGIC: &[u8; 4] = b"QFI\xfb";
/// Bytes of the header that are read: those of version 3 up to its feature bits.
const HEADER: usize = 80;
/// The longest name of a backing file in bytes, by the format.
const NAME: usize = 1023;
/// Incompatible feature: the guest's data lie in another file.
const EXTERNAL_DATA: u64 = 1 << 2;
/// The method of encryption that has a LUKS header.
const LUKS: u32 = 2;

/// The header of a qcow2 file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The size that a guest sees, in bytes.
    pub virtual_bytes: u64,
    /// The name of its backing file.
    pub backing: Option<String>,
    /// The guest's data lie in another file.
    pub external_data: bool,
    /// The guest's data are encrypted.
    pub encrypted: bool,
    /// They are encrypted as diskdock does it: with LUKS.
    pub luks: bool,
}

impl Header {
    /// Whether it has features that diskdock never gives a file.
    pub(crate) fn is_foreign(&self) -> bool {
        self.external_data || (self.encrypted && !self.luks)
    }
}

/// Reads the header; the error is the reason in words.
pub(crate) fn read(file: &File) -> Result<Header, String> {
    let mut bytes = [0; HEADER];
    file.read_exact_at(&mut bytes, 0).map_err(|_| "it is too short for qcow2".to_owned())?;
    if !bytes.starts_with(MAGIC) {
        return Err("it does not begin as qcow2 does".to_owned());
    }
    let version = word(&bytes, 4);
    if !(2..=3).contains(&version) {
        return Err(format!("version {version} of qcow2 is not known"));
    }
    let features = if version == 2 { 0 } else { double(&bytes, 72) };
    Ok(Header {
        virtual_bytes: double(&bytes, 24),
        backing: backing(file, double(&bytes, 8), word(&bytes, 16))?,
        external_data: features & EXTERNAL_DATA != 0,
        encrypted: word(&bytes, 32) != 0,
        luks: word(&bytes, 32) == LUKS,
    })
}

fn backing(file: &File, offset: u64, length: u32) -> Result<Option<String>, String> {
    if offset == 0 {
        return Ok(None);
    }
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > NAME {
        return Err("the name of its backing file is too long".to_owned());
    }
    let mut name = vec![0; length];
    let cut_off = "it is cut off in the name of its backing file";
    file.read_exact_at(&mut name, offset).map_err(|_| cut_off.to_owned())?;
    Ok(Some(String::from_utf8_lossy(&name).into_owned()))
}

fn word(bytes: &[u8; HEADER], at: usize) -> u32 {
    u32::from_be_bytes(std::array::from_fn(|index| bytes[at + index]))
}

fn double(bytes: &[u8; HEADER], at: usize) -> u64 {
    u64::from_be_bytes(std::array::from_fn(|index| bytes[at + index]))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn header(version: u32) -> Vec<u8> {
        let mut bytes = vec![0; HEADER];
        bytes[..4].copy_from_slice(MAGIC);
        bytes[4..8].copy_from_slice(&version.to_be_bytes());
        bytes[24..32].copy_from_slice(&(5_u64 << 30).to_be_bytes());
        bytes
    }

    #[test]
    fn header_of_a_standalone_file_is_read() {
        let plain = Header {
            virtual_bytes: 5 << 30,
            backing: None,
            external_data: false,
            encrypted: false,
            luks: false,
        };
        assert_eq!(read(&file(&header(3))), Ok(plain.clone()));
        // Version 2 has no feature bits: what stands there means something else.
        let mut old = header(2);
        old[79] = 0xff;
        assert_eq!(read(&file(&old)), Ok(plain));
    }

    #[test]
    fn header_with_references_to_other_files_is_detected() {
        let mut bytes = header(3);
        bytes[79] = 4;
        bytes[35] = 1;
        bytes[15] = 80;
        bytes[19] = 11;
        bytes.extend(b"/etc/shadow");
        let read = read(&file(&bytes)).unwrap();
        assert_eq!(read.backing.as_deref(), Some("/etc/shadow"));
        assert!(read.external_data && read.encrypted && read.is_foreign());
    }

    #[test]
    fn header_tells_luks_from_older_encryption() {
        for (method, luks) in [(1, false), (2, true)] {
            let mut bytes = header(3);
            bytes[35] = method;
            let read = read(&file(&bytes)).unwrap();
            assert_eq!((read.encrypted, read.luks, read.is_foreign()), (true, luks, !luks));
        }
    }

    #[test]
    fn malformed_header_is_refused_with_a_message() {
        assert!(read(&file(b"QFI\xfb")).unwrap_err().contains("too short"));
        assert!(read(&file(&[0; 200])).unwrap_err().contains("does not begin"));
        assert!(read(&file(&header(4))).unwrap_err().contains("version 4"));
        let mut cut = header(3);
        (cut[14], cut[19]) = (1, 9);
        assert!(read(&file(&cut)).unwrap_err().contains("cut off"));
        (cut[16], cut[19]) = (0xff, 0xff);
        assert!(read(&file(&cut)).unwrap_err().contains("too long"));
    }
}
