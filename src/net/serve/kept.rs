//! Kept: rendered answers.
