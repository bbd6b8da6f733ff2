//! Pictures that consoles show, and the differences between two of them.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

/// One row of a list: an object with an `id`, a text or a number.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Its id as JSON.
    id: String,
    /// All of it as JSON.
    json: String,
}

impl From<Value> for Row {
    fn from(value: Value) -> Row {
        Row { id: value["id"].to_string(), json: value.to_string() }
    }
}

/// The lists that consoles show, in their order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Picture {
    /// The lists of which there is more than is shown, by name.
    pub cut: Vec<&'static str>,
    /// Name and rows of each list.
    pub lists: Vec<(&'static str, Vec<Row>)>,
}

impl Picture {
    /// All of it as a JSON object; `now` is the server's time.
    pub(super) fn whole(&self, now: &str) -> String {
        let lists = self.lists.iter().map(|(name, rows)| {
            let rows: Vec<&str> = rows.iter().map(|row| row.json.as_str()).collect();
            format!("\"{name}\":[{}]", rows.join(","))
        });
        self.object(now, lists.collect())
    }

    /// The changes that turn `earlier` into this picture, as a JSON object: `delta` has an object
    /// for each list that differs. In it, `gone` are the ids of rows that are removed, `changed`
    /// are rows that replace the one with the same id, `added` are pairs of a place in the new list
    /// and a row. A list whose rows changed places is `all` of its rows instead.
    pub(super) fn delta_from(&self, earlier: &Picture, now: &str) -> String {
        let lists = self.lists.iter().filter_map(|(name, rows)| {
            let before = earlier.lists.iter().find(|(other, _)| other == name);
            let before = before.map_or(&[][..], |(_, rows)| rows);
            (before != rows).then(|| format!("\"{name}\":{}", difference(before, rows)))
        });
        let lists: Vec<_> = lists.collect();
        self.object(now, vec![format!("\"delta\":{{{}}}", lists.join(","))])
    }

    fn object(&self, now: &str, mut members: Vec<String>) -> String {
        let truncated = !self.cut.is_empty();
        members.push(format!("\"truncated\":{truncated},\"cut\":{}", json!(self.cut)));
        members.push(format!("\"now\":{}", json!(now)));
        format!("{{{}}}", members.join(","))
    }
}

fn difference(before: &[Row], after: &[Row]) -> String {
    let places: HashMap<&str, usize> =
        before.iter().enumerate().map(|(at, row)| (row.id.as_str(), at)).collect();
    let (mut changed, mut added) = (Vec::new(), Vec::new());
    let mut last = None;
    for (at, row) in after.iter().enumerate() {
        let Some(place) = places.get(row.id.as_str()).copied() else {
            added.push(format!("[{at},{}]", row.json));
            continue;
        };
        if last.is_some_and(|last| last >= place) {
            let rows: Vec<&str> = after.iter().map(|row| row.json.as_str()).collect();
            return format!("{{\"all\":[{}]}}", rows.join(","));
        }
        last = Some(place);
        if before[place].json != row.json {
            changed.push(row.json.clone());
        }
    }
    let kept: HashSet<&str> = after.iter().map(|row| row.id.as_str()).collect();
    let gone = before.iter().map(|row| row.id.as_str()).filter(|id| !kept.contains(id));
    let gone: Vec<_> = gone.collect();
    let [gone, changed, added] = [gone.join(","), changed.join(","), added.join(",")];
    format!("{{\"gone\":[{gone}],\"changed\":[{changed}],\"added\":[{added}]}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(rows: &[(&str, u32)]) -> Picture {
        let rows = rows.iter().map(|(id, size)| json!({ "id": id, "size": size }).into());
        Picture { cut: Vec::new(), lists: vec![("free", rows.collect())] }
    }

    fn delta(before: &[(&str, u32)], after: &[(&str, u32)]) -> Value {
        let text = picture(after).delta_from(&picture(before), "now");
        let mut delta: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(delta["now"], "now");
        delta["delta"].take()
    }

    #[test]
    fn delta_names_only_what_differs() {
        let before = [("a", 1), ("b", 1), ("c", 1)];
        assert_eq!(delta(&before, &before), json!({}));
        let expected = json!({ "free": {
            "gone": ["b"],
            "changed": [{ "id": "c", "size": 2 }],
            "added": [[0, { "id": "x", "size": 1 }], [3, { "id": "y", "size": 1 }]],
        } });
        assert_eq!(delta(&before, &[("x", 1), ("a", 1), ("c", 2), ("y", 1)]), expected);
    }

    #[test]
    fn delta_has_all_rows_of_a_list_whose_order_changed() {
        let expected = json!({ "free": { "all": [
            { "id": "b", "size": 1 }, { "id": "a", "size": 1 },
        ] } });
        assert_eq!(delta(&[("a", 1), ("b", 1)], &[("b", 1), ("a", 1)]), expected);
    }

    #[test]
    fn whole_has_every_list() {
        let whole: Value = serde_json::from_str(&picture(&[("a", 1)]).whole("t")).unwrap();
        assert_eq!(whole["free"], json!([{ "id": "a", "size": 1 }]));
        assert_eq!((&whole["truncated"], &whole["now"]), (&json!(false), &json!("t")));
        let cut = Picture { cut: vec!["free"], ..picture(&[("a", 1)]) };
        let event: Value = serde_json::from_str(&cut.delta_from(&picture(&[]), "t")).unwrap();
        assert_eq!((&event["truncated"], &event["cut"]), (&json!(true), &json!(["free"])));
    }
}
