//! Keys at hand: a file, an ssh-agent, or the one kept for the ledger.
