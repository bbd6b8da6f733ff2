//! Files of unknown origin, before they become an image: their format, and whether they are safe.
//!
//! The format is not left to a program that follows references in a file: a qcow2 file can name
//! other files, which would be read with our rights and end up in the image. It is refused.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::disk_format::DiskFormat;
use super::error::{At, StorageError};
use super::opened_file::OpenedFile;
use super::tool::Tool;
use super::{GIB, files, qcow2};

/// The largest image in GiB: system disks are no larger (documentation of RunInstances).
pub(crate) const LARGEST_GIB: u64 = 2_048;
/// Where a boot sector ends with [`BOOTABLE`].
const BOOT_MARK: u64 = 510;
const BOOTABLE: [u8; 2] = [0x55, 0xaa];
/// Where the setup header of a Linux kernel has [`KERNEL`]: Documentation/arch/x86/boot.rst.
const KERNEL_MARK: u64 = 0x202;
const KERNEL: &[u8; 4] = b"HdrS";
/// The magic bytes of other formats, with the remedy.
const OTHERS: &[(&[u8], &str)] = &[
    (b"KDMV", "a VMDK; convert it: qemu-img convert -f vmdk -O qcow2"),
    (b"vhdxfile", "a VHDX; convert it: qemu-img convert -f vhdx -O qcow2"),
    (b"conectix", "a VHD; convert it: qemu-img convert -f vpc -O qcow2"),
    (b"<<< ", "a VDI; convert it: qemu-img convert -f vdi -O qcow2"),
    (b"\x1f\x8b", "compressed; unpack it first: gunzip"),
    (b"\xfd7zXZ", "compressed; unpack it first: unxz"),
    (b"\x28\xb5\x2f\xfd", "compressed; unpack it first: unzstd"),
    (b"BZh", "compressed; unpack it first: bunzip2"),
    (b"PK\x03\x04", "an archive; unpack it first: unzip"),
];

/// A file that can become the disk of an image.
pub(crate) struct Source {
    opened: OpenedFile,
    format: DiskFormat,
    /// The size that a guest will see, in bytes.
    pub virtual_bytes: u64,
}

impl Source {
    /// Opens a file for an image and detects its format, unless it is given.
    pub(super) fn open(path: &Path, given: Option<DiskFormat>) -> Result<Source, StorageError> {
        Source::open_up_to(path, given, LARGEST_GIB)
    }

    /// The same for something of this size at most.
    pub(super) fn open_up_to(
        path: &Path,
        given: Option<DiskFormat>,
        largest_gib: u64,
    ) -> Result<Source, StorageError> {
        let file = open(path)?;
        let corrupt = |why: String| StorageError::corrupt(path, why);
        let format = match given {
            Some(format) => format,
            None => guess(&file).map_err(corrupt)?,
        };
        let virtual_bytes = match format {
            DiskFormat::Raw => file.metadata().at("look at", path)?.len(),
            DiskFormat::Qcow2 => standalone(&file).map_err(corrupt)?,
        };
        if virtual_bytes == 0 {
            return Err(corrupt("it is empty".to_owned()));
        }
        if virtual_bytes > largest_gib * GIB {
            let why = format!("a guest would see {virtual_bytes} bytes; {largest_gib} GiB at most");
            return Err(corrupt(why));
        }
        let opened = OpenedFile { file, path: path.to_owned() };
        Ok(Source { opened, format, virtual_bytes })
    }

    /// Lets `qemu-img` check that the file is whole.
    pub(super) fn check(&self) -> Result<(), StorageError> {
        if self.format == DiskFormat::Raw {
            return Ok(());
        }
        let ended = self.tool("check").arg("--output=json").arg(self.opened.node()).output()?;
        match ended.status.code() {
            // 3: it has unused parts that nothing refers to, which do no harm.
            Some(0 | 3) => Ok(()),
            Some(2) => {
                let why = "it is damaged or cut off; fetch it again, or see `qemu-img check`";
                Err(StorageError::corrupt(&self.opened.path, why))
            }
            _ => {
                let why =
                    format!("qemu-img cannot check it: {}", self.opened.plain(&ended.message()));
                Err(StorageError::corrupt(&self.opened.path, why))
            }
        }
    }

    /// Bytes that it takes as an image.
    pub(super) fn measure(&self) -> Result<u64, StorageError> {
        self.opened.measure(self.tool("measure"), &self.opened.node())
    }

    /// The command that copies it into a file that needs no other.
    pub(crate) fn convert<'a>(&self, to: &Path, format: DiskFormat) -> Tool<'a> {
        let tool = self.tool("convert").arg("-p").arg("-O").arg(format.as_str());
        tool.arg(self.opened.node()).arg(to)
    }

    /// Checks that the file has not changed since it was opened.
    pub(super) fn is_unchanged(&self) -> Result<(), StorageError> {
        let same = match self.format {
            DiskFormat::Raw => self.opened.file.metadata().at("look at", &self.opened.path)?.len(),
            DiskFormat::Qcow2 => standalone(&self.opened.file).unwrap_or(0),
        };
        if same == self.virtual_bytes {
            return Ok(());
        }
        let why = "it changed while it was read; import a copy that is not being written to";
        Err(StorageError::corrupt(&self.opened.path, why))
    }

    /// A failure of a command, with the file's own name.
    pub(super) fn named(&self, fault: StorageError) -> StorageError {
        self.opened.named(fault)
    }

    fn tool<'a>(&self, verb: &str) -> Tool<'a> {
        Tool::new(verb).arg("-f").arg(self.format.as_str())
    }
}

/// Opens a regular file; symbolic links of the operator are followed.
pub(super) fn open(path: &Path) -> Result<File, StorageError> {
    let plain = path.canonicalize().at("find", path)?;
    files::open(&plain, false).at("open", path)
}

/// Opens a Linux kernel for x86 in the form that boot loaders take.
pub(super) fn kernel(path: &Path) -> Result<File, StorageError> {
    let file = open(path)?;
    if reads(&file, KERNEL_MARK, KERNEL) {
        return Ok(file);
    }
    let why = "it is no Linux kernel for x86; give a bzImage, such as /boot/vmlinuz-…";
    Err(StorageError::corrupt(path, why))
}

fn guess(file: &File) -> Result<DiskFormat, String> {
    if reads(file, 0, qcow2::MAGIC) {
        return Ok(DiskFormat::Qcow2);
    }
    if let Some((_, what)) = OTHERS.iter().find(|(mark, _)| reads(file, 0, mark)) {
        return Err(format!("it is {what}"));
    }
    if reads(file, BOOT_MARK, &BOOTABLE) {
        return Ok(DiskFormat::Raw);
    }
    let why = "it does not look like the image of a disk (neither qcow2 nor a boot sector); if it \
               is one all the same, say --format raw";
    Err(why.to_owned())
}

/// Bytes that a guest sees of a qcow2 file that needs no other file and no key.
fn standalone(file: &File) -> Result<u64, String> {
    let header = qcow2::read(file)?;
    if let Some(base) = header.backing {
        return Err(format!(
            "it needs the backing file {base:?}; make it whole first: qemu-img convert -O qcow2"
        ));
    }
    if header.external_data {
        let why = "its data lie in another file; make it whole first: qemu-img convert -O qcow2";
        return Err(why.to_owned());
    }
    if header.encrypted {
        return Err("it is encrypted; decrypt it first: qemu-img convert".to_owned());
    }
    Ok(header.virtual_bytes)
}

fn reads(file: &File, at: u64, expected: &[u8]) -> bool {
    let mut found = vec![0; expected.len()];
    file.read_exact_at(&mut found, at).is_ok() && found == expected
}
