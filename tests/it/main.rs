//! Promises of the whole: each file one, kept by running what a person or a program would run.
#![allow(clippy::unwrap_used)]

mod writing;
