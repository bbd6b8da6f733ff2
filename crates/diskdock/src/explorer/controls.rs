//! The page of the operator's controls: time, rules for transitions, faults of the API, locks,
//! keys, the whole state. Each form shows the command line that does the same.

use domain::{LockReason, TransitionKind};
use maud::{Markup, html};

use super::page::{Section, page as whole};

/// The page, which the script fills.
pub(crate) fn page() -> Markup {
    let body = html! {
        h1 { "Controls" }
        p.lead { "Time, transitions and faults of this server, as an operator sets them. Under each is the "
            "command line that does the same." }
        noscript { p.notice { "The forms need script. Without it, use " code { "diskdock admin" } "." } }
        div.controls data-script-only hidden {
            p.refusal role="alert" {}
            p.of-world role="status" {}
            form.token hidden {
                label for="token" { "Admin token" }
                input id="token" type="password" autocomplete="off";
                button.primary { "Use it" }
                p.hint { "It is in the file " code { "admin-token" } " of the data directory, and is kept for this "
                    "tab only." }
            }
            (pace()) (clock()) (rules()) (transitions()) (faults()) (locks()) (lost()) (hosts())
            (worlds()) (keys()) (state())
        }
    };
    whole("Controls", Section::Controls, &["controls.js"], &body)
}

/// A part of the page: where it stands now, and its forms.
fn part(id: &str, title: &str, about: &str, forms: &Markup) -> Markup {
    html! {
        section.control id=(id) {
            h2 { (title) }
            p.hint { (about) }
            div.now {}
            (forms)
        }
    }
}

/// A form that the script sends; `buttons` are what it can do, by the name of each.
fn form(name: &str, fields: &Markup, buttons: &[(&str, &str)]) -> Markup {
    html! {
        form.line data-form=(name) autocomplete="off" {
            (fields)
            @for (verb, text) in buttons { button name="verb" value=(verb) { (text) } }
            p.command { code {} }
        }
    }
}

fn text(name: &str, label: &str, example: &str) -> Markup {
    html! {
        label { (label) " " input name=(name) placeholder=(example) spellcheck="false"; }
    }
}

fn choice(name: &str, label: &str, words: &[(&str, &str)]) -> Markup {
    html! {
        label { (label) " " select name=(name) {
            @for (word, shown) in words { option value=(word) { (shown) } }
        } }
    }
}

fn pace() -> Markup {
    let about = "How long transitions take from now on: fast, cloud, or a duration such as 2s.";
    let fields = html! { (text("pace", "Pace", "fast")) };
    part("pace", "Pace", about, &form("pace", &fields, &[("set", "Set")]))
}

fn clock() -> Markup {
    let about = "The clock that the server shows and that deadlines go by.";
    let forms = html! {
        (form("clock", &html! {}, &[("hold", "Hold"), ("release", "Release"), ("reset", "Set to the host's")]))
        (form("advance", &text("by", "By", "10m"), &[("advance", "Advance")]))
    };
    part("clock", "Clock", about, &forms)
}

fn rules() -> Markup {
    let about = "The first rule that fits a transition when it begins counts.";
    let any = ("", "any");
    let transitions: Vec<_> =
        [any].into_iter().chain(TransitionKind::WORDS.iter().map(|word| (*word, *word))).collect();
    let behaviours = [
        ("hold", "hold, until finished or refused"),
        ("refuse", "refuse, as a guest that keeps a device"),
        ("never", "never end: run into the deadline"),
        ("take", "take so long"),
    ];
    let fields = html! {
        (choice("transition", "Transition", &transitions))
        (text("disk", "Disk", "any"))
        (text("instance", "Instance", "any"))
        (text("times", "Times", "all"))
        (choice("do", "Behaviour", &behaviours))
        (text("takes", "Duration", "2s"))
    };
    let forms = html! {
        (form("rule", &fields, &[("add", "Add the rule")]))
        (form("clear-rules", &html! {}, &[("clear", "Clear all rules")]))
    };
    part("rules", "Rules for transitions", about, &forms)
}

fn transitions() -> Markup {
    let about = "Ends transitions now, as done or as refused; or retries them at once. Without an \
                 id, all of them.";
    let fields = html! { (text("disk", "Disk", "any")) (text("instance", "Instance", "any")) };
    let verbs = [("finish", "Finish"), ("refuse", "Refuse"), ("step", "Retry now")];
    part("transitions", "Transitions under way", about, &form("transitions", &fields, &verbs))
}

