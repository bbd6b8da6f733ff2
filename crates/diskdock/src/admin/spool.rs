//! A file for a state on its way in or out: it may be larger than memory.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Its name in the data directory, for the moment in which it has one.
const NAME: &str = "state.part";
/// Bytes that are read and written at a time.
const BUFFER: usize = 64 * 1024;

/// A file beside the store that only this process can open, gone when it is dropped.
#[derive(Debug)]
pub(super) struct Spool(File);

/// The failure of filling it.
#[derive(Debug)]
pub(super) enum FillFault {
    /// The source could not be read.
    Source(io::Error),
    /// It could not be kept.
    File(io::Error),
}

impl Spool {
    /// An empty one on the file system of this directory.
    pub(super) fn new(directory: &Path) -> io::Result<Spool> {
        let path = directory.join(NAME);
        match fs::remove_file(&path) {
            // A process that was killed in the moment before the name was taken away.
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Err(_) | Ok(()) => {}
        }
        let mut options = File::options();
        let file = options.read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        fs::remove_file(&path)?;
        Ok(Spool(file))
    }

    /// Keeps all that this gives.
    pub(super) fn fill(&mut self, mut from: impl Read) -> Result<(), FillFault> {
        let mut buffer = vec![0; BUFFER];
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => self.0.write_all(&buffer[..read]).map_err(FillFault::File)?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(FillFault::Source(error)),
            }
        }
    }

    /// Keeps what is written by this, in the place of what it held.
    pub(super) fn rewrite<E: From<io::Error>>(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E> {
        self.0.rewind()?;
        self.0.set_len(0)?;
        let mut out = BufWriter::with_capacity(BUFFER, &self.0);
        write(&mut out)?;
        Ok(out.flush()?)
    }

    /// Reads all that it holds, from the beginning.
    pub(super) fn read(&mut self) -> io::Result<impl Read> {
        self.0.rewind()?;
        Ok(BufReader::with_capacity(BUFFER, &self.0))
    }

    /// The file, at its beginning, and its length in bytes. Both share a position.
    pub(super) fn whole_file(&mut self) -> io::Result<(File, u64)> {
        self.0.rewind()?;
        Ok((self.0.try_clone()?, self.0.metadata()?.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spool_has_no_name_and_keeps_what_it_is_given() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(NAME), "left behind").unwrap();
        let mut spool = Spool::new(directory.path()).unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        spool.fill(&b"one"[..]).unwrap();
        for _ in 0..2 {
            let mut text = String::new();
            spool.read().unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "one");
        }
        spool.rewrite(|out| out.write_all(b"2")).unwrap();
        let mut text = String::new();
        let (mut file, length) = spool.whole_file().unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), length), ("2", 1));
    }
}
