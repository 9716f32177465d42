//! Servers as processes of their own.

use std::io::{self, BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use super::ledger::Grown;

/// A server that runs. It ends with this value, whatever happens.
pub(crate) struct Child {
    process: std::process::Child,
    pub(crate) address: SocketAddr,
}

impl Child {
    /// `grounds serve` of a ledger.
    pub(crate) fn serve(grounds: &Path, grown: &Grown, connections: usize) -> io::Result<Child> {
        let mut command = grown.command(grounds);
        command.args(["serve", "--listen", "127.0.0.1:0", "--connections"]);
        command.arg(((super::WIDER + 2) * connections).to_string());
        command.args(["--rate", "1000000", "--burst", "1000000"]);
        Child::start(command)
    }

    /// Constants of these sizes, from this program.
    pub(crate) fn constant(sizes: &[usize]) -> io::Result<Child> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("constant")
            .args(sizes.iter().map(ToString::to_string));
        Child::start(command)
    }

    fn start(mut command: Command) -> io::Result<Child> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut first = String::new();
        BufReader::new(out).read_line(&mut first)?;
        let address = first.trim().strip_prefix("listening on http://");
        let address = address.and_then(|address| address.parse().ok());
        match address {
            Some(address) => Ok(Child { process, address }),
            None => {
                let _ = process.kill();
                Err(io::Error::other(format!("the server said {first:?}")))
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it as a person would, and waits until it has.
    pub(crate) fn stop(mut self) -> io::Result<()> {
        drop(self.process.stdin.take());
        let id = self.process.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        let status = self.process.wait()?;
        match status.code() {
            // A constant's process has no handler of the signal.
            Some(0) | None => Ok(()),
            Some(code) => Err(io::Error::other(format!("the server ended with {code}"))),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
