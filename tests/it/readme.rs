//! The README's tour, run as it stands: each command, and what it prints.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A command of the tour and the lines shown under it; `…` stands for anything, alone on a line for
/// any number of lines.
struct Shown {
    command: String,
    lines: Vec<String>,
}

fn tour() -> Vec<Shown> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut shown: Vec<Shown> = Vec::new();
    for block in text.split("```console\n").skip(1) {
        for line in block.split("\n```").next().unwrap().lines() {
            match line.strip_prefix("$ ") {
                Some(command) => shown.push(Shown {
                    command: command.to_owned(),
                    lines: Vec::new(),
                }),
                None => shown.last_mut().unwrap().lines.push(line.to_owned()),
            }
        }
    }
    shown
}

/// Whether a printed line is the shown one, with `…` for anything.
fn is_line(shown: &str, printed: &str) -> bool {
    let mut parts = shown.split('…');
    let Some(rest) = parts.next().and_then(|first| printed.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    let mut rest = rest;
    for part in middle {
        match rest.find(part) {
            Some(place) => rest = &rest[place + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether the printed lines are those shown, with a lone `…` for any number of them.
fn are_lines(shown: &[String], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((gap, rest)) if gap == "…" => {
            (0..=printed.len()).any(|skipped| are_lines(rest, &printed[skipped..]))
        }
        Some((line, rest)) => match printed.split_first() {
            Some((first, others)) => is_line(line, first.trim_end()) && are_lines(rest, others),
            None => false,
        },
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

#[test]
fn the_tour_of_the_readme_prints_what_it_shows() {
    let temporary = tempfile::tempdir().unwrap();
    let home = temporary.path();
    copy(&crate::reference::folder(), &home.join("ledger"));
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_grounds"));
    let path = std::env::join_paths(
        std::iter::once(binary.parent().unwrap().to_path_buf())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    )
    .unwrap();
    let tour = tour();
    assert!(tour.len() >= 12, "the tour has {} commands", tour.len());
    for Shown { command, lines } in tour {
        let run = Command::new("bash")
            .args(["-c", &format!("{command} 2>&1")])
            .current_dir(home)
            .env("PATH", &path)
            .env("HOME", home)
            .env("GROUNDS_CONFIG", home.join(".config"))
            .env("GROUNDS_CACHE", home.join(".cache"))
            .env("COLUMNS", "100")
            .env("NO_COLOR", "1")
            .env_remove("GROUNDS_LEDGER")
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let printed = String::from_utf8(run.stdout).unwrap();
        let printed: Vec<&str> = printed.trim_end_matches('\n').lines().collect();
        assert!(
            are_lines(&lines, &printed),
            "$ {command}\n{}",
            printed.join("\n")
        );
    }
}

#[test]
fn the_comparison_takes_gaps_and_nothing_else() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(are_lines(&lines("a\n…\nd"), &["a", "b", "c", "d"]));
    assert!(are_lines(&lines("a … c"), &["a b c"]));
    assert!(!are_lines(&lines("a\nc"), &["a", "b", "c"]));
    assert!(!are_lines(&lines("a … d"), &["a b c"]));
    assert!(!are_lines(&lines("a"), &["a", "b"]));
}
