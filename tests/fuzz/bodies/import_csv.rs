//! Import of a table, by a mapping: a line `===` parts the mapping from the table.

use grounds::import::csv_rows::{self, CsvMapping};

use super::imported::{EMPTY, admitted, planned};

pub const DEFAULT: &str = "columns:\n  statement: statement\n";

/// As every import; and all that is planned is admitted.
pub fn run(data: &[u8]) {
    let (document, table) = parted(data, DEFAULT);
    let Ok(mapping) = CsvMapping::parse(&document) else {
        return;
    };
    let plan = |bytes: &[u8], state: &_| csv_rows::plan(bytes, &mapping, state, &mut |_| {});
    if let Some(found) = planned(table, &EMPTY.state, plan) {
        admitted(table, &found, plan);
    }
}

/// The mapping's document and the file.
pub fn parted<'d>(data: &'d [u8], otherwise: &str) -> (String, &'d [u8]) {
    let mark = b"\n===\n";
    let at = data.windows(mark.len()).position(|window| window == mark);
    match at {
        None => (otherwise.to_owned(), data),
        Some(at) => {
            let document = String::from_utf8_lossy(&data[..at]).into_owned();
            (document, &data[at + mark.len()..])
        }
    }
}
