//! Renderers: values in, text out. What prints never computes.

pub(crate) mod human;
