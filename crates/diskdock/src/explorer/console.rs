//! The console: what there is and what is going on, live. The script reads it from the operator's
//! controls, so a client without access to those sees nothing here.

use maud::{Markup, html};

use super::page::{Section, page as whole};
use crate::actions::PRODUCTS;

/// The page, which the script fills.
pub(crate) fn page() -> Markup {
    let body = html! {
        h1 { "Console" }
        p.lead { "Instances with their disks, operations in flight and the latest calls. Drag a disk "
            "onto an instance to attach it, or off it to detach it; the buttons do the same." }
        noscript { p.notice { "The console needs script. Without it, use " code { "diskdock admin operations" }
            " and DescribeDisks." } }
        div.console data-script-only data-version=(PRODUCTS[0].version) hidden {
            p.watching role="status" { "Connecting …" }
            form.token hidden {
                label for="token" { "Admin token" }
                input id="token" type="password" autocomplete="off" aria-describedby="token-hint";
                button.primary { "Watch" }
                p.hint id="token-hint" { "It is in the file " code { "admin-token" } " of the data directory, and is "
                    "kept for this tab only." }
            }
            div.refusal role="alert" {}
            section id="instances" { h2 { "Instances" } div.instances {} }
            section id="free" { h2 { "Disks on no instance" } div.free.drop {} }
            section id="operations" { h2 { "Operations" } div.operations {} }
            section id="calls" {
                h2 { "Latest calls" }
                label.check { input type="checkbox" id="reads"; " also reads" }
                div.calls {}
            }
        }
    };
    whole("Console", Section::Console, &["console.js"], &body)
}
