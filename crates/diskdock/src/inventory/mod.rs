//! Loads the inventory: the built-in table and, if there is one, the operator's file.
//!
//! Both are TOML of the same shape; `docs/inventory.md` describes it. A file extends the built-in
//! table entry by entry, or stands alone when it says `replace = true`.

mod resolve;
mod source;
mod table;

use std::io;
use std::path::Path;

use domain::inventory::{Inventory, InventoryError};
use thiserror::Error;

use table::Table;

pub(crate) use source::InventorySource;

/// Public regions, zones, instance types and images, compiled in.
const BUILTIN: &str = include_str!("builtin.toml");

/// The name of the built-in table in errors.
const BUILTIN_NAME: &str = "built-in inventory";

/// An error of loading an inventory. Every message names the file.
#[derive(Debug, Error)]
pub enum InventoryLoadError {
    /// The file could not be read.
    #[error("{file}: cannot be read: {source}")]
    Read {
        /// The file as it was given.
        file: String,
        /// The system's error.
        source: io::Error,
    },
    /// The file is no TOML of the right shape. The source quotes the line.
    #[error("{file}: {source}")]
    Parse {
        /// The file as it was given.
        file: String,
        /// Place and reason.
        source: Box<toml::de::Error>,
    },
    /// An entry is invalid or does not fit the others.
    #[error("{file}: {fault}")]
    Entry {
        /// The file as it was given.
        file: String,
        /// The entry and the remedy.
        fault: InventoryError,
    },
}

/// Loads the built-in table and merges the file, if there is one, into it.
pub fn load(file: Option<&Path>) -> Result<Inventory, InventoryLoadError> {
    let Some(path) = file else {
        return build(BUILTIN_NAME, parse(BUILTIN_NAME, BUILTIN)?);
    };
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|source| InventoryLoadError::Read { file: name.clone(), source })?;
    load_text(&name, &text)
}

fn load_text(name: &str, text: &str) -> Result<Inventory, InventoryLoadError> {
    let own = parse(name, text)?;
    if own.replace {
        return build(name, own);
    }
    let mut table = parse(BUILTIN_NAME, BUILTIN)?;
    table.extend(own);
    // The built-in table alone is valid (a test checks it), so the file is at fault.
    build(name, table)
}

fn parse(name: &str, text: &str) -> Result<Table, InventoryLoadError> {
    toml::from_str(text).map_err(|source| InventoryLoadError::Parse {
        file: name.to_owned(),
        source: Box::new(source),
    })
}

fn build(name: &str, table: Table) -> Result<Inventory, InventoryLoadError> {
    resolve::resolve(table)
        .and_then(Inventory::new)
        .map_err(|fault| InventoryLoadError::Entry { file: name.to_owned(), fault })
}

#[cfg(test)]
mod tests;
