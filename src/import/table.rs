//! A table: CSV (RFC 4180) with a header, read row by row and never more than one row at a time.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, Read};
use std::rc::Rc;

use super::clean;
use super::error::ImportError;
use super::report::{Place, Report};

/// Bytes that a row may have. A quote that is never closed would otherwise take in the whole file.
pub(super) const ROW_BYTES: u64 = 4 << 20;

pub(super) struct Table<R> {
    reader: csv::Reader<Bounded<R>>,
    columns: Rc<HashMap<String, usize>>,
    names: Vec<String>,
    allowance: Rc<Cell<u64>>,
    row: u64,
}

/// A row: its place, and its cells cleaned.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) place: Place,
    cells: Vec<String>,
    columns: Rc<HashMap<String, usize>>,
}

impl Row {
    /// The cell of a column; empty where there is no such column.
    pub(super) fn cell(&self, column: &str) -> &str {
        self.columns
            .get(column)
            .and_then(|place| self.cells.get(*place))
            .map_or("", String::as_str)
    }
}

impl<R: Read> Table<R> {
    /// Reads the header, which must name these columns.
    pub(super) fn open(
        source: R,
        delimiter: u8,
        required: &[&str],
    ) -> Result<Table<R>, ImportError> {
        let allowance = Rc::new(Cell::new(ROW_BYTES));
        let bounded = Bounded {
            source,
            allowance: Rc::clone(&allowance),
        };
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .from_reader(bounded);
        let names: Vec<String> = reader
            .headers()
            .map_err(|error| fault(error, 0))?
            .iter()
            .map(|name| name.trim().to_owned())
            .collect();
        if names.is_empty() {
            return Err(ImportError::Empty);
        }
        let columns = by_name(&names)?;
        let missing: Vec<String> = required
            .iter()
            .filter(|name| !columns.contains_key(**name))
            .map(|name| (*name).to_owned())
            .collect();
        if !missing.is_empty() {
            return Err(ImportError::ColumnsMissing {
                missing,
                found: names,
            });
        }
        Ok(Table {
            reader,
            columns: Rc::new(columns),
            names,
            allowance,
            row: 0,
        })
    }

    /// The columns, in order.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The next row, cleaned but for the columns in `raw`; `id` is the column that names it in the
    /// report.
    pub(super) fn next(
        &mut self,
        id: &str,
        raw: &[&str],
        report: &mut Report,
    ) -> Result<Option<Row>, ImportError> {
        self.row += 1;
        self.allowance.set(ROW_BYTES);

        let mut record = csv::StringRecord::new();
        let more = self
            .reader
            .read_record(&mut record)
            .map_err(|error| fault(error, self.row))?;
        if !more {
            return Ok(None);
        }
        report.rows = self.row;
        let name = self.columns.get(id).and_then(|place| record.get(*place));
        let place = Place {
            row: self.row,
            id: clean::cut(name.unwrap_or_default().trim(), 60),
        };
        let cells = record
            .iter()
            .zip(&self.names)
            .map(|(text, column)| match raw.contains(&column.as_str()) {
                true => text.to_owned(),
                false => clean::cell(text, &place, report),
            })
            .collect();
        Ok(Some(Row {
            place,
            cells,
            columns: Rc::clone(&self.columns),
        }))
    }
}

fn by_name(names: &[String]) -> Result<HashMap<String, usize>, ImportError> {
    let mut columns = HashMap::new();
    for (place, name) in names.iter().enumerate() {
        if columns.insert(name.clone(), place).is_some() {
            return Err(ImportError::ColumnTwice {
                column: name.clone(),
            });
        }
    }
    Ok(columns)
}

fn fault(error: csv::Error, row: u64) -> ImportError {
    let line = error.position().map_or(0, csv::Position::line);
    match error.into_kind() {
        csv::ErrorKind::Utf8 { err, .. } => ImportError::Encoding {
            row,
            line,
            cell: err.field() as u64 + 1,
        },
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => ImportError::Cells {
            row,
            line,
            found: len,
            expected: expected_len,
        },
        csv::ErrorKind::Io(error)
            if error.get_ref().is_some_and(|inner| inner.is::<TooLarge>()) =>
        {
            ImportError::RowTooLarge {
                row,
                limit: ROW_BYTES,
            }
        }
        csv::ErrorKind::Io(error) => ImportError::Io(error),
        other => ImportError::Io(io::Error::other(format!("{other:?}"))),
    }
}

/// A source that ends in an error where one row takes more than its allowance.
struct Bounded<R> {
    source: R,
    allowance: Rc<Cell<u64>>,
}

#[derive(Debug)]
struct TooLarge;

impl std::fmt::Display for TooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a row beyond its limit")
    }
}

impl std::error::Error for TooLarge {}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        match self.allowance.get().checked_sub(read as u64) {
            Some(left) => self.allowance.set(left),
            None => return Err(io::Error::other(TooLarge)),
        }
        Ok(read)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], required: &[&str]) -> Result<Vec<Row>, ImportError> {
        let mut report = Report::default();
        let mut table = Table::open(bytes, b',', required)?;
        let mut rows = Vec::new();
        while let Some(row) = table.next("id", &[], &mut report)? {
            rows.push(row);
        }
        Ok(rows)
    }

    #[test]
    fn a_cell_is_found_by_its_column_and_a_mark_at_the_start_is_no_part_of_it() {
        let rows = read(b"\xef\xbb\xbfid,b\n1,\"x\ny\"\n\n2,z\n", &["id"]).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].cell("id"), "1");
        assert_eq!(rows[0].cell("b"), "x\ny");
        assert_eq!(rows[1].cell("none"), "");
        assert_eq!(rows[1].place.row, 2);
    }

    #[test]
    fn a_file_that_is_no_table_is_refused_with_its_place() {
        let say = |bytes: &[u8]| read(bytes, &["id"]).unwrap_err().to_string();
        assert_eq!(say(b""), "found an empty file, expected a header and rows");
        assert_eq!(
            say(b"a,b\n1,2\n"),
            "header: found the columns a, b, expected id too"
        );
        assert_eq!(
            say(b"id,id\n1,2\n"),
            "header: found the column id twice, expected it once"
        );
        assert_eq!(
            say(b"id,b\n1,2\n3\n"),
            "row 2 (line 3): found 1 cells, expected 2 as in the header"
        );
        assert_eq!(
            say(b"id,b\n1,\xff\n"),
            "row 1 (line 2), cell 2: found bytes that are not UTF-8, expected UTF-8"
        );
    }

    #[test]
    fn the_limit_is_that_of_a_row_and_not_of_the_file() {
        let mut bytes = b"id,b\n".to_vec();
        for _ in 0..5 {
            bytes.extend(b"1,");
            bytes.extend(std::iter::repeat_n(b'x', 1 << 20));
            bytes.push(b'\n');
        }
        assert_eq!(read(&bytes, &["id"]).unwrap().len(), 5);
    }

    #[test]
    fn a_quote_that_is_never_closed_does_not_take_in_the_file() {
        let mut bytes = b"id,b\n1,2\n3,\"".to_vec();
        bytes.extend(std::iter::repeat_n(b'x', 2 * ROW_BYTES as usize));
        let error = read(&bytes, &["id"]).unwrap_err();
        assert!(
            matches!(error, ImportError::RowTooLarge { row: 2, .. }),
            "{error}"
        );
    }
}
