//! Output for people: tables, indented XML, and standard output itself.

use std::io::{ErrorKind, IsTerminal, Write};

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::Failure;

/// Columns that lists show, in this order, as far as the entries have them.
const USEFUL: &[&str] = &[
    "DiskId",
    "InstanceId",
    "ImageId",
    "InstanceTypeId",
    "RegionId",
    "ZoneId",
    "DiskName",
    "InstanceName",
    "LocalName",
    "ImageName",
    "Status",
    "Type",
    "InstanceType",
    "Category",
    "PerformanceLevel",
    "Size",
    "CpuCoreCount",
    "MemorySize",
    "Device",
    "TagKey",
    "TagValue",
    "CreationTime",
];
/// The table of an empty list.
const NONE: &str = "(none: nothing in this region and account fits what was asked; ask for less, \
                    or for another --region)";
/// Columns that repeat another one: (column, the others).
const REDUNDANT: &[(&str, &[&str])] =
    &[("ImageId", &["DiskId", "InstanceId"]), ("RegionId", &["ZoneId"])];
/// The most columns of a table; more do not fit a screen.
const COLUMNS: usize = 9;
/// Columns of a list with none of the useful ones.
const OTHER_COLUMNS: usize = 6;
/// The most columns of a terminal that a cell takes; in a pipe it is as long as it is.
const CELL: usize = 60;

/// Prints text with a line break behind it. A closed pipe is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let printed = out.write_all(text.trim_end().as_bytes()).and_then(|()| out.write_all(b"\n"));
    match printed.and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::new(error, "")),
        _ => Ok(()),
    }
}

/// Writes bytes as they are; false if the pipe is closed.
pub(crate) fn write(bytes: &[u8]) -> Result<bool, Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::new(error, "")),
    }
}

/// Prints JSON, indented.
pub(crate) fn print_json(value: &Value) -> Result<(), Failure> {
    print(&pretty(value))
}

/// JSON, indented.
pub(crate) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// A reply as a table: of its list if it has one, else of its own fields.
pub(crate) fn reply_table(reply: &Value) -> String {
    match list_of(reply) {
        Some([]) => NONE.to_owned(),
        Some(entries) if entries.iter().all(Value::is_object) => entries_table(entries),
        Some(entries) => entries.iter().map(cell).collect::<Vec<_>>().join("\n"),
        None => fields_table(reply),
    }
}

/// The list of a reply: `{"Disks": {"Disk": […]}}`.
pub(crate) fn list_of(reply: &Value) -> Option<&[Value]> {
    let wrappers = reply.as_object()?.values().filter_map(Value::as_object);
    let mut single = wrappers.filter(|wrapper| wrapper.len() == 1);
    single.find_map(|wrapper| wrapper.values().next()?.as_array()).map(Vec::as_slice)
}

fn entries_table(entries: &[Value]) -> String {
    let has = |name: &str| entries.iter().any(|entry| !text_of(entry, name).is_empty());
    let says_more = |name: &&str| {
        let others = REDUNDANT.iter().find(|(column, _)| column == name);
        !others.is_some_and(|(_, others)| others.iter().any(|other| has(other)))
    };
    let useful = USEFUL.iter().copied().filter(|name| has(name)).filter(says_more).take(COLUMNS);
    let mut columns: Vec<&str> = useful.collect();
    if columns.is_empty() {
        let fields = entries.iter().filter_map(Value::as_object).take(1).flatten();
        let scalar = fields.filter(|(_, value)| !value.is_object() && !value.is_array());
        columns = scalar.map(|(name, _)| name.as_str()).take(OTHER_COLUMNS).collect();
    }
    let row = |entry: &Value| columns.iter().map(|name| text_of(entry, name)).collect();
    table(&columns, &entries.iter().map(row).collect::<Vec<_>>())
}

fn fields_table(reply: &Value) -> String {
    let fields = reply.as_object().into_iter().flatten();
    let rows: Vec<Vec<String>> =
        fields.map(|(name, value)| vec![name.clone(), cell(value)]).collect();
    table(&["Field", "Value"], &rows)
}

/// The text of a field; empty if there is none.
pub(crate) fn text_of(entry: &Value, name: &str) -> String {
    entry.get(name).map(cell).unwrap_or_default()
}

/// A value in one line.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    // Names come from other users: they must not move the cursor of a terminal.
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Rows under headings, in columns as wide as they need to be.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let most = if std::io::stdout().is_terminal() { CELL } else { usize::MAX };
    table_within(headings, rows, most)
}

