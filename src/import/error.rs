//! What cannot be imported at all. What can be, row by row, is said in the report instead.

use std::fmt;

use crate::value::FormError;

use super::mapping::MappingError;

/// A file that cannot be planned.
#[derive(Debug)]
pub enum ImportError {
    /// The file could not be read.
    Io(std::io::Error),
    /// There is nothing in it.
    Empty,
    /// Its header lacks columns.
    ColumnsMissing {
        /// Those that are not there.
        missing: Vec<String>,
        /// Those that are.
        found: Vec<String>,
    },
    /// Its header names a column twice.
    ColumnTwice {
        /// The column.
        column: String,
    },
    /// A row has another number of cells than the header.
    Cells {
        /// The row, from 1, without the header.
        row: u64,
        /// The line of the file on which it starts, from 1.
        line: u64,
        /// Cells in the row.
        found: u64,
        /// Columns in the header.
        expected: u64,
    },
    /// A row or line is not UTF-8.
    Encoding {
        /// The row, from 1, without the header; 0 for the header.
        row: u64,
        /// The line of the file on which it starts, from 1.
        line: u64,
        /// The cell, from 1.
        cell: u64,
    },
    /// A row is larger than any row may be; a quote that is never closed does that.
    RowTooLarge {
        /// The row, from 1, without the header; 0 for the header.
        row: u64,
        /// Bytes that a row may have.
        limit: u64,
    },
    /// The mapping does not fit.
    Mapping(MappingError),
    /// A line is no JSON, or no act.
    Line {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        fault: FormError,
    },
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImportError::Io(error) => write!(f, "the file could not be read: {error}"),
            ImportError::Empty => f.write_str("found an empty file, expected a header and rows"),
            ImportError::ColumnsMissing { missing, found } => write!(
                f,
                "header: found the columns {}, expected {} too",
                found.join(", "),
                missing.join(", ")
            ),
            ImportError::ColumnTwice { column } => {
                write!(
                    f,
                    "header: found the column {column} twice, expected it once"
                )
            }
            ImportError::Cells {
                row,
                line,
                found,
                expected,
            } => write!(
                f,
                "row {row} (line {line}): found {found} cells, expected {expected} as in the header"
            ),
            ImportError::Encoding { row, line, cell } => write!(
                f,
                "row {row} (line {line}), cell {cell}: found bytes that are not UTF-8, expected UTF-8"
            ),
            ImportError::RowTooLarge { row, limit } => write!(
                f,
                "row {row}: found more than {limit} bytes, expected a row of at most that; is a quote never closed?"
            ),
            ImportError::Mapping(error) => error.fmt(f),
            ImportError::Line { line, fault } => write!(f, "line {line}: {fault}"),
        }
    }
}

impl std::error::Error for ImportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ImportError::Io(error) => Some(error),
            ImportError::Mapping(error) => Some(error),
            ImportError::Line { fault, .. } => Some(fault),
            _ => None,
        }
    }
}

impl From<MappingError> for ImportError {
    fn from(error: MappingError) -> ImportError {
        ImportError::Mapping(error)
    }
}
