//! The file of a machine's record: two slots, each a line of JSON, of which the newer whole one
//! counts.
//!
//! A save overwrites the older slot in place and syncs the file once: it needs no room, makes no
//! new file and moves no name, so there is nothing else to make durable. A write that a crash cuts
//! off leaves the newer slot whole, which lies in other blocks.
//!
//! Linux reports a failed write-out once, and goes on showing what was not written. Therefore
//! [`load`] first writes the newer slot again, the same bytes in the same place, and syncs it: what
//! it returns is durable. [`save`] may only follow a load or a save that succeeded.
//!
//! Plain JSON is read as well: the form of earlier versions, and of an operator who edits it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use domain::DiskId;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{failpoint, private_file};

/// A slot is as long as a whole number of these, so that no block belongs to two slots.
const BLOCK: usize = 4_096;
/// A new file has room for a record that grows to so many times its length.
const GROWTH: usize = 2;

/// A slot that is whole.
#[derive(Debug, PartialEq, Eq)]
struct FileSlot<'f> {
    /// 0 or 1.
    at: usize,
    /// The later of two slots has the higher number.
    sequence: u64,
    record: &'f str,
}

/// The record in a file, as JSON; none if there is no file. Fails if it cannot be made durable.
pub(super) fn load(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut bytes = Vec::new();
    (&file).read_to_end(&mut bytes)?;
    let record = match newest(&bytes) {
        Some(FileSlot { at, record, .. }) => {
            let (begins, ends) = (at * bytes.len() / 2, (at + 1) * bytes.len() / 2);
            file.write_all_at(&bytes[begins..ends], begins as u64)?;
            record.as_bytes().to_vec()
        }
        None => bytes,
    };
    failpoint::error("record.sync")?;
    file.sync_data()?;
    // The process that made the file may have been stopped before its name was durable.
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())?;
    Ok(Some(record))
}

/// The disks in the newest record of a file, for those who compare it while no server runs. Changes
/// nothing; what cannot be read has none.
pub(crate) fn peek_disks(path: &Path) -> Vec<DiskId> {
    #[derive(Deserialize)]
    struct Disks {
        #[serde(default)]
        disks: Vec<OnRecord>,
    }
    #[derive(Deserialize)]
    struct OnRecord {
        disk: DiskId,
    }
    let bytes = fs::read(path).unwrap_or_default();
    let record = newest(&bytes).map_or(&*bytes, |slot| slot.record.as_bytes());
    let disks = serde_json::from_slice::<Disks>(record).map_or(Vec::new(), |found| found.disks);
    disks.into_iter().map(|one| one.disk).collect()
}

/// Saves a record durably: after a crash, the file holds this one or the one before.
pub(super) fn save(path: &Path, record: &str) -> io::Result<()> {
    failpoint::error("record.write")?;
    let before = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read?,
    };
    let newest = newest(&before);
    let line = line(newest.as_ref().map_or(1, |slot| slot.sequence + 1), record);
    match newest {
        Some(FileSlot { at, .. }) if line.len() < before.len() / 2 => {
            let slot = padded(line, before.len() / 2);
            overwrite(path, &slot, (1 - at) * slot.len())
        }
        Some(_) | None => private_file::replace(path, &new_file(line)),
    }
}

fn overwrite(path: &Path, slot: &[u8], offset: usize) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.write_all_at(slot, offset as u64)?;
    failpoint::hit("record.written");
    failpoint::error("record.sync")?;
    file.sync_data()
}

/// A file with this line in its first slot, and nothing in the other.
fn new_file(line: String) -> Vec<u8> {
    let length = (line.len() * GROWTH).next_multiple_of(BLOCK);
    [padded(line, length), padded(String::new(), length)].concat()
}

/// A line filled up with spaces to this length, of which the end of the line is the last byte.
fn padded(mut line: String, length: usize) -> Vec<u8> {
    line.extend(std::iter::repeat_n(' ', length.saturating_sub(line.len() + 1)));
    line.push('\n');
    line.into_bytes()
}

fn line(sequence: u64, record: &str) -> String {
    let sha256 = checksum(sequence, record);
    format!("{{\"sequence\":{sequence},\"sha256\":\"{sha256}\",\"record\":{record}}}")
}