fn table_within(headings: &[&str], rows: &[Vec<String>], most: usize) -> String {
    let mut lines = vec![headings.iter().map(|heading| heading.to_uppercase()).collect()];
    let short = |row: &Vec<String>| row.iter().map(|cell| shorten(cell, most)).collect::<Vec<_>>();
    lines.extend(rows.iter().map(short));
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.width()).max()
    };
    let widths: Vec<usize> = (0..headings.len()).map(|at| width(at).unwrap_or(0)).collect();
    let line = |cells: &Vec<String>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| {
            let missing = width.saturating_sub(cell.width());
            format!("{cell}{}", " ".repeat(missing))
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A cell that takes no more than so many columns.
fn shorten(cell: &str, most: usize) -> String {
    if cell.width() <= most {
        return cell.to_owned();
    }
    let mut short = String::new();
    for letter in cell.chars() {
        short.push(letter);
        if short.width() >= most {
            short.pop();
            break;
        }
    }
    short + "…"
}

/// A word that a shell reads as this text.
pub(crate) fn shell_word(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:@%,".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Units of bytes, each 1024 times the one before.
const UNITS: &[&str] = &["bytes", "KiB", "MiB", "GiB", "TiB"];

/// A number of bytes for people: `1.5 GiB`.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) fn size(bytes: u64) -> String {
    let mut amount = bytes as f64;
    let mut units = UNITS.iter();
    let mut unit = units.next().unwrap_or(&"");
    // What would be shown as 1024 is one of the next unit.
    while amount >= 1_023.95
        && let Some(larger) = units.next()
    {
        amount /= 1_024.0;
        unit = larger;
    }
    let text = format!("{amount:.1}");
    format!("{} {unit}", text.strip_suffix(".0").unwrap_or(&text))
}

/// XML that is written without line breaks, indented.
pub(crate) fn indent_xml(xml: &str) -> String {
    let mut out = String::with_capacity(xml.len() * 2);
    let mut depth = 0_usize;
    let mut after_opening = false;
    for piece in xml.split_inclusive('>').map(str::trim) {
        let (text, tag) = piece.rfind('<').map_or((piece, ""), |at| piece.split_at(at));
        let closing = tag.starts_with("</");
        if closing {
            depth = depth.saturating_sub(1);
        }
        // An element that holds only text stays on one line.
        let stays = out.is_empty() || (closing && after_opening);
        if !stays {
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
        }
        out.push_str(text);
        out.push_str(tag);
        after_opening = !closing && !tag.ends_with("/>") && !tag.starts_with("<?");
        depth += usize::from(after_opening);
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_the_list_of_a_reply() {
        let reply = json!({ "RequestId": "R", "Disks": { "Disk": [{ "DiskId": "d-1" }] } });
        assert_eq!(list_of(&reply).map(<[Value]>::len), Some(1));
        assert_eq!(list_of(&json!({ "DiskId": "d-1" })), None);
    }

    #[test]
    fn list_becomes_rows_of_its_useful_fields() {
        let reply = json!({ "Disks": { "Disk": [
            { "RegionId": "r", "Size": 40, "DiskId": "d-1", "Status": "In_use", "Device": "" },
            { "RegionId": "r", "Size": 500, "DiskId": "d-22", "Status": "Available" },
        ] } });
        let expected = "DISKID  REGIONID  STATUS     SIZE\n\
                        d-1     r         In_use     40\n\
                        d-22    r         Available  500";
        assert_eq!(reply_table(&reply), expected);
    }

    #[test]
    fn other_replies_become_tables_as_well() {
        assert_eq!(reply_table(&json!({ "Disks": { "Disk": [] } })), NONE);
        assert_eq!(reply_table(&json!({ "Sets": { "Set": ["i-1", "i-2"] } })), "i-1\ni-2");
        let one = reply_table(&json!({ "DiskId": "d-1" }));
        assert_eq!(one, "FIELD   VALUE\nDiskId  d-1");
        let odd = reply_table(&json!({ "Xs": { "X": [{ "Odd": 1, "Deep": {} }] } }));
        assert_eq!(odd, "ODD\n1");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let reply = json!({ "Disks": { "Disk": [{ "DiskId": "d\u{1b}[2J\n" }] } });
        assert_eq!(reply_table(&reply), "DISKID\nd [2J");
    }

    #[test]
    fn columns_are_as_wide_as_what_is_shown_in_them() {
        let rows = [["磁盘", "1"], ["e\u{301}", "2"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table_within(&["name", "n"], &rows, 60), "NAME  N\n磁盘  1\ne\u{301}     2");
        let long = [vec!["磁".repeat(9)], vec!["x".repeat(9)]];
        assert_eq!(table_within(&["a"], &long, 6), "A\n磁磁…\nxxxxx…");
        assert!(table(&["a"], &[vec!["x".repeat(500)]]).len() > 500, "a pipe gets all of it");
    }

    #[test]
    fn size_has_the_unit_that_fits() {
        let sizes = [0, 512, 1_024, 1_536, (1 << 20) - 1, 20 << 30, 5 << 50];
        let told = ["0 bytes", "512 bytes", "1 KiB", "1.5 KiB", "1 MiB", "20 GiB", "5120 TiB"];
        assert_eq!(sizes.map(size), told);
    }

    #[test]
    fn xml_gets_lines() {
        let xml =
            "<?xml version='1.0'?><R><Disks><Disk><Id>d-1</Id><Name></Name></Disk></Disks></R>";
        let expected = "<?xml version='1.0'?>\n<R>\n  <Disks>\n    <Disk>\n      <Id>d-1</Id>\n      \
                        <Name></Name>\n    </Disk>\n  </Disks>\n</R>";
        assert_eq!(indent_xml(xml), expected);
    }
}
