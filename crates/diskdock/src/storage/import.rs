//! How a file from elsewhere becomes an image.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::inventory::BootMode;

use super::disk_format::DiskFormat;
use super::error::{At, StorageError};
use super::images::{CONTENT, DISK, INITRD, ImageBoot, ImageRecord, Images, KERNEL, RECORD};
use super::import_source::{self, Source};
use super::tool::Tool;
use super::{CLOSED, GIB, files};

/// How long a conversion may go without one hundredth more.
const SILENCE: Duration = Duration::from_secs(30 * 60);
/// Bytes that stay free on the file system.
const RESERVE: u64 = 64 * 1024 * 1024;
/// Characters of an ImageName at most (documentation of ImportImage).
const NAME: usize = 128;
/// Bytes of a kernel's command line at most: COMMAND_LINE_SIZE of Linux on x86, with its end.
const COMMAND_LINE: usize = 2_047;
/// Bytes that are copied at once.
const PIECE: usize = 1024 * 1024;

/// An image to be.
#[derive(Clone, Debug)]
pub struct Import {
    /// Its ImageId.
    pub id: String,
    /// Its ImageName.
    pub name: String,
    /// Its OSName.
    pub os_name: String,
    /// The time, as it is shown.
    pub created_at: String,
    /// Its files.
    pub what: ImportedFiles,
}

/// The files of an image to be.
#[derive(Clone, Debug)]
pub enum ImportedFiles {
    /// A disk with a boot loader.
    Disk {
        /// Its file.
        file: PathBuf,
        /// Its format; detected if it is not given.
        format: Option<DiskFormat>,
        /// Which firmware it is made for.
        boot_mode: BootMode,
    },
    /// A kernel to be started directly.
    Kernel {
        /// A bzImage.
        kernel: PathBuf,
        /// Its initial file system.
        initrd: Option<PathBuf>,
        /// Its command line.
        command_line: String,
        /// A disk with its root file system; else there is an empty one.
        disk: Option<(PathBuf, Option<DiskFormat>)>,
        /// Size of the empty disk in GiB.
        empty_gib: u32,
    },
}

/// How far an import or an export is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TransferProgress {
    /// The file is being checked.
    Checking,
    /// So many percent are copied.
    Copied(f64),
    /// The copy is being made durable.
    Saving,
}

impl Images {
    /// Makes an image. It is there when all of it is durable, or not at all.
    pub fn import(
        &self,
        import: &Import,
        tell: &mut dyn FnMut(TransferProgress),
    ) -> Result<ImageRecord, StorageError> {
        check_texts(import)?;
        let finished = self.of_image(&import.id)?;
        self.refuse_if_there(import, &finished)?;
        let staging = self.staging()?;
        let content = staging.file(CONTENT);
        files::directory(&content, CLOSED)?;
        let (boot, bytes) = self.fill(&content, import, tell)?;
        tell(TransferProgress::Saving);
        let record = ImageRecord {
            id: import.id.clone(),
            name: import.name.clone(),
            os_name: import.os_name.clone(),
            size_gib: u32::try_from(bytes.div_ceil(GIB)).unwrap_or(u32::MAX).max(1),
            boot,
            created_at: import.created_at.clone(),
        };
        save(&record, &content.join(RECORD))?;
        self.apply_owner(&content)?;
        for name in [DISK, KERNEL, INITRD, RECORD].map(|name| content.join(name)) {
            if name.exists() {
                files::sync(&name)?;
            }
        }
        files::sync(&content)?;
        // A directory takes no name that another one has, unless that one is empty.
        if std::fs::rename(&content, &finished).is_err() {
            self.refuse_if_there(import, &finished)?;
            std::fs::rename(&content, &finished).at("name", &finished)?;
        }
        files::sync(self.directory())?;
        Ok(record)
    }

    fn refuse_if_there(&self, import: &Import, finished: &Path) -> Result<(), StorageError> {
        if std::fs::symlink_metadata(finished).is_err() {
            return Ok(());
        }
        let what = format!("there is an image {} already", import.id);
        let hint = "choose another with --id, or delete it first: diskdock image delete".to_owned();
        Err(StorageError::Taken { what, hint })
    }

    /// Makes all files but the record. Gives how the image is started and how large its disk is.
    fn fill(
        &self,
        content: &Path,
        import: &Import,
        tell: &mut dyn FnMut(TransferProgress),
    ) -> Result<(ImageBoot, u64), StorageError> {
        let to = content.join(DISK);
        match &import.what {
            ImportedFiles::Disk { file, format, boot_mode } => {
                let bytes = self.convert(file, *format, &to, tell)?;
                Ok((ImageBoot::Disk { boot_mode: *boot_mode }, bytes))
            }
            ImportedFiles::Kernel { kernel, initrd, command_line, disk, empty_gib } => {
                copy(&import_source::kernel(kernel)?, kernel, &content.join(KERNEL))?;
                if let Some(initrd) = initrd {
                    copy(&import_source::open(initrd)?, initrd, &content.join(INITRD))?;
                }
                let bytes = match disk {
                    Some((file, format)) => self.convert(file, *format, &to, tell)?,
                    None => empty(&to, *empty_gib)?,
                };
                let command_line = command_line.clone();
                Ok((ImageBoot::Kernel { command_line, initrd: initrd.is_some() }, bytes))
            }
        }
    }

