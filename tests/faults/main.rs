//! Faults on a real machine, for docs/RELIABILITY.md: the program is killed, the disk is full, calls
//! fail, the power is cut. Whatever happens, what was acknowledged is there afterwards, the head
//! extends every head that was ever seen, and the next append works.
//!
//! ```text
//! faults kills      [--kills N] [--seed N]   SIGKILL under load, also during start-up and recovery
//! faults io-errors  [--every N] [--seed N]   each call of one append fails, by strace
//! faults disk-full                           a tmpfs without room
//! faults power-cuts [--cuts N] [--seed N]    ext4 and XFS on loop devices, shut down while written to
//! ```
//!
//! It ends with 77 and a reason where the machine does not allow what it needs.

// It talks to whoever runs it, and ends at the first thing that is not as promised.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

mod errors;
mod full;
mod http;
mod kills;
mod mounts;
mod power;
mod seen;
mod writing;
mod yard;

use std::path::{Path, PathBuf};

/// A small generator (splitmix64), so that a run can be repeated.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// Why something cannot be tried here.
pub(crate) struct Skipped(pub(crate) String);

/// What was asked for.
pub(crate) struct Asked {
    pub(crate) grounds: PathBuf,
    pub(crate) seed: u64,
    pub(crate) kills: u64,
    pub(crate) cuts: u64,
    pub(crate) every: usize,
}

impl Asked {
    fn read(words: &[String]) -> Asked {
        let mut asked = Asked {
            grounds: beside("grounds"),
            seed: 20_261_122,
            kills: 200,
            cuts: 12,
            every: 1,
        };
        for pair in words.chunks(2) {
            let [name, value] = pair else {
                panic!("{} has no value", pair[0]);
            };
            match name.as_str() {
                "--grounds" => asked.grounds = std::fs::canonicalize(value).unwrap(),
                "--seed" => asked.seed = value.parse().unwrap(),
                "--kills" => asked.kills = value.parse().unwrap(),
                "--cuts" => asked.cuts = value.parse().unwrap(),
                "--every" => asked.every = value.parse().unwrap(),
                other => panic!("{other} is unknown"),
            }
        }
        asked
    }
}

/// A program of the same build.
fn beside(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let build = own.parent().and_then(Path::parent).unwrap();
    build.join(name)
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [what, rest @ ..] = words.as_slice() else {
        eprintln!("faults kills | io-errors | disk-full | power-cuts");
        std::process::exit(2);
    };
    if what == "write" {
        return writing::write(rest);
    }
    let asked = Asked::read(rest);
    println!("seed {}", asked.seed);
    let repeat = words.join(" ");
    let is_mounted = matches!(what.as_str(), "disk-full" | "power-cuts");
    std::panic::set_hook(Box::new(move |panic| {
        eprintln!("{panic}\nto repeat it: cargo run --all-features --example faults {repeat}");
        // A lane of several that fails ends them all; what is mounted is taken down first.
        if !is_mounted {
            std::process::exit(1);
        }
    }));
    let done = match what.as_str() {
        "kills" => kills::run(&asked),
        "io-errors" => errors::run(&asked),
        "disk-full" => full::run(&asked),
        "power-cuts" => power::run(&asked),
        other => panic!("{other} is unknown"),
    };
    match done {
        Ok(report) => println!("{report}"),
        Err(Skipped(why)) => {
            println!("{why}");
            std::process::exit(77);
        }
    }
}
