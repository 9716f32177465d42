//! A writer that writes until it is stopped, in a process of its own; and how it is run.
//!
//! It says `open` when it has the ledger, and then each receipt, a line each, when it has it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use grounds::ledger::{Pace, Writer};

use super::yard::Yard;

/// Who writes at the same time.
const CLIENTS: usize = 8;

/// `faults write DIR CONFIG NAME`: the child's side.
pub(crate) fn write(words: &[String]) {
    let [dir, config, name] = words else {
        panic!("write DIR CONFIG NAME");
    };
    // Nobody is left to write for when whoever started it has ended.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let yard = Yard {
        dir: dir.into(),
        config: config.into(),
    };
    let (appender, _) = yard.open();
    let anchor = appender.anchor().unwrap();
    let pen = yard.pen_at(anchor);
    let pace = Pace {
        queue: 16,
        map_every: Some(Duration::from_millis(100)),
    };
    let writer = Writer::start(appender, pace);
    println!("open");
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (writer, pen) = (&writer, &pen);
            scope.spawn(move || {
                submit(writer, &|number| {
                    // Some are so large that a segment's reserve is soon used up.
                    let length = if number % 8 == 7 { 4_000 } else { 100 };
                    pen.signed(&format!("{name}-{client}-{number}"), length)
                })
            });
        }
    });
    if let Err(error) = writer.close() {
        eprintln!("the writer ended: {error}");
    }
    std::process::exit(4);
}

fn submit(writer: &Writer, commit: &dyn Fn(u64) -> Vec<u8>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for number in 0.. {
        match runtime.block_on(writer.submit(commit(number))) {
            Ok(receipt) => {
                let mut line = receipt.json().to_bytes();
                line.push(b'\n');
                std::io::stdout().write_all(&line).unwrap();
            }
            Err(error) => {
                eprintln!("not acknowledged: {error}");
                return;
            }
        }
    }
}

/// A process that says things, a line each.
pub(crate) struct Running {
    child: Child,
    said: Receiver<Vec<u8>>,
    complained: JoinHandle<String>,
}

/// What it said, and how it ended.
pub(crate) struct Ended {
    /// Whole lines of standard output that were not taken before.
    pub(crate) said: Vec<Vec<u8>>,
    /// Standard error.
    pub(crate) complained: String,
    pub(crate) status: ExitStatus,
}

impl Running {
    /// A writer of this ledger, in a process of its own.
    pub(crate) fn writer(yard: &Yard, name: &str) -> Running {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let folders: [&Path; 2] = [&yard.dir, &yard.config];
        command.arg("write").args(folders).arg(name);
        Running::start(command)
    }

    pub(crate) fn start(mut command: Command) -> Running {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut err = child.stderr.take().unwrap();
        let (say, said) = channel();
        std::thread::spawn(move || {
            let mut line = Vec::new();
            while out.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                // Half a line is what a kill leaves: nobody was told anything by it.
                if line.pop() != Some(b'\n') || say.send(std::mem::take(&mut line)).is_err() {
                    return;
                }
            }
        });
        let complained = std::thread::spawn(move || {
            let mut complained = String::new();
            let _ = err.read_to_string(&mut complained);
            complained
        });
        Running {
            child,
            said,
            complained,
        }
    }

    /// The next line; none where it ended without.
    pub(crate) fn next(&self) -> Option<Vec<u8>> {
        self.said.recv().ok()
    }

    /// As `kill -9` does.
    pub(crate) fn kill(mut self) -> Ended {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        Ended {
            said: self.said.iter().collect(),
            complained: self.complained.join().unwrap(),
            status,
        }
    }
}
