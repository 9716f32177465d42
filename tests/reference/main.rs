//! Writes the reference ledger: `cargo run --example reference -- FOLDER`.
//!
//! The folder must not hold a ledger yet. The signer's state goes to a temporary file beside it,
//! and is thrown away: the ledger is never continued.

mod build;

fn main() {
    let folder = std::env::args().nth(1).expect("a folder");
    let state =
        std::env::temp_dir().join(format!("grounds-reference-{}.state", std::process::id()));
    build::build(std::path::Path::new(&folder), &state);
    std::fs::remove_file(&state).expect("the state was written");
    let claim = build::claim();
    let mut out = std::io::stdout();
    std::io::Write::write_all(&mut out, format!("{folder}: {claim}\n").as_bytes()).expect("stdout");
}