    fn convert(
        &self,
        file: &Path,
        format: Option<DiskFormat>,
        to: &Path,
        tell: &mut dyn FnMut(TransferProgress),
    ) -> Result<u64, StorageError> {
        tell(TransferProgress::Checking);
        let source = Source::open(file, format)?;
        source.check()?;
        require_room(self.directory(), source.measure()?)?;
        files::create(to)?;
        let copied = run_copy(source.convert(to, DiskFormat::Qcow2), tell);
        copied.map_err(|fault| source.named(fault).or_full(to))?;
        source.is_unchanged()?;
        // Read back: what disks will lie on must need no other file.
        Source::open(to, Some(DiskFormat::Qcow2)).map(|made| made.virtual_bytes)
    }
}

/// Runs a `qemu-img convert -p`, and tells how far it is.
pub(super) fn run_copy(
    tool: Tool<'_>,
    tell: &mut dyn FnMut(TransferProgress),
) -> Result<(), StorageError> {
    let mut on_output = |text: &str| {
        if let Some(percent) = percent(text) {
            tell(TransferProgress::Copied(percent));
        }
    };
    tool.with_listener(SILENCE, &mut on_output).run().map(drop)
}

/// The last number of `    (12.50/100%)\r`, as `qemu-img -p` writes it.
fn percent(text: &str) -> Option<f64> {
    let (before, _) = text.rsplit_once("/100%)")?;
    before.rsplit_once('(')?.1.parse().ok()
}

pub(super) fn require_room(path: &Path, bytes: u64) -> Result<(), StorageError> {
    let available = files::free_bytes(path).at("look at the room for", path)?;
    if bytes.saturating_add(RESERVE) <= available {
        return Ok(());
    }
    let wanted = format!("{bytes} bytes are needed and {RESERVE} stay free");
    Err(StorageError::NoSpace { path: path.to_owned(), wanted, available })
}

fn empty(to: &Path, gib: u32) -> Result<u64, StorageError> {
    let bytes = u64::from(gib) * GIB;
    if !(1..=import_source::LARGEST_GIB).contains(&u64::from(gib)) {
        let why = format!("an empty disk has from 1 to {} GiB", import_source::LARGEST_GIB);
        return Err(StorageError::corrupt(to, why));
    }
    files::create(to)?;
    Tool::new("create")
        .arg("-q")
        .arg("-f")
        .arg("qcow2")
        .arg(to)
        .arg(bytes.to_string())
        .run()
        .map_err(|fault| fault.or_full(to))?;
    Ok(bytes)
}

fn copy(from: &File, path: &Path, to: &Path) -> Result<(), StorageError> {
    let bytes = from.metadata().at("look at", path)?.len();
    if bytes == 0 {
        return Err(StorageError::corrupt(path, "it is empty"));
    }
    require_room(to, bytes)?;
    let mut out = files::create(to)?;
    let mut piece = vec![0; PIECE];
    let mut done = 0;
    loop {
        let length = from.read_at(&mut piece, done).at("read", path)?;
        if length == 0 {
            return Ok(());
        }
        out.write_all(&piece[..length]).at("write", to)?;
        done += length as u64;
    }
}

fn save(record: &ImageRecord, path: &Path) -> Result<(), StorageError> {
    let text = serde_json::to_string_pretty(record).expect("records are plain data");
    let mut file = files::create(path)?;
    writeln!(file, "{text}").at("write", path)
}

fn check_texts(import: &Import) -> Result<(), StorageError> {
    let plain = |text: &str| !text.chars().any(char::is_control);
    let fits = |text: &str| plain(text) && (1..=NAME).contains(&text.chars().count());
    let odd = |what: &str, limit: &str| {
        let what = format!("the {what} cannot be taken");
        Err(StorageError::Taken { what, hint: format!("give {limit} without control characters") })
    };
    if !fits(&import.name) {
        return odd("name", "1 to 128 characters");
    }
    if !fits(&import.os_name) {
        return odd("OS name", "1 to 128 characters");
    }
    match &import.what {
        ImportedFiles::Kernel { command_line, .. }
            if !plain(command_line) || command_line.len() > COMMAND_LINE =>
        {
            odd("command line", "at most 2047 bytes")
        }
        ImportedFiles::Kernel { .. } | ImportedFiles::Disk { .. } => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_from_the_output_of_qemu_img() {
        assert_eq!(percent("    (0.00/100%)\r    (12.50/100%)\r"), Some(12.5));
        assert_eq!(percent("    (100.00/100%)\n"), Some(100.0));
        assert_eq!(percent("    (12.5"), None);
        assert_eq!(percent("nothing"), None);
    }

    #[test]
    fn import_checks_free_space_before_writing() {
        let directory = tempfile::tempdir().unwrap();
        require_room(&directory.path().join("disk"), 1).unwrap();
        let fault = require_room(directory.path(), u64::MAX / 2).unwrap_err();
        assert!(matches!(fault, StorageError::NoSpace { .. }), "{fault}");
    }
}
