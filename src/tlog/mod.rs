//! The transparency log: that it was said, in this order, and that nothing was taken away.
//!
//! Pure Merkle mathematics and the text formats of [C2SP](https://c2sp.org): no files, no sockets,
//! no clock, and no idea of what an entry means. Tiles are planned here; others write them.
//!
//! | file | what | source |
//! |---|---|---|
//! | `tree` | leaf, node, root, inclusion and consistency paths | RFC 6962 §2.1 |
//! | `proof` | verifying those paths | RFC 9162 §2.1.3.2, §2.1.4.2 |
//! | `note` | text with signature lines, and the keys that sign it | c2sp.org/signed-note |
//! | `cosignature` | what a witness signs | c2sp.org/tlog-cosignature |
//! | `checkpoint` | the signed tree head | c2sp.org/tlog-checkpoint |
//! | `tile` | which tiles and bundles a tree of some size has, and their bytes | c2sp.org/tlog-tiles |
//! | `authentic` | reading tiles from somebody who is not believed | c2sp.org/tlog-tiles |
//! | `proof_file` | `.tlog-proof`: one leaf, its path, its head | c2sp.org/tlog-proof |
//! | `heads` | what two signed heads are to each other: an extension, or a fork | docs/FORMAT.md, "Proof files" |
//! | `policy` | whose cosignatures are enough | c2sp.org/tlog-policy |
//! | `witness` | what a log asks a witness, and how a witness decides | c2sp.org/tlog-witness |
//! | `log_list` | the logs that a witness trusts | the `logs/v0` lists of witness-network.org |
//! | `map` | what all streams were at a head: a sparse Merkle tree | docs/FORMAT.md, "Proof files" |

mod authentic;
mod checkpoint;
mod cosignature;
mod heads;
mod log_list;
mod map;
mod note;
mod policy;
mod proof;
mod proof_file;
mod spelling;
mod tile;
mod tree;
mod witness;

pub use authentic::{AuthenticTiles, TileError, TileSource};
pub use checkpoint::{Checkpoint, CheckpointError, OpenCheckpoint};
pub use heads::{
    ConsistencyProof, ForkProof, Head, HeadsError, ProvedConsistency, ProvedFork, Side,
};
pub use log_list::{LogList, LogListError, TrustedLog};
pub use map::{MapLeaf, MapProof, MapProofError, SubjectMap, map_root};
pub use note::{
    Cosigner, GoodSignature, Note, NoteError, NoteKeyId, NoteSigner, OpenNote, SignatureAlgorithm,
    SignatureLine, VerifierKey, VerifierKeyError,
};
pub use policy::{PolicyLog, PolicyWitness, TlogPolicy, TlogPolicyError};
pub use proof::{ProofError, verify_consistency, verify_inclusion};
pub use proof_file::{Proved, TlogProof, TlogProofError};
pub use tile::{
    Bundle, BundleError, Tile, TilePathError, encode_bundle, new_full_bundles, new_full_tiles,
    partial_bundle, partial_tiles, tiles_for,
};
pub use tree::{EMPTY_ROOT, Tree, leaf_hash, node_hash, root_of};
pub use witness::{
    AddCheckpoint, AddCheckpointError, Evidence, Extension, Judgement, KnownLog, WitnessRefusal,
    judge, parse_cosignatures, parse_last_size, write_cosignatures, write_last_size,
};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod oracle;
