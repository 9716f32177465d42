//! Rates: how often a key may write.
