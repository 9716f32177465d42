//! The two questions to an ssh-agent (draft-ietf-sshm-ssh-agent): which keys, and sign this.

use std::path::PathBuf;

use grounds::value::PublicKey;

use crate::error::{Exit, Failure};

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
const ALGORITHM: &[u8] = b"ssh-ed25519";

/// An answer is at most 256 KiB, as OpenSSH has it.
const MAX_ANSWER: u32 = 256 * 1024;

/// An ssh-agent, by its socket.
pub(crate) struct SshAgent {
    socket: PathBuf,
}

impl SshAgent {
    /// The agent of `SSH_AUTH_SOCK`; none where that is not set.
    pub(crate) fn at_hand() -> Result<Option<SshAgent>, Failure> {
        let Some(socket) = std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty()) else {
            return Ok(None);
        };
        let agent = SshAgent {
            socket: socket.into(),
        };
        agent.connect().map(|_| Some(agent))
    }

    /// The Ed25519 keys that it keeps.
    pub(crate) fn identities(&self) -> Result<Vec<PublicKey>, Failure> {
        let answer = self.ask(IDENTITIES_ANSWER, &[REQUEST_IDENTITIES])?;
        self.read_identities(&answer)
            .ok_or_else(|| self.failed("a list of keys cut short"))
    }

    fn read_identities(&self, mut answer: &[u8]) -> Option<Vec<PublicKey>> {
        let count = take_number(&mut answer)?;
        let mut keys = Vec::new();
        for _ in 0..count {
            let blob = take_string(&mut answer)?;
            take_string(&mut answer)?;
            keys.extend(key_of_blob(blob));
        }
        Some(keys)
    }

    /// A signature by one of its keys.
    pub(crate) fn sign(&self, key: &PublicKey, message: &[u8]) -> Result<[u8; 64], Failure> {
        let blob = [string(ALGORITHM), string(&key.0)].concat();
        let request = [
            vec![SIGN_REQUEST],
            string(&blob),
            string(message),
            vec![0; 4],
        ]
        .concat();
        let answer = self.ask(SIGN_RESPONSE, &request)?;
        signature_of(&answer).ok_or_else(|| self.failed("no Ed25519 signature"))
    }

    fn failed(&self, found: &str) -> Failure {
        Failure::new(
            Exit::Io,
            "ssh_agent",
            format!("ssh-agent at {}: found {found}", self.socket.display()),
        )
        .hint("--key FILE signs without it; unset SSH_AUTH_SOCK to leave it out")
    }

    #[cfg(unix)]
    fn connect(&self) -> Result<std::os::unix::net::UnixStream, Failure> {
        std::os::unix::net::UnixStream::connect(&self.socket)
            .map_err(|error| self.failed(&error.to_string()))
    }

    #[cfg(not(unix))]
    fn connect(&self) -> Result<std::net::TcpStream, Failure> {
        Err(self.failed("no Unix sockets on this system"))
    }

    fn ask(&self, expected: u8, request: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut stream = self.connect()?;
        let exchange = |stream: &mut dyn Stream| -> std::io::Result<Vec<u8>> {
            stream.write_all(&string(request))?;
            let mut length = [0; 4];
            stream.read_exact(&mut length)?;
            let length = u32::from_be_bytes(length).min(MAX_ANSWER);
            let mut answer = vec![0; length as usize];
            stream.read_exact(&mut answer)?;
            Ok(answer)
        };
        let answer = exchange(&mut stream).map_err(|error| self.failed(&error.to_string()))?;
        match answer.split_first() {
            Some((kind, rest)) if *kind == expected => Ok(rest.to_vec()),
            _ => Err(self.failed("a refusal: the key is locked, not there, or was not confirmed")),
        }
    }
}

trait Stream: std::io::Read + std::io::Write {}

impl<T: std::io::Read + std::io::Write> Stream for T {}

/// A length and the bytes (RFC 4251, section 5).
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("a commit is short");
    [&length.to_be_bytes(), bytes].concat()
}

fn take_number(rest: &mut &[u8]) -> Option<u32> {
    let (number, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    Some(u32::from_be_bytes(*number))
}

fn take_string<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = take_number(rest)? as usize;
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}

fn key_of_blob(mut blob: &[u8]) -> Option<PublicKey> {
    let algorithm = take_string(&mut blob)?;
    let key = take_string(&mut blob)?;
    (algorithm == ALGORITHM)
        .then(|| key.try_into().ok().map(PublicKey))
        .flatten()
}

fn signature_of(mut answer: &[u8]) -> Option<[u8; 64]> {
    let mut signature = take_string(&mut answer)?;
    let algorithm = take_string(&mut signature)?;
    let bytes = take_string(&mut signature)?;
    (algorithm == ALGORITHM)
        .then(|| bytes.try_into().ok())
        .flatten()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_cut_short_anywhere_is_none() {
        let blob = [string(ALGORITHM), string(&[7; 32])].concat();
        let answer = [vec![0, 0, 0, 1], string(&blob), string(b"me")].concat();
        let agent = SshAgent {
            socket: "agent".into(),
        };
        assert_eq!(
            agent.read_identities(&answer).unwrap(),
            [PublicKey([7; 32])]
        );
        for cut in 0..answer.len() {
            assert_eq!(agent.read_identities(&answer[..cut]), None, "{cut}");
        }
        let signature = string(&[string(ALGORITHM), string(&[9; 64])].concat());
        assert_eq!(signature_of(&signature), Some([9; 64]));
        for cut in 0..signature.len() {
            assert_eq!(signature_of(&signature[..cut]), None, "{cut}");
        }
    }
}
