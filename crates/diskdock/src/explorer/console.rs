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
            p.notice.of-world role="status" hidden {}
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
                p.quiet.nothing hidden { "No instances yet: RunInstances makes some, CreateInstance one." }
                (unfitting())
                div.example hidden {
                    p { "There is nothing at all yet. An example is two instances and three disks." }
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
                    p.quiet.nothing hidden { "No disk is free: DetachDisk frees one, CreateDisk makes one." }
                    (unfitting())
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

/// Shown instead of a list that has nothing which fits what is looked for.
fn unfitting() -> Markup {
    html! {
        p.quiet.unfitting hidden {
            "Nothing here fits the filter and the region. "
            button.small.show-all type="button" { "Show all" }
        }
    }
}

fn operations() -> Markup {
    let head =
        ["State", "Operation", "Of", "Step", "Tries", "For", "Deadline", "Reason", "Controls"];
    html! {
        section id="operations" {
            h2 { "Operations" }
            p.count {}
            p.quiet {
                "Nothing is under way. An attach, a start, a snapshot and all else that takes time \
                 shows here with its step, why it waits and until when it may. "
                code { "diskdock admin rules add --transition detach --do hold" }
                " keeps the next detaches here."
            }
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
            p.quiet hidden {
                "No call has changed anything or was refused since the server started. Tick the box for \
                 reads, or send one from the page of an action."
            }
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
