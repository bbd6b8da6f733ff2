//! The console: what there is and what is going on, live. The script reads it from the operator's
//! controls, so a client without access to those sees nothing here.

use maud::{Markup, html};

use super::page::{Section, page as whole};
use super::resource::nouns;
use super::verbs::{example, listed_kinds, verbs};

/// The page, which the script fills.
pub(crate) fn page() -> Markup {
    let body = html! {
        h1 { "Console" }
        p.lead { "Instances with their disks, operations in flight and the latest calls. Drag a disk "
            "onto an instance to attach it, or off it to detach it; the buttons do the same." }
        noscript { p.notice { "The console needs script. Without it, use " code { "diskdock admin operations" }
            " and DescribeDisks." } }
        div.console data-script-only data-nouns=(nouns()) data-kinds=(listed_kinds())
            data-verbs=(verbs()) data-example=(example()) hidden {
            p.watching role="status" { "Connecting …" }
            form.token hidden {
                label for="token" { "Admin token" }
                input id="token" type="password" autocomplete="off" aria-describedby="token-hint";
                button.primary { "Watch" }
                p.hint id="token-hint" { "It is in the file " code { "admin-token" } " of the data directory, and is "
                    "kept for this tab only." }
            }
            div.refusal role="alert" {}
            (operations())
            div.narrow {
                label { "Filter " input id="filter" type="search" autocomplete="off"
                    spellcheck="false" placeholder="id, name, status, zone, type, tag"; }
                label { "Region " select id="region" { option value="" { "All regions" } } }
            }
            section id="instances" {
                h2 { "Instances" }
                p.count {}
                p.new { a href="/explorer/actions/RunInstances" { "New instances" } }
                div.example hidden {
                    p { "There is nothing yet. RunInstances makes an instance, CreateDisk a disk." }
                    button.primary type="button" { "Make example instances" }
                }
                div.instances { div.list {} button.more type="button" hidden {} }
            }
            section id="free" {
                h2 { "Disks on no instance" }
                p.count {}
                p.new { a href="/explorer/actions/CreateDisk" { "New disk" } }
                div.free.drop {
                    p.hint { "Drop a disk here to detach it." }
                    ul.disks {}
                    button.more type="button" hidden {}
                }
                datalist id="all-instances" {}
            }
            (calls())
            (question())
        }
    };
    whole("Console", Section::Console, &["console.js"], &body)
}

fn operations() -> Markup {
    let head =
        ["State", "Operation", "Of", "Step", "Tries", "For", "Deadline", "Last result", "Controls"];
    html! {
        section id="operations" {
            h2 { "Operations" }
            p.quiet { "None." }
            div.operations {
                (table("Operations", &head))
                button.more type="button" hidden {}
            }
        }
    }
}

fn calls() -> Markup {
    html! {
        section id="calls" {
            h2 { "Latest calls" }
            label.check { input type="checkbox" id="reads"; " also reads" }
            p.quiet hidden { "None." }
            div.calls { (table("Latest calls", CALLS)) }
        }
    }
}

/// The columns of calls, as `rows.js` fills them.
pub(super) const CALLS: &[&str] =
    &["When", "Action", "Resource", "Parameters", "Result", "Caller", "RequestId"];

/// A table that the script fills.
pub(super) fn table(name: &str, head: &[&str]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(name) {
            table {
                thead { tr { @for cell in head { th { (cell) } } } }
                tbody {}
            }
        }
    }
}

/// The question that comes before anything is taken away.
fn question() -> Markup {
    html! {
        dialog.ask aria-labelledby="ask" {
            h2 id="ask" {}
            p.said {}
            form method="dialog" {
                label.given-size hidden { "GiB " input type="number" disabled required; }
                label.given-text hidden { span {} " " input autocomplete="off" spellcheck="false"
                    maxlength="256" disabled required; }
                button value="no" formnovalidate autofocus { "Cancel" }
                button.danger value="yes" {}
            }
        }
    }
}
