//! `diskdock docs`: the reference pages, written from the catalog.

use std::path::{Path, PathBuf};

use super::{Failure, output};
use crate::actions::{PRODUCTS, all};
use crate::catalog::pages;

/// Write the reference pages, or check that they are current.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  diskdock docs            write docs/reference
  diskdock docs --check    fail if a page is not current")]
pub struct DocsArgs {
    /// Only check
    #[arg(long)]
    pub check: bool,
    /// Where the pages are
    #[arg(long, value_name = "DIRECTORY", default_value = "docs/reference")]
    pub dir: PathBuf,
}

/// Runs the command.
pub fn run(args: DocsArgs) -> Result<(), Failure> {
    let pages = all_pages();
    if args.check { check(&args.dir, &pages) } else { write(&args.dir, &pages) }
}

/// Pairs of file name and content.
fn all_pages() -> Vec<(String, String)> {
    let page = |listed| (pages::file_name(listed, PRODUCTS), pages::page(listed));
    let index = (pages::INDEX_FILE.to_owned(), pages::index(PRODUCTS));
    std::iter::once(index).chain(all().map(page)).collect()
}

fn write(directory: &Path, pages: &[(String, String)]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(format!("cannot write {}: {error}", directory.display()), "")
    };
    std::fs::create_dir_all(directory).map_err(failed)?;
    for (name, text) in pages {
        std::fs::write(directory.join(name), text).map_err(failed)?;
    }
    for stray in pages_without_action(directory, pages) {
        eprintln!("{stray} belongs to no action; remove it");
    }
    output::print(&format!("{} pages in {}", pages.len(), directory.display()))
}

fn check(directory: &Path, pages: &[(String, String)]) -> Result<(), Failure> {
    let current = |(name, text): &&(String, String)| {
        std::fs::read_to_string(directory.join(name)).is_ok_and(|found| found == *text)
    };
    let stale = pages.iter().filter(|page| !current(page)).map(|(name, _)| name.clone());
    let wrong: Vec<String> = stale.chain(pages_without_action(directory, pages)).collect();
    if wrong.is_empty() {
        return output::print(&format!("{} pages are current", pages.len()));
    }
    let message = format!("not current in {}: {}", directory.display(), wrong.join(", "));
    Err(Failure::new(message, "Write them anew with `diskdock docs` and commit them."))
}

/// Pages on disk that no action has.
fn pages_without_action(directory: &Path, pages: &[(String, String)]) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let unknown = |name: &String| pages.iter().all(|(known, _)| known != name);
    let mut strays: Vec<String> =
        names.filter(|name| name.ends_with(".md")).filter(unknown).collect();
    strays.sort();
    strays
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_reports_pages_that_differ() {
        let directory = tempfile::tempdir().unwrap();
        let at = |check| DocsArgs { check, dir: directory.path().to_owned() };
        assert!(run(at(true)).is_err());
        run(at(false)).unwrap();
        run(at(true)).unwrap();
        std::fs::write(directory.path().join("DetachDisk.md"), "old").unwrap();
        assert!(run(at(true)).unwrap_err().message.contains("DetachDisk.md"));
        run(at(false)).unwrap();
        std::fs::write(directory.path().join("Gone.md"), "").unwrap();
        assert!(run(at(true)).unwrap_err().message.contains("Gone.md"));
    }
}
