//! The pages in `docs/reference` are what the code says.

use std::path::Path;

use diskdock::cli::docs::{DocsArgs, run};

#[test]
fn the_reference_is_up_to_date() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    run(DocsArgs { check: true, dir }).unwrap();
}
