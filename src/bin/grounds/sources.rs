//! Where a log is read from: a folder, or the address of one that is served.

use std::path::PathBuf;

use grounds::ledger::{AnySource, FolderSource};

use crate::context::Context;
use crate::error::Failure;

/// What a person named as a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A folder of a ledger or of a mirror.
    Folder(PathBuf),
    /// Anything else on this machine: a file.
    File(PathBuf),
    /// An address.
    Url(String),
}

/// Tells them apart: what has a scheme is an address.
pub(crate) fn place(text: &str) -> Place {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    let is_scheme = |scheme: &str| {
        !scheme.is_empty()
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+')
    };
    if scheme.is_some_and(is_scheme) {
        return Place::Url(text.to_owned());
    }
    let path = PathBuf::from(text);
    match path.is_file() {
        true => Place::File(path),
        false => Place::Folder(path),
    }
}

/// Opens a folder or an address.
pub(crate) fn open<'c>(context: &'c Context, place: &Place) -> Result<Box<AnySource<'c>>, Failure> {
    match place {
        Place::Folder(path) if path.is_dir() => Ok(Box::new(FolderSource::new(path))),
        Place::Folder(path) | Place::File(path) => {
            let message = format!(
                "{}: expected a ledger's folder, or an address",
                path.display()
            );
            Err(Failure::not_found(message))
        }
        Place::Url(url) => open_url(context, url),
    }
}

#[cfg(feature = "net")]
fn open_url<'c>(context: &'c Context, url: &str) -> Result<Box<AnySource<'c>>, Failure> {
    let source = grounds::net::UrlSource::new(url)
        .map_err(|error| Failure::usage(error.to_string()))?
        .told_of_retries(|why| context.say(&format!("trying again: {why}")));
    Ok(Box::new(source))
}

#[cfg(not(feature = "net"))]
fn open_url<'c>(_: &'c Context, url: &str) -> Result<Box<AnySource<'c>>, Failure> {
    Err(Failure::usage(format!(
        "{url}: this program was built without the feature net, expected a folder"
    )))
}
