//! The parameters of an action as a form: the documentation of each stands beside its field.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::text::{error_href, line};
use crate::catalog::document::one_line;
use crate::catalog::{ParamSpec, Presence, Repeat, Shape, Spec};

/// Entries of one list that a page shows.
const ENTRIES: usize = 100;
/// Optional parameters that are shown at once; of more, only those that are declared as common.
const SHOWN_AT_ONCE: usize = 12;
/// The parameter that the page's script fills in: it is never folded away.
const TOKEN: &str = "ClientToken";
/// The fewest parameters of a form that can be narrowed down.
const MANY: usize = 12;

/// A form with the values that it begins with.
pub(crate) struct Form<'a> {
    spec: &'a Spec,
    values: &'a [(String, String)],
    /// Lists of words that fields offer, each once.
    words: Vec<&'static [&'static str]>,
}

/// Where a parameter stands.
struct FieldPath<'a> {
    /// The beginning of its name on the wire: `DataDisk.1.`
    wire: &'a str,
    /// The beginning of its name in the documentation: `DataDisk.N.`
    path: &'a str,
}

impl<'a> Form<'a> {
    /// The form of an action.
    pub(super) fn new(spec: &'a Spec, values: &'a [(String, String)]) -> Form<'a> {
        let mut words = Vec::new();
        collect_words(spec.parameters, &mut words);
        Form { spec, values, words }
    }

    /// All fields: what is required, what can be given, what has no effect.
    pub(crate) fn fields(&self) -> Markup {
        let top = FieldPath { wire: "", path: "" };
        let required = |one: &ParamSpec| one.presence == Presence::Required;
        let of = |wanted: &dyn Fn(&ParamSpec) -> bool| {
            self.spec.parameters.iter().filter(|one| wanted(one)).collect::<Vec<_>>()
        };
        let without_effect = of(&|one| !one.honoured);
        let optional = of(&|one| one.honoured && !required(one));
        let all_at_once = optional.len() <= SHOWN_AT_ONCE;
        let (common, more): (Vec<&ParamSpec>, Vec<&ParamSpec>) =
            optional.into_iter().partition(|one| all_at_once || self.is_shown_at_once(one));
        html! {
            @if self.spec.parameters.is_empty() { p { "This action takes no parameters." } }
            @if self.spec.parameters.len() >= MANY { (narrow()) }
            (self.rows(&of(&|one| one.honoured && required(one)), &top))
            (self.rows(&common, &top))
            @if !more.is_empty() {
                details.more-rows open[self.any_given(&more)] {
                    summary { (more.len()) " more parameters" }
                    (self.rows(&more, &top))
                }
            }
            @if !without_effect.is_empty() {
                details.unused open[self.any_given(&without_effect)] {
                    summary { (without_effect.len()) " parameters that are checked and have no effect here" }
                    (self.rows(&without_effect, &top))
                }
            }
            @for (at, words) in self.words.iter().enumerate() {
                datalist id={ "words-" (at) } { @for word in *words { option value=(word) {} } }
            }
        }
    }

    /// Whether a parameter is shown however many there are.
    fn is_shown_at_once(&self, one: &ParamSpec) -> bool {
        one.common || one.presence == Presence::Expected || one.name == TOKEN
    }

    fn any_given(&self, specs: &[&ParamSpec]) -> bool {
        specs.iter().any(|spec| {
            let inside = format!("{}.", spec.name);
            self.values.iter().any(|(name, _)| name == spec.name || name.starts_with(&inside))
        })
    }

    fn rows(&self, specs: &[&ParamSpec], place: &FieldPath<'_>) -> Markup {
        html! { @for spec in specs { (self.row(spec, place)) } }
    }

    fn row(&self, spec: &ParamSpec, place: &FieldPath<'_>) -> Markup {
        let wire = format!("{}{}", place.wire, spec.name);
        let path = format!("{}{}", place.path, spec.name);
        // Only the first entry of a list can be linked to.
        let first = !place.wire.split('.').any(|part| part.parse::<u32>().is_ok_and(|n| n > 1));
        let anchor = first.then_some(&path);
        let group = !spec.children.is_empty();
        html! {
            div.row.group[group] id=[anchor] {
                (self.head(spec, &wire, &path, group))
                @match (spec.repeat, group) {
                    (Repeat::Numbered, true) => (self.groups(spec, &wire, &path)),
                    (Repeat::Numbered, false) => (self.list(spec, &wire)),
                    (Repeat::Structure, _) => (self.members(spec, &format!("{wire}."), &format!("{path}."))),
                    (Repeat::Once | Repeat::JsonArray | Repeat::Commas, _) => (self.field(spec, &wire, "")),
                }
            }
        }
    }

    /// The name, what it means and what it may be.
    fn head(&self, spec: &ParamSpec, wire: &str, path: &str, group: bool) -> Markup {
        let numbered = spec.repeat == Repeat::Numbered;
        let shown = if numbered { format!("{}.N", spec.name) } else { spec.name.to_owned() };
        html! {
            div.name {
                @if group || numbered { span.label { (shown) } }
                @else { label for={ "in-" (wire) } { (shown) } }
                @if spec.presence == Presence::Required { " " span.need { "required" } }
                @if !spec.honoured { " " span.none { "no effect" } }
                " " a.anchor href={ "#" (path) } aria-label={ "Link to " (path) } { "#" }
            }
            div.hint id={ "hint-" (wire) } {
                (line(&one_line(spec.doc)))
                @if wire == TOKEN {
                    span data-script-only hidden { " This page fills in a new one for each call." }
                }
                @if !group { " " span.limits { (limits(spec)) } }
            }
        }
    }

    /// One field. `more` is what sets it apart from others under the same label.
    fn field(&self, spec: &ParamSpec, wire: &str, more: &str) -> Markup {
        let value = self.value(wire);
        let id = format!("in-{wire}");
        let label = (!more.is_empty()).then(|| format!("{} {more}", spec.name));
        let labelled_by = wire.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        let hint = format!("hint-{}", if more.is_empty() { wire } else { labelled_by });
        html! {
            div.field {
                @if spec.shape == Shape::Boolean {
                    select name=(wire) id=(id) aria-label=[label] aria-describedby=(hint)
                        data-required[spec.presence == Presence::Required] {
                        option value="" { "not given" }
                        @for word in ["true", "false"] {
                            option value=(word) selected[value == word] { (word) }
                        }
                        @if !["", "true", "false"].contains(&value) {
                            option value=(value) selected { (value) }
                        }
                    }
                } @else {
                    input name=(wire) id=(id) value=(value) placeholder=[example(spec)] autocomplete="off"
                        data-required[spec.presence == Presence::Required]
                        spellcheck="false" aria-label=[label] aria-describedby=(hint)
                        list=[self.list_of(spec)] inputmode=[is_number(spec).then_some("numeric")]
                        data-pick=[spec.offers] data-fits=[self.fits(spec)]
                        data-array[spec.repeat == Repeat::JsonArray] data-limits=[bounds(spec)];
                }
            }
        }
    }

    /// The statuses in which a resource fits the field, if it offers any.
    fn fits(&self, spec: &ParamSpec) -> Option<String> {
        spec.offers.map(|_| self.spec.fitting(spec).join(" "))
    }

    fn list(&self, spec: &ParamSpec, wire: &str) -> Markup {
        html! {
            div.many data-many=(wire) {
                @for number in self.numbers(wire) {
                    (self.field(spec, &format!("{wire}.{number}"), &number.to_string()))
                }
                (add(spec))
            }
        }
    }

    fn groups(&self, spec: &ParamSpec, wire: &str, path: &str) -> Markup {
        html! {
            div.many data-many=(wire) {
                @for number in self.numbers(wire) {
                    fieldset {
                        legend { (spec.name) " " (number) }
                        (self.members(spec, &format!("{wire}.{number}."), &format!("{path}.N.")))
                    }
                }
                (add(spec))
            }
        }
    }

    fn members(&self, spec: &ParamSpec, wire: &str, path: &str) -> Markup {
        let members: Vec<_> = spec.children.iter().collect();
        self.rows(&members, &FieldPath { wire, path })
    }

    /// The value that a field begins with.
    fn value(&self, wire: &str) -> &str {
        self.values.iter().find(|(name, _)| name == wire).map_or("", |(_, value)| value)
    }

    /// The numbers N of `wire.N…` that have values; 1 at least.
    fn numbers(&self, wire: &str) -> BTreeSet<u32> {
        let prefix = format!("{wire}.");
        let given = self.values.iter().filter_map(|(name, _)| {
            let rest = name.strip_prefix(&prefix)?;
            rest.split('.').next()?.parse().ok().filter(|number| *number > 0)
        });
        given.take(ENTRIES).chain([1]).collect()
    }

    fn list_of(&self, spec: &ParamSpec) -> Option<String> {
        let Shape::Choice(words, _) = spec.shape else { return None };
        let at = self.words.iter().position(|known| *known == words)?;
        Some(format!("words-{at}"))
    }
}

