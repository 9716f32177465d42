//! File systems of our own, taken down again whatever happens.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::Skipped;

/// A file system that is mounted.
pub(crate) struct Mount {
    at: PathBuf,
}

impl Mount {
    /// A tmpfs of so many bytes.
    pub(crate) fn tmpfs(at: &Path, bytes: u64) -> Result<Mount, Skipped> {
        let size = format!("size={bytes}");
        Mount::new(at, &["-t", "tmpfs", "-o", &size, "tmpfs"])
    }

    /// What is in an image, on a loop device.
    pub(crate) fn image(at: &Path, image: &Path, kind: &str) -> Result<Mount, Skipped> {
        let path = image.to_str().unwrap();
        Mount::new(at, &["-t", kind, "-o", "loop", path])
    }

    fn new(at: &Path, words: &[&str]) -> Result<Mount, Skipped> {
        std::fs::create_dir_all(at).unwrap();
        run("mount", &[words, &[at.to_str().unwrap()]].concat())?;
        Ok(Mount { at: at.to_owned() })
    }

    /// Takes it down. What has just ended may hold it for a moment longer.
    pub(crate) fn end(self) {
        for _ in 0..200 {
            if run("umount", &[self.at.to_str().unwrap()]).is_ok() {
                std::mem::forget(self);
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{} stays busy", self.at.display());
    }

    /// Bytes that are free on it.
    pub(crate) fn free(&self) -> u64 {
        let found = rustix::fs::statvfs(&self.at).unwrap();
        found.f_bavail * found.f_frsize
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = run("umount", &["-l", self.at.to_str().unwrap()]);
    }
}

/// Runs a program of the system; what it said is why it did not work.
pub(crate) fn run(program: &str, words: &[&str]) -> Result<(), Skipped> {
    let ended = Command::new(program).args(words).output();
    match ended {
        Ok(ended) if ended.status.success() => Ok(()),
        Ok(ended) => Err(Skipped(format!(
            "{program} {}: {}",
            words.join(" "),
            String::from_utf8_lossy(&ended.stderr).trim()
        ))),
        Err(error) => Err(Skipped(format!("{program}: {error}"))),
    }
}
