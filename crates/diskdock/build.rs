//! Lists the migrations of `src/store/migrations`, so that a new one is a file and nothing else.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The folder, from this crate's.
const FOLDER: &str = "src/store/migrations";
/// The end of the names of the ways back.
const BACK: &str = ".back.sql";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join(FOLDER);
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let (back, forward): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.ends_with(BACK));
    let mut list = "&[\n".to_owned();
    for (number, name) in (1..).zip(&forward) {
        let (beginning, _) = name.split_once('_').unwrap_or_default();
        assert!(beginning == format!("{number:04}"), "{FOLDER}/{name}: {number:04} comes next");
        let its_back = format!("{}{BACK}", name.trim_end_matches(".sql"));
        let back = back.iter().find(|back| ***back == its_back);
        let back =
            back.map_or("None".to_owned(), |back| format!("Some({})", include(&folder, back)));
        let forward = include(&folder, name);
        writeln!(list, "    Migration {{ forward: {forward}, back: {back} }},")
            .map_err(io::Error::other)?;
    }
    list.push_str("]\n");
    let output = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(output.join("migrations.rs"), list)
}

/// The expression that is the text of a file.
fn include(folder: &Path, name: &str) -> String {
    format!("include_str!({:?})", folder.join(name))
}
