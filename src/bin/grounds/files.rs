//! Files written whole or not at all.

use std::io::Write as _;
use std::path::Path;

use crate::error::{Exit, Failure};

/// Replaces a file: an intact one is there at every moment.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = folder_of(path);
    let failed = |error: std::io::Error| Failure::io(path, &error);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    readable(file.path()).map_err(failed)?;
    file.persist(path)
        .map(|_| ())
        .map_err(|error| failed(error.error))
}

/// Writes a file that is not there yet.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    refuse_existing(path)?;
    replace(path, bytes)
}

/// Writes a file that is not there yet and that only its owner can read.
pub(crate) fn write_new_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => occupied(path),
        _ => Failure::io(path, &error),
    };
    // A temporary file has mode 0600 from its first moment.
    let mut file = tempfile::NamedTempFile::new_in(folder_of(path)).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist_noclobber(path)
        .map(|_| ())
        .map_err(|error| failed(error.error))
}

/// Fails where the file is there.
pub(crate) fn refuse_existing(path: &Path) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Ok(_) => Err(occupied(path)),
        Err(_) => Ok(()),
    }
}

fn occupied(path: &Path) -> Failure {
    Failure::new(
        Exit::No,
        "exists",
        format!("found {}, expected a name that is free", path.display()),
    )
    .hint("choose another name; --force overwrites where a command has it")
}

/// Makes a folder that only its owner can enter, and those above it.
pub(crate) fn make_private_folder(path: &Path) -> Result<(), Failure> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .map_err(|error| Failure::io(path, &error))
}

/// The same folder, named from the root.
pub(crate) fn absolute(path: &Path) -> Result<std::path::PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::io(path, &error))
}

/// Reads a file, or standard input where it is `-`, of at most so many bytes.
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;
    let failed = |error: std::io::Error| Failure::io(path, &error);
    let mut bytes = Vec::new();
    let source: Box<dyn std::io::Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).map_err(failed)?)
    };
    source
        .take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > most {
        return Err(Failure::new(
            Exit::No,
            "limit",
            format!("{}: found more than {most} bytes", path.display()),
        ));
    }
    Ok(bytes)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// What a temporary file is not: readable by all, as an ordinary new file is.
#[cfg(unix)]
fn readable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> std::io::Result<()> {
    Ok(())
}
