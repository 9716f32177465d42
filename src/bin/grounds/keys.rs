//! Keys at hand: a file, an ssh-agent, or the one kept for the ledger.
//!
//! Private bytes are never printed; a key file that others may read or write is refused, as ssh
//! does.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use grounds::claim::State;
use grounds::envelope::{KeyFileError, PrivateKey, Signature, Signed};
use grounds::ledger::HeadSigner;
use grounds::value::{KeyId, Origin, PublicKey, Slug};
use zeroize::Zeroizing;

use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::files;
use crate::ssh_agent::SshAgent;

/// The author's key that is kept for a ledger, in its configuration folder.
pub(crate) const KEPT: &str = "author.key";

/// The log's key, in the ledger's configuration folder.
pub(crate) const LOG: &str = "log.key";

/// What the log's key signed last, beside it.
pub(crate) const LOG_STATE: &str = "log.state";

/// A key file is small: what is longer is something else.
const MAX_KEY_FILE: u64 = 64 * 1024;

/// Something that can sign for one key.
pub(crate) enum Signer {
    /// A private key in memory.
    Held(PrivateKey),
    /// A key that an ssh-agent keeps.
    Agent(SshAgent, PublicKey),
}

impl Signer {
    pub(crate) fn public(&self) -> PublicKey {
        match self {
            Signer::Held(key) => key.public(),
            Signer::Agent(_, key) => *key,
        }
    }

    /// Adds its signature to a commit.
    pub(crate) fn sign(&self, signed: &mut Signed<'_>) -> Result<(), Failure> {
        let message = signed.commit.message();
        let sig = match self {
            Signer::Held(key) => key.sign(&message),
            Signer::Agent(agent, key) => agent.sign(key, &message)?,
        };
        signed.add(Signature {
            key: self.public().id(),
            sig,
        });
        Ok(())
    }
}

/// The key that was asked for, else one that a registered agent has: in the ssh-agent, or kept for
/// this ledger. `is_wanted` says whose keys will do.
pub(crate) fn find(
    context: &Context,
    origin: Option<&Origin>,
    is_wanted: &dyn Fn(&KeyId) -> bool,
) -> Result<Signer, Failure> {
    if let Some(path) = &context.global.key {
        return from_file(path);
    }
    if let Some(signer) = from_agent(context, is_wanted)? {
        return Ok(signer);
    }
    let kept = origin
        .map(|origin| context.config_dir(origin))
        .transpose()?
        .map(|dir| dir.join(KEPT));
    match kept.filter(|path| path.exists()) {
        Some(path) => from_file(&path),
        None => Err(Failure::new(
            Exit::CannotTell,
            "key",
            "found no key to sign with: no --key, none of this ledger in an ssh-agent, none kept for it",
        )
        .hint("--key FILE names one; grounds key new FILE makes one")),
    }
}

/// A private key file, or a public one whose private half an ssh-agent keeps.
fn from_file(path: &Path) -> Result<Signer, Failure> {
    if let Some(public) = public_in(path) {
        let agent = SshAgent::at_hand()?.ok_or_else(|| {
            Failure::new(
                Exit::CannotTell,
                "key",
                format!(
                    "{}: a public key, and no ssh-agent to sign for it",
                    path.display()
                ),
            )
            .hint("name the private key file, or start ssh-agent and ssh-add the key")
        })?;
        return Ok(Signer::Agent(agent, public));
    }
    if let Some(algorithm) = other_public(path) {
        return Err(unusable(
            path,
            format!("found a public key of type {algorithm}, expected ssh-ed25519"),
        )
        .hint("grounds key new FILE or ssh-keygen -t ed25519 makes one"));
    }
    private_from(path).map(Signer::Held)
}

fn from_agent(
    context: &Context,
    is_wanted: &dyn Fn(&KeyId) -> bool,
) -> Result<Option<Signer>, Failure> {
    let agent = match SshAgent::at_hand() {
        Ok(Some(agent)) => agent,
        Ok(None) => return Ok(None),
        Err(failure) => {
            context.say(&format!("warning: {}", failure.message));
            return Ok(None);
        }
    };
    let mut wanted = agent
        .identities()?
        .into_iter()
        .filter(|key| is_wanted(&key.id()));
    let first = wanted.next();
    if let (Some(first), Some(second)) = (first, wanted.next()) {
        return Err(Failure::usage(format!(
            "the ssh-agent holds several keys of this ledger: {} and {}",
            first.id(),
            second.id()
        ))
        .hint("say which: --as AGENT, or --key FILE.pub"));
    }
    Ok(first.map(|key| Signer::Agent(agent, key)))
}

/// Reads a private key file, asking for its passphrase where it has one.
pub(crate) fn private_from(path: &Path) -> Result<PrivateKey, Failure> {
    let text = guarded(path)?;
    let failed = |error: KeyFileError| {
        let failure = unusable(path, error.to_string());
        match error {
            KeyFileError::Passphrase => {
                failure.hint("run it at a terminal, or set GROUNDS_PASSPHRASE")
            }
            KeyFileError::WrongPassphrase => failure.hint("try again"),
            _ => failure.hint("grounds key new FILE or ssh-keygen -t ed25519 makes one"),
        }
    };
    match PrivateKey::from_openssh(&text, None) {
        Err(KeyFileError::Passphrase) => {}
        other => return other.map_err(failed),
    }
    if let Ok(phrase) = std::env::var("GROUNDS_PASSPHRASE") {
        let phrase = Zeroizing::new(phrase);
        return PrivateKey::from_openssh(&text, Some(&phrase)).map_err(failed);
    }
    if !std::io::stdin().is_terminal() {
        return Err(failed(KeyFileError::Passphrase));
    }
    for _ in 0..2 {
        match PrivateKey::from_openssh(&text, Some(&asked(path)?)) {
            Err(KeyFileError::WrongPassphrase) => {}
            other => return other.map_err(failed),
        }
    }
    PrivateKey::from_openssh(&text, Some(&asked(path)?)).map_err(failed)
}