fn checksum(sequence: u64, record: &str) -> String {
    let digest = Sha256::digest(format!("{sequence} {record}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The whole slot with the highest number.
fn newest(file: &[u8]) -> Option<FileSlot<'_>> {
    if file.is_empty() || !file.len().is_multiple_of(2 * BLOCK) {
        return None;
    }
    let slots = file.chunks_exact(file.len() / 2).enumerate();
    slots.filter_map(|(at, slot)| parse(at, slot)).max_by_key(|slot| slot.sequence)
}

/// The slot, if it is whole.
fn parse(at: usize, slot: &[u8]) -> Option<FileSlot<'_>> {
    let line = std::str::from_utf8(slot).ok()?.trim_end();
    let (sequence, rest) = line.strip_prefix("{\"sequence\":")?.split_once(",\"sha256\":\"")?;
    let (sha256, rest) = rest.split_once("\",\"record\":")?;
    let (sequence, record) = (sequence.parse().ok()?, rest.strip_suffix('}')?);
    (checksum(sequence, record) == sha256).then_some(FileSlot { at, sequence, record })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;
    use std::path::PathBuf;

    use super::*;

    fn file() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("machine.json");
        (directory, path)
    }

    fn loaded(path: &Path) -> Option<String> {
        load(path).unwrap().map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn save_overwrites_the_older_slot_in_place() {
        let (_directory, path) = file();
        assert_eq!(loaded(&path), None);
        save(&path, "{\"n\":0}").unwrap();
        let inode = fs::metadata(&path).unwrap().ino();
        let mut before = fs::read(&path).unwrap();
        for n in 1..5 {
            let record = format!("{{\"n\":{n}}}");
            save(&path, &record).unwrap();
            assert_eq!(loaded(&path), Some(record));
            let after = fs::read(&path).unwrap();
            let kept = (n + 1) % 2 * BLOCK..((n + 1) % 2 + 1) * BLOCK;
            assert_eq!(after[kept.clone()], before[kept], "the newer slot stays");
            assert_eq!((after.len(), fs::metadata(&path).unwrap().ino()), (2 * BLOCK, inode));
            before = after;
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    /// A crash may leave any blocks of a write behind, and any part of one.
    #[test]
    fn load_after_a_torn_save_returns_the_record_before() {
        let (_directory, path) = file();
        let (older, newer) = ("{\"n\":\"older\"}", format!("{{\"n\":\"{}\"}}", "x".repeat(6_000)));
        // Long enough for two blocks in each slot.
        save(&path, &newer).unwrap();
        save(&path, older).unwrap();
        let before = fs::read(&path).unwrap();
        save(&path, &newer).unwrap();
        let after = fs::read(&path).unwrap();
        let length = after.iter().rposition(|byte| !b" \n".contains(byte)).unwrap() + 1;
        for cut in (0..=length).step_by(7) {
            for (first, then) in [(&after, &before), (&before, &after)] {
                let torn = [&first[..cut], &then[cut..]].concat();
                fs::write(&path, &torn).unwrap();
                let expected = if torn == after { newer.as_str() } else { older };
                assert_eq!(loaded(&path).as_deref(), Some(expected), "cut at {cut}");
                assert_eq!(fs::read(&path).unwrap(), torn, "a load changes nothing");
            }
        }
    }

    #[test]
    fn save_makes_a_larger_file_when_a_record_outgrows_its_slot() {
        let (_directory, path) = file();
        // Among them, those that fill the first slot to the last byte, and to one less.
        for length in [10].into_iter().chain(3_970..4_010).chain([5_000, 50_000, 20]) {
            let record = format!("\"{}\"", "x".repeat(length));
            save(&path, &record).unwrap();
            assert_eq!(loaded(&path), Some(record));
        }
        assert!(fs::metadata(&path).unwrap().len() > 100_000, "it never gets smaller");
    }

    #[test]
    fn load_reads_plain_json_and_save_replaces_it() {
        let (_directory, path) = file();
        fs::write(&path, "{\"plain\":true}").unwrap();
        assert_eq!(loaded(&path).as_deref(), Some("{\"plain\":true}"));
        save(&path, "{\"plain\":false}").unwrap();
        assert_eq!(loaded(&path).as_deref(), Some("{\"plain\":false}"));
        assert_eq!(fs::metadata(&path).unwrap().len(), 2 * BLOCK as u64);
    }

    #[test]
    fn save_that_fails_is_an_error_and_the_next_load_resolves_it() {
        let (_directory, path) = file();
        save(&path, "1").unwrap();
        save(&path, "2").unwrap();
        for (name, then) in [("record.write", "2"), ("record.sync", "3")] {
            failpoint::fail_next(name);
            assert!(save(&path, "3").is_err(), "{name}");
            failpoint::fail_next("record.sync");
            assert!(load(&path).is_err(), "{name}: not durable yet");
            assert_eq!(loaded(&path).as_deref(), Some(then), "{name}");
        }
    }
}
