//! Import of FReD's table.

use grounds::import::fred::{self, FredMapping};

use super::import_csv::parted;
use super::imported::{EMPTY, admitted, planned};

/// As every import; and all that is planned is admitted.
pub fn run(data: &[u8]) {
    let (document, table) = parted(data, "{}");
    let Ok(mapping) = FredMapping::parse(&document) else {
        return;
    };
    let plan = |bytes: &[u8], state: &_| fred::plan(bytes, &mapping, state, &mut |_| {});
    if let Some(found) = planned(table, &EMPTY.state, plan) {
        admitted(table, &found, plan);
    }
}
