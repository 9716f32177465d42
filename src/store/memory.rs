//! The same promises without a disk.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::{Durable, Line, Store, StoreError, Visit, check_name, check_size, check_storable};

/// Lines and named files in memory, for tests and for embedding. Durable as long as it lives.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Memory {
    lines: Vec<Box<[u8]>>,
    named: BTreeMap<String, Vec<u8>>,
}

impl Memory {
    /// A store that keeps nothing yet.
    #[must_use]
    pub fn new() -> Memory {
        Memory::default()
    }
}

impl Store for Memory {
    fn head(&self) -> u64 {
        self.lines.len() as u64
    }

    fn append(&mut self, expected_head: u64, lines: &[&[u8]]) -> Result<u64, StoreError> {
        if expected_head != self.head() {
            return Err(StoreError::Conflict {
                expected: expected_head,
                found: self.head(),
            });
        }
        check_storable(lines)?;
        self.lines.extend(lines.iter().map(|&line| line.into()));
        Ok(self.head())
    }

    fn read(&self, from: u64, to: u64, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        for index in from..to.min(self.head()) {
            let bytes =
                &self.lines[usize::try_from(index).expect("an index below the length of a Vec")];
            let line = Line {
                index,
                file: "",
                line_in_file: index + 1,
                bytes,
            };
            if visit(Ok(line)) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn put(&mut self, name: &str, bytes: &[u8], _when: Durable) -> Result<(), StoreError> {
        check_name(name)?;
        check_size(name, bytes.len() as u64)?;
        self.named.insert(name.into(), bytes.into());
        Ok(())
    }

    fn sync_named(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        check_name(name)?;
        Ok(self.named.get(name).cloned())
    }
}