fn faults() -> Markup {
    let about = "Calls of the API that fail, are delayed, carried out twice or without a reply.";
    let kinds = [
        ("answer", "fail with the code"),
        ("throttle", "fail with Throttling.User"),
        ("slow", "be delayed"),
        ("twice", "be carried out twice"),
        ("drop_reply", "be carried out without a reply"),
    ];
    let fields = html! {
        (text("action", "Action", "any"))
        (text("skip", "Skip first", "0"))
        (text("times", "Times", "all"))
        (choice("do", "They", &kinds))
        (text("code", "Code", "IncorrectDiskStatus"))
        (text("takes", "Delay", "2s"))
    };
    let forms = html! {
        (form("fault", &fields, &[("add", "Add the fault")]))
        (form("clear-faults", &html! {}, &[("clear", "Clear all faults")]))
    };
    part("faults", "Faults of the API", about, &forms)
}

fn locks() -> Markup {
    let about = "OperationLocks of an instance, as the cloud sets them for a debt or an abuse.";
    let words: Vec<_> = LockReason::WORDS.iter().map(|word| (*word, *word)).collect();
    let fields = html! {
        (text("instance", "Instance", "i-…"))
        (choice("reason", "Reason", &words))
    };
    let verbs = [("lock", "Lock"), ("unlock", "Unlock")];
    part("locks", "Locks", about, &form("lock", &fields, &verbs))
}

fn lost() -> Markup {
    let about = "A machine that is lost cannot be reached, and its guest may still write: its disks stay \
                 with it until it is found again, or fenced, which makes sure that it writes no more.";
    let fields = html! { (text("instance", "Instance", "i-…")) };
    let verbs = [("lose", "Lose"), ("find", "Find again"), ("fence", "Fence")];
    part("lost", "Lost machines", about, &form("lost", &fields, &verbs))
}

fn hosts() -> Markup {
    let about = "Hosts of a server with --hypervisor hosts. A drained host gets no new instances; those that \
                 it has stay. A host that has none, and is not heard of any more, can be forgotten.";
    let fields = text("name", "Host", "host-a");
    let verbs = [("drain", "Drain"), ("undrain", "Undrain"), ("remove", "Forget")];
    part("hosts", "Hosts", about, &form("host", &fields, &verbs))
}

fn worlds() -> Markup {
    let about = "Further servers inside this one, for tests that share it: each has resources, a clock, rules and \
                 faults of its own, and a key that leads to it.";
    let fields = html! {
        (text("name", "Name", "test-1"))
        (text("from", "Copy of", "none: an empty one"))
        (text("key", "Key", "ID:SECRET, or a new one"))
    };
    let forms = html! {
        (form("new-world", &fields, &[("create", "Make the world")]))
        (form("world", &text("name", "World", "test-1"),
            &[("switch", "Use its key here"), ("delete", "Delete")]))
    };
    part("worlds", "Worlds", about, &forms)
}

fn keys() -> Markup {
    let about = "Access keys; each account has resources of its own. A secret is shown once.";
    let forms = html! {
        (form("new-key", &text("account", "Account", "that of testid"), &[("create", "Create a key")]))
        (form("key", &text("id", "Key", "its id"),
            &[("disable", "Disable"), ("enable", "Enable"), ("delete", "Delete")]))
    };
    part("keys", "Access keys", about, &forms)
}

fn state() -> Markup {
    let about = "All resources and operations as one file, without keys and the record of calls. An \
                 import replaces all there is.";
    let file = html! { label { "File " input type="file" name="file" accept="application/json"; } };
    let forms = html! {
        (form("export", &html! {}, &[("export", "Export")]))
        (form("import", &file, &[("import", "Import")]))
        (form("reset", &html! {}, &[("reset", "Forget everything")]))
    };
    let question = html! {
        dialog.ask aria-labelledby="ask" {
            h2 id="ask" {}
            p.said {}
            form method="dialog" {
                button value="no" autofocus { "Cancel" }
                button.danger value="yes" {}
            }
        }
    };
    html! { (part("state", "State", about, &forms)) (question) }
}
