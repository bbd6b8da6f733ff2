//! Style and scripts, embedded, at an address that changes when any of them does.

use std::borrow::Cow;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::search;

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// The index that the search box uses.
pub(super) const INDEX: &str = "index.json";

macro_rules! embedded {
    ($folder:literal: $($kind:ident $name:literal),* $(,)?) => {
        &[$(($name, $kind, include_str!(concat!($folder, "/", $name)))),*]
    };
}

/// Name, content type and text.
static FILES: &[(&str, &str, &str)] = embedded!["assets":
    CSS "explorer.css",
    SCRIPT "action.js",
    SCRIPT "acts.js",
    SCRIPT "api.js",
    SCRIPT "checker.js",
    SCRIPT "code.js",
    SCRIPT "common.js",
    SCRIPT "console.js",
    SCRIPT "controls.js",
    SCRIPT "follow.js",
    SCRIPT "form.js",
    SCRIPT "hash.js",
    SCRIPT "key.js",
    SCRIPT "keyed.js",
    SCRIPT "listing.js",
    SCRIPT "pick.js",
    SCRIPT "resource.js",
    SCRIPT "rows.js",
    SCRIPT "search.js",
    SCRIPT "sign.js",
    SCRIPT "stream.js",
    SCRIPT "syntax.js",
    SCRIPT "terminal.js",
    SCRIPT "tree.js",
];

/// Those of others, as they were published, with their licences; see vendor/README.md. The page
/// that shows a console loads them when it is opened.
static VENDORED: &[(&str, &str, &str)] = embedded!["vendor/xterm":
    TEXT "LICENSE",
    TEXT "LICENSE-addon-fit",
    SCRIPT "addon-fit.js",
    CSS "xterm.css",
    SCRIPT "xterm.js",
];

/// Where a file is. All lie in one folder, so that scripts can import each other.
pub(crate) fn href(name: &str) -> String {
    format!("/explorer/assets/{}/{name}", version())
}

/// Content type and text of a file of this version.
pub(crate) fn find(asked: &str, name: &str) -> Option<(&'static str, Cow<'static, str>)> {
    if asked != version() {
        return None;
    }
    if name == INDEX {
        return Some((JSON, search::json().into()));
    }
    let (_, kind, text) = all().find(|(known, ..)| *known == name)?;
    Some((*kind, (*text).into()))
}

fn all() -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str)> {
    FILES.iter().chain(VENDORED)
}

/// The start of a digest of all files.
fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let mut digest = Sha256::new();
        all().for_each(|(_, _, text)| digest.update(text));
        digest.update(search::json());
        digest.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::actions;

    #[test]
    fn scripts_name_no_action() {
        for (name, _, text) in FILES.iter().filter(|(_, kind, _)| *kind == SCRIPT) {
            let words: BTreeSet<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
            let named =
                actions::all().map(|listed| listed.spec().name).find(|one| words.contains(one));
            assert_eq!(named, None, "{name}: what it needs of the action, the page can say");
        }
    }
}
