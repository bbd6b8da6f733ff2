//! The pages in `docs/reference` are what the code says.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs};

use diskdock::actions::{self, GROUPS};
use diskdock::catalog::{Entry, pages};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference")
}

/// Every page by its file name.
fn wanted() -> BTreeMap<String, String> {
    let specs = |group: &'static actions::ActionGroup| group.actions.iter().map(Entry::spec);
    let mut files = BTreeMap::new();
    for group in GROUPS {
        let page = |spec| (pages::file_name(spec), pages::page(group.title, spec));
        files.extend(specs(group).map(page));
    }
    let index = pages::index(GROUPS.iter().map(|group| (group.title, specs(group).collect())));
    files.insert(pages::INDEX_FILE.to_owned(), index);
    files
}

fn present() -> BTreeMap<String, String> {
    let Ok(entries) = fs::read_dir(folder()) else { return BTreeMap::new() };
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    entries.map(|entry| read(entry.unwrap().path())).collect()
}

/// Makes the files what they should be.
fn update(wanted: &BTreeMap<String, String>, present: &BTreeMap<String, String>) {
    fs::create_dir_all(folder()).unwrap();
    for (name, text) in wanted {
        fs::write(folder().join(name), text).unwrap();
    }
    for name in present.keys().filter(|name| !wanted.contains_key(*name)) {
        fs::remove_file(folder().join(name)).unwrap();
    }
}

/// `UPDATE_PAGES=1` writes the pages instead of comparing them.
#[test]
fn the_reference_is_up_to_date() {
    let (wanted, present) = (wanted(), present());
    if env::var_os("UPDATE_PAGES").is_some() {
        return update(&wanted, &present);
    }
    let names = wanted.keys().chain(present.keys());
    let stale: Vec<_> = names.filter(|name| wanted.get(*name) != present.get(*name)).collect();
    assert!(stale.is_empty(), "run `cargo run -- docs`; stale in docs/reference: {stale:?}");
}
