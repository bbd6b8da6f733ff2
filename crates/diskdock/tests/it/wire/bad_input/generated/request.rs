//! A request to an action: what it needs, and changes to that.

use std::collections::BTreeMap;

use diskdock::catalog::{Listed, ParamSpec, Presence, Repeat};
use diskdock::ids::IdGenerator;

use super::values::{self, Known, Value, pick};

/// Parameters of a request, by name.
pub(super) type Pairs = BTreeMap<String, String>;

/// A parameter that has a value of its own.
struct Leaf {
    spec: &'static ParamSpec,
    /// Its name, without the number of an entry.
    name: String,
    values: Vec<Value>,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As the parameter is written.
    Plain,
    /// Twice, where it is a list.
    Twice,
    /// In single quotes, or as a JSON array where it is numbered.
    Array,
    /// So often that it is too often.
    Crowd,
    /// With a number from which no entry begins.
    Zero,
    /// With a word for a number.
    Word,
    /// As a structure that the parameter has not.
    Inside,
    /// As JSON that does not end.
    Torn,
    /// Not at all.
    Missing,
}

const ODD_SPELLINGS: [Spelling; 8] = [
    Spelling::Twice,
    Spelling::Array,
    Spelling::Crowd,
    Spelling::Zero,
    Spelling::Word,
    Spelling::Inside,
    Spelling::Torn,
    Spelling::Missing,
];

/// A change of one parameter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Single {
    leaf: usize,
    value: usize,
    spelling: Spelling,
}

/// An action to send requests to.
pub(super) struct Subject {
    pub listed: Listed,
    leaves: Vec<Leaf>,
}

fn leaves(specs: &'static [ParamSpec], prefix: &str, found: &mut Vec<Leaf>) {
    for spec in specs {
        let name = format!("{prefix}{}", spec.name);
        if spec.children.is_empty() {
            found.push(Leaf { spec, name, values: values::all(spec) });
        } else {
            let number = if spec.repeat == Repeat::Numbered { "1." } else { "" };
            leaves(spec.children, &format!("{name}.{number}"), found);
        }
    }
}

impl Leaf {
    fn put(&self, value: &str, spelling: Spelling, pairs: &mut Pairs) {
        let name = &self.name;
        let quoted = || serde_json::to_string(&value).unwrap();
        let mut set = |name: String, value: String| drop(pairs.insert(name, value));
        match (spelling, self.spec.repeat) {
            (Spelling::Missing, _) => pairs.retain(|given, _| !given.starts_with(name)),
            (Spelling::Zero, _) => set(format!("{name}.0"), value.to_owned()),
            (Spelling::Word, _) => set(format!("{name}.first"), value.to_owned()),
            (Spelling::Inside, _) => set(format!("{name}.1.Key"), value.to_owned()),
            (Spelling::Torn, _) => set(name.clone(), format!("[{}", quoted())),
            (Spelling::Array, Repeat::JsonArray) => set(name.clone(), format!("['{value}']")),
            (Spelling::Array, _) => set(name.clone(), format!("[{}]", quoted())),
            (Spelling::Crowd, Repeat::Numbered) => {
                (1..=201).for_each(|number| set(format!("{name}.{number}"), value.to_owned()));
            }
            (Spelling::Crowd, Repeat::JsonArray) => {
                set(name.clone(), format!("[{}]", vec![quoted(); 201].join(",")));
            }
            (Spelling::Crowd, _) => set(name.clone(), vec![value; 201].join(",")),
            (Spelling::Twice, Repeat::Numbered) => {
                set(format!("{name}.1"), value.to_owned());
                set(format!("{name}.7"), value.to_owned());
            }
            (Spelling::Twice, Repeat::JsonArray) => {
                set(name.clone(), format!("[{0}, {0}]", quoted()));
            }
            (Spelling::Twice, _) => set(name.clone(), format!("{value},{value}")),
            (Spelling::Plain, Repeat::Numbered) => set(format!("{name}.1"), value.to_owned()),
            (Spelling::Plain, Repeat::JsonArray) => set(name.clone(), format!("[{}]", quoted())),
            (Spelling::Plain, _) => set(name.clone(), value.to_owned()),
        }
    }
}

impl Subject {
    pub(super) fn of(listed: Listed) -> Subject {
        let mut found = Vec::new();
        leaves(listed.spec().parameters, "", &mut found);
        Subject { listed, leaves: found }
    }

    /// Every value of every parameter, and every odd way to write one.
    pub(super) fn singles(&self) -> Vec<Single> {
        let of = |(leaf, about): (usize, &Leaf)| {
            let plain = (0..about.values.len()).map(|value| (value, Spelling::Plain));
            let odd = ODD_SPELLINGS.map(|spelling| (0, spelling));
            let all: Vec<_> = plain.chain(odd).collect();
            all.into_iter().map(move |(value, spelling)| Single { leaf, value, spelling })
        };
        self.leaves.iter().enumerate().flat_map(of).collect()
    }

    /// Parameters that the action needs, with values that are mostly accepted.
    fn needed(&self, known: &Known, random: &IdGenerator) -> Pairs {
        let mut pairs = Pairs::new();
        for leaf in &self.leaves {
            let is_top = !leaf.name.contains('.');
            let is_needed = leaf.spec.presence != Presence::Optional || leaf.name == "RegionId";
            if is_top && is_needed {
                let value = values::good(leaf.spec).resolve(leaf.spec, known, random);
                leaf.put(&value, Spelling::Plain, &mut pairs);
            }
        }
        pairs
    }

    /// A request with one change.
    pub(super) fn with_one(&self, single: Single, known: &Known, random: &IdGenerator) -> Pairs {
        let mut pairs = self.needed(known, random);
        self.change(single, known, random, &mut pairs);
        pairs
    }

    fn change(&self, single: Single, known: &Known, random: &IdGenerator, pairs: &mut Pairs) {
        let leaf = &self.leaves[single.leaf];
        let value = leaf.values[single.value].resolve(leaf.spec, known, random);
        leaf.put(&value, single.spelling, pairs);
    }

    /// A request with a pair of changes, or with more, and now and then with what every action or
    /// none takes.
    pub(super) fn with_several(&self, known: &Known, random: &IdGenerator) -> Pairs {
        let mut pairs = self.needed(known, random);
        let changes = if pick(random, 2) == 0 { 2 } else { pick(random, 9) };
        for _ in 0..changes {
            if self.leaves.is_empty() {
                break;
            }
            let leaf = pick(random, self.leaves.len());
            // Half of them are well meant.
            let value = match pick(random, 2) {
                0 => pick(random, 5),
                _ => pick(random, self.leaves[leaf].values.len()),
            };
            let spelling = match pick(random, 12) {
                0 => ODD_SPELLINGS[pick(random, ODD_SPELLINGS.len())],
                _ => Spelling::Plain,
            };
            self.change(Single { leaf, value, spelling }, known, random, &mut pairs);
        }
        let common = [
            ("RegionId", "cn-hangzhou"),
            ("RegionId", "no-such"),
            ("DryRun", "true"),
            ("ClientToken", "again"),
            ("ClientToken", "ünicode"),
            ("OwnerId", "1"),
            ("NoSuchParameter", "1"),
        ];
        if pick(random, 4) == 0 {
            let (name, value) = common[pick(random, common.len())];
            pairs.insert(name.to_owned(), value.to_owned());
        }
        pairs
    }
}