fn asked(path: &Path) -> Result<Zeroizing<String>, Failure> {
    rpassword::prompt_password(format!("Passphrase for {}: ", path.display()))
        .map(Zeroizing::new)
        .map_err(|error| Failure::io(path, &error))
}

fn unusable(path: &Path, what: impl Into<String>) -> Failure {
    Failure::new(
        Exit::CannotTell,
        "key_file",
        format!("{}: {}", path.display(), what.into()),
    )
}

/// The text of a private key file that nobody else may read or write.
fn guarded(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let about = std::fs::metadata(path).map_err(|error| {
        Failure::io(path, &error).hint("grounds key new FILE or ssh-keygen -t ed25519 makes a key")
    })?;
    if !about.is_file() {
        return Err(unusable(path, "found no regular file, expected a key file"));
    }
    if about.len() > MAX_KEY_FILE {
        return Err(unusable(
            path,
            format!("found {} bytes, expected a key file", about.len()),
        ));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = about.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(unusable(
                path,
                format!("found permissions {mode:04o}, expected a private key that only its owner can read (0600)"),
            )
            .hint(format!("chmod 600 {}", path.display())));
        }
    }
    let bytes = Zeroizing::new(std::fs::read(path).map_err(|error| Failure::io(path, &error))?);
    std::str::from_utf8(&bytes)
        .map(|text| Zeroizing::new(text.to_owned()))
        .map_err(|_| {
            unusable(
                path,
                "found bytes that are no text, expected an OpenSSH private key",
            )
        })
}

/// The public key in a `.pub` file; none where the file is something else.
pub(crate) fn public_in(path: &Path) -> Option<PublicKey> {
    public_of_line(&small_text(path)?)
}

/// The type of a public key file that is not of Ed25519; none where the file is something else.
fn other_public(path: &Path) -> Option<String> {
    let text = small_text(path)?;
    let algorithm = text.split_whitespace().next()?;
    let is_public = ["ssh-", "ecdsa-", "sk-"]
        .iter()
        .any(|kind| algorithm.starts_with(kind));
    (is_public && algorithm != "ssh-ed25519").then(|| grounds::value::excerpt(algorithm))
}

/// The text of a file that may hold a key.
fn small_text(path: &Path) -> Option<String> {
    let about = std::fs::metadata(path).ok()?;
    if !about.is_file() || about.len() > MAX_KEY_FILE {
        return None;
    }
    std::fs::read_to_string(path).ok()
}

/// `ssh-ed25519 AAAA… comment`.
fn public_of_line(text: &str) -> Option<PublicKey> {
    let mut words = text.split_whitespace();
    let (algorithm, blob) = (words.next()?, words.next()?);
    format!("{algorithm} {blob}").parse().ok()
}

/// Makes a new key: the private file, mode 0600, and its public half beside it.
pub(crate) fn make(path: &Path, comment: &str) -> Result<PrivateKey, Failure> {
    let key = PrivateKey::generate().map_err(|error| Failure::io(path, &error))?;
    files::write_new_private(path, key.to_openssh(comment).as_bytes())?;
    let public = format!("{} {comment}\n", key.public());
    files::replace(&public_path(path), public.as_bytes())?;
    Ok(key)
}

/// Removes a key that was just made and that nothing was recorded of.
pub(crate) fn take_back(path: &Path) {
    // What cannot be removed is found by the next try, which says so.
    let _ = std::fs::remove_file(public_path(path));
    let _ = std::fs::remove_file(path);
}

/// `FILE.pub`.
pub(crate) fn public_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

/// The log's key of a ledger with what it signed last; none where it is not on this machine.
pub(crate) fn log_signer(
    context: &Context,
    origin: &Origin,
) -> Result<Option<HeadSigner>, Failure> {
    let dir = context.config_dir(origin)?;
    let path = dir.join(LOG);
    if !path.exists() {
        return Ok(None);
    }
    let key = private_from(&path)?;
    HeadSigner::open(origin, key, &dir.join(LOG_STATE))
        .map(Some)
        .map_err(|error| grounds::ledger::LedgerError::from(error).into())
}

/// Whose a key is, where it may sign now.
pub(crate) fn owner(state: &State, key: &KeyId) -> Result<Slug, Failure> {
    let unknown = || {
        Failure::new(
            Exit::No,
            "signature",
            format!("found the key {key}, expected one that is registered in this ledger"),
        )
        .hint("grounds key prove --agent NAME --key FILE makes what a steward gives to grounds agent add")
    };
    let owner = state.key_owner(key).ok_or_else(unknown)?;
    if state.valid_key(key).is_none() {
        return Err(Failure::new(
            Exit::No,
            "signature",
            format!(
                "found the key {key} of agent/{}, which is revoked, expected a valid one",
                owner.agent
            ),
        )
        .hint(format!("grounds key list --agent {}", owner.agent)));
    }
    Ok(owner.agent.clone())
}