fn collect_words(specs: &'static [ParamSpec], words: &mut Vec<&'static [&'static str]>) {
    for spec in specs {
        if let Shape::Choice(choice, _) = spec.shape
            && !words.contains(&choice)
        {
            words.push(choice);
        }
        collect_words(spec.children, words);
    }
}

/// The fields that narrow a long form down.
fn narrow() -> Markup {
    html! {
        div.narrow-form data-script-only hidden {
            label { "Find a parameter " input type="search" autocomplete="off" spellcheck="false"
                placeholder="name, or a word of what it means"; }
            label.check { input type="checkbox"; " only filled in" }
            span.quiet role="status" {}
        }
    }
}

/// The smallest and the largest number that the field takes: `1 100`.
fn bounds(spec: &ParamSpec) -> Option<String> {
    match spec.shape {
        Shape::Integer { min, max } if is_number(spec) => Some(format!("{min} {max}")),
        _ => None,
    }
}

fn add(spec: &ParamSpec) -> Markup {
    html! {
        button.add type="button" data-script-only hidden { "Another " (spec.name) }
    }
}

fn is_number(spec: &ParamSpec) -> bool {
    matches!(spec.shape, Shape::Integer { .. }) && spec.repeat == Repeat::Once
}

/// The catalog's format for any text, which is not shown.
const ANY_TEXT: &str = "text";

/// The example as it stands in the field of this parameter.
fn example(spec: &ParamSpec) -> Option<String> {
    match spec.repeat {
        _ if spec.example == ANY_TEXT => None,
        Repeat::JsonArray => Some(format!("[\"{}\"]", spec.example)),
        Repeat::Once | Repeat::Numbered | Repeat::Commas | Repeat::Structure => {
            Some(spec.example.to_owned())
        }
    }
}

fn limits(spec: &ParamSpec) -> Markup {
    let one = spec.shape.in_words();
    let words = match spec.repeat {
        Repeat::JsonArray => format!("A JSON array; each is {one}."),
        Repeat::Numbered => format!("A numbered list; each is {one}."),
        Repeat::Commas => format!("A list with commas; each is {one}."),
        Repeat::Once | Repeat::Structure => format!("{}.", super::text::capital(&one)),
    };
    html! {
        (words)
        @if spec.malformed.code != "InvalidParameter" {
            " Else " a href=(error_href(spec.malformed.code)) { (spec.malformed.code) } "."
        }
    }
}
