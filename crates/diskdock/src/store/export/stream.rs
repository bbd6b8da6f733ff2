//! An export, read and written part by part: it may be larger than memory.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

use domain::InstanceId;
use domain::entity::Entity;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{BATCH_SIZE, FORMAT};
use crate::store::{DynEntity, EntityType, KINDS, OperationRow, ReadTx, StoreError, WriteTx};

/// A part of an export. They come in the order of the file.
pub(crate) enum ExportPart {
    /// The version of the format.
    Format(u32),
    /// A resource.
    Resource(Arc<dyn DynEntity>),
    /// User data of an instance, in Base64.
    UserData(InstanceId, String),
    /// An operation in flight.
    Operation(Box<OperationRow>),
}

impl ExportPart {
    /// Saves it in a transaction that does not touch it again.
    pub(crate) fn load(self, tx: &mut dyn WriteTx) -> Result<(), StoreError> {
        match self {
            ExportPart::Format(_) => Ok(()),
            ExportPart::Resource(resource) => tx.save_once(resource),
            ExportPart::UserData(id, data) => tx.save_user_data(&id, &data),
            ExportPart::Operation(row) => tx.begin_operation(&row),
        }
    }
}

/// Takes a part, or says in words what is wrong with it.
type TakePart<'f> = dyn FnMut(ExportPart) -> Result<(), String> + 'f;

/// Reads an export to its end, and gives each of its parts. The error is that of the text, of
/// reading it, or of who takes a part, whose words it has then.
pub(crate) fn read_parts(
    from: impl Read,
    take: &mut TakePart<'_>,
) -> Result<(), serde_json::Error> {
    let mut from = serde_json::Deserializer::from_reader(from);
    parts_of(&mut from, take)?;
    from.end()
}

/// The same of what is read by another.
pub(super) fn parts_of<'de, D: Deserializer<'de>>(
    from: D,
    take: &mut TakePart<'_>,
) -> Result<(), D::Error> {
    from.deserialize_map(WholeVisitor { take })
}

struct WholeVisitor<'a, 'f> {
    take: &'a mut TakePart<'f>,
}

impl<'de> Visitor<'de> for WholeVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an export")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<(), A::Error> {
        let take = self.take;
        while let Some(name) = from.next_key::<String>()? {
            match name.as_str() {
                "format" => {
                    take(ExportPart::Format(from.next_value()?)).map_err(A::Error::custom)?;
                }
                "user_data" => from.next_value_seed(List(&mut |(id, data)| {
                    take(ExportPart::UserData(id, data))
                }))?,
                "operations" => from
                    .next_value_seed(List(&mut |row| take(ExportPart::Operation(Box::new(row)))))?,
                plural => {
                    let of = KINDS.iter().find(|of| of.kind.plural == plural);
                    let of = of.ok_or_else(|| A::Error::custom(unknown(plural)))?;
                    from.next_value_seed(List(&mut |value: Value| {
                        let resource = (of.decode_value)(value).map_err(|error| error.to_string());
                        take(ExportPart::Resource(resource?))
                    }))?;
                }
            }
        }
        Ok(())
    }
}

/// A list, whose entries are given one by one.
struct List<'a, T>(&'a mut dyn FnMut(T) -> Result<(), String>);

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for List<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<'_, T> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<(), A::Error> {
        while let Some(entry) = from.next_element()? {
            (self.0)(entry).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

fn unknown(name: &str) -> String {
    let kinds: Vec<_> = KINDS.iter().map(|of| of.kind.plural).collect();
    let known = kinds.join(", ");
    format!("unknown field `{name}`, expected one of format, {known}, user_data, operations")
}

/// The failure of writing an export.
#[derive(Debug)]
pub(crate) enum ExportFault {
    /// The store could not be read.
    Store(StoreError),
    /// It could not be written.
    Io(io::Error),
}

impl From<StoreError> for ExportFault {
    fn from(fault: StoreError) -> ExportFault {
        ExportFault::Store(fault)
    }
}

impl From<io::Error> for ExportFault {
    fn from(fault: io::Error) -> ExportFault {
        ExportFault::Io(fault)
    }
}

/// Writes the whole store as a transaction sees it, a batch of each kind in memory at a time.
pub(crate) fn write_export(tx: &dyn ReadTx, out: &mut dyn Write) -> Result<(), ExportFault> {
    // Before anything is written: a read of single rows ends here.
    let operations = tx.operations()?;
    write!(out, "{{\"format\":{FORMAT}")?;
    for of in KINDS {
        write!(out, ",\"{}\":[", of.kind.plural)?;
        let mut begins = true;
        each_of(tx, of, &mut |resource| {
            separate(out, &mut begins)?;
            Ok(out.write_all(resource.encode().as_bytes())?)
        })?;
        write!(out, "]")?;
    }
    write!(out, ",\"user_data\":[")?;
    write_user_data(tx, out)?;
    write!(out, "],\"operations\":")?;
    serde_json::to_writer(&mut *out, &operations).map_err(io::Error::from)?;
    Ok(write!(out, "}}")?)
}

fn write_user_data(tx: &dyn ReadTx, out: &mut dyn Write) -> Result<(), ExportFault> {
    let of = KINDS.iter().find(|of| of.kind.name == <domain::Instance as Entity>::KIND.name);
    let of = of.expect("instances are a kind");
    let mut begins = true;
    each_of(tx, of, &mut |resource| {
        let id = InstanceId::from(resource.id());
        let Some(data) = tx.user_data(&id)? else { return Ok(()) };
        separate(out, &mut begins)?;
        Ok(serde_json::to_writer(&mut *out, &(id, data)).map_err(io::Error::from)?)
    })
}

fn separate(out: &mut dyn Write, begins: &mut bool) -> io::Result<()> {
    if std::mem::take(begins) { Ok(()) } else { out.write_all(b",") }
}

/// Every resource of a kind, in the order of ids.
fn each_of(
    tx: &dyn ReadTx,
    of: &'static EntityType,
    take: &mut dyn FnMut(&dyn DynEntity) -> Result<(), ExportFault>,
) -> Result<(), ExportFault> {
    let mut after: Option<String> = None;
    loop {
        let page = tx.resources_after(of, after.as_deref(), BATCH_SIZE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id().to_owned());
        for resource in &page {
            take(resource.as_ref())?;
        }
    }
}
