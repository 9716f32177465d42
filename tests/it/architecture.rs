//! The house stands: rooms use only rooms above them, the meaning wing knows no machine, the binary
//! sees only what is public. `docs/ARCHITECTURE.md` draws it; this file reads the source.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms that may know claims and may not know bytes on disk, sockets or the time.
const MEANING: [&str; 3] = ["claim", "trust", "projection"];

/// What a machine has and meaning has not.
const MACHINE: [&str; 13] = [
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "tokio",
    "async fn",
    "SystemTime",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "File::",
    "getrandom",
    "rustix",
];

/// What no line of the source holds. Written in halves, so that this file does not hold them.
const UNFINISHED: [(&str, &str); 6] = [
    ("tod", "o!"),
    ("unimple", "mented!"),
    ("TO", "DO"),
    ("FIX", "ME"),
    ("X", "XX"),
    ("dbg", "!("),
];

/// Paths of somebody's machine.
const SOMEBODYS_PATHS: [(&str, &str); 5] = [
    ("/ho", "me/"),
    ("/Us", "ers/"),
    ("/ro", "ot/"),
    ("/wo", "rk/"),
    ("/tmp/", "wt"),
];

#[test]
fn a_room_uses_only_rooms_above_it() {
    let order = rooms_in_order();
    let mut wrong = Vec::new();
    for file in sources() {
        let Some(room) = file.room.as_deref() else {
            continue;
        };
        let Some(place) = order.iter().position(|known| known == room) else {
            continue;
        };
        for (line, used) in file.rooms_used(&order) {
            let used_place = order.iter().position(|known| *known == used);
            if used_place.is_some_and(|used_place| used_place > place) {
                wrong.push(format!(
                    "{}:{line}: {room} uses {used}, below it",
                    file.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_rooms_use_each_other_in_a_circle() {
    let order = rooms_in_order();
    let mut edges: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in sources() {
        let Some(room) = file.room.clone() else {
            continue;
        };
        let used = file.rooms_used(&order).into_iter().map(|(_, used)| used);
        let others = used.filter(|used| *used != room);
        edges.entry(room.clone()).or_default().extend(others);
    }
    for room in edges.keys() {
        let path = path_back(room, room, &edges, &mut Vec::new());
        assert!(path.is_none(), "a circle: {path:?}");
    }
}

#[test]
fn every_room_of_the_source_is_in_the_tour() {
    let order = rooms_in_order();
    for file in sources() {
        if let Some(room) = &file.room {
            assert!(order.contains(room), "{}: not in src/lib.rs", file.name);
        }
    }
}

#[test]
fn the_meaning_wing_knows_no_machine() {
    let mut wrong = Vec::new();
    for file in sources() {
        let meaning = |room: &String| MEANING.contains(&room.as_str());
        if !file.room.as_ref().is_some_and(meaning) {
            continue;
        }
        for (line, code) in file.code_in_use() {
            for word in MACHINE.iter().filter(|word| code.contains(*word)) {
                wrong.push(format!("{}:{line}: {word}", file.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_binary_sees_only_what_is_public() {
    let order = rooms_in_order();
    for file in sources().iter().filter(|file| file.in_binary()) {
        for (line, code) in file.code() {
            assert!(
                !code.contains("#[path"),
                "{}:{line}: a file of the library by its path",
                file.name
            );
        }
        let own = |room: &String| fs::metadata(file.root().join(room)).is_ok();
        for (line, used) in file.rooms_used(&order) {
            let module = PathBuf::from(format!("{used}.rs"));
            let is_own = own(&used) || fs::metadata(file.root().join(module)).is_ok();
            assert!(is_own, "{}:{line}: crate::{used}", file.name);
        }
    }
}

#[test]
fn the_library_prints_nothing() {
    let printing = ["println!", "print!", "eprintln!", "eprint!"];
    for file in sources().iter().filter(|file| !file.in_binary()) {
        for (line, code) in file.code_in_use() {
            let found = printing.iter().find(|word| code.contains(*word));
            assert!(found.is_none(), "{}:{line}: {found:?}", file.name);
        }
    }
}

#[test]
fn nothing_in_the_source_is_unfinished_or_names_a_machine() {
    for file in sources() {
        for (number, line) in file.text.lines().enumerate() {
            for (left, right) in UNFINISHED.iter().chain(&SOMEBODYS_PATHS) {
                let word = [*left, *right].concat();
                assert!(
                    !line.contains(&word),
                    "{}:{}: {word}",
                    file.name,
                    number + 1
                );
            }
        }
    }
}

/// A file below src/.
struct Source {
    /// Its path below src/, with slashes.
    name: String,
    /// The room of the library it belongs to; none for lib.rs and the binary.
    room: Option<String>,
    text: String,
}

impl Source {
    fn in_binary(&self) -> bool {
        self.name.starts_with("bin/")
    }

    /// The folder that `crate::` means in this file.
    fn root(&self) -> PathBuf {
        let folder = if self.in_binary() { "bin/grounds" } else { "" };
        source_folder().join(folder)
    }

    /// Lines that are code, from 1, with the rest of a line comment cut.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.text.lines().enumerate();
        numbered
            .map(|(number, line)| (number + 1, line.split("//").next().unwrap_or_default()))
            .filter(|(_, line)| !line.trim().is_empty())
    }

    /// The same without unit tests: a test may measure time, and say what it tried.
    fn code_in_use(&self) -> impl Iterator<Item = (usize, &str)> {
        let files = ["tests.rs", "oracle.rs", "every_bit.rs"];
        let folders = ["/tests/", "/faults/"];
        let is_test = files.iter().any(|end| self.name.ends_with(end))
            || folders.iter().any(|folder| self.name.contains(folder));
        self.code()
            .take_while(move |(_, line)| !is_test && line.trim() != "mod tests {")
    }

    /// Rooms named after `crate::`, also in groups: `use crate::{hash::Hash, json}`.
    fn rooms_used(&self, order: &[String]) -> Vec<(usize, String)> {
        let mut used = Vec::new();
        let code: Vec<(usize, &str)> = self.code().collect();
        for (place, (number, line)) in code.iter().enumerate() {
            for (at, _) in line.match_indices("crate::") {
                let rest: String = line[at + "crate::".len()..].to_owned()
                    + &code[place + 1..]
                        .iter()
                        .take(40)
                        .map(|(_, next)| *next)
                        .collect::<String>();
                used.extend(names_in(&rest).map(|name| (*number, name)));
            }
        }
        used.retain(|(_, name)| order.contains(name));
        used
    }
}

/// The first names of what follows `crate::`: one, or each of a group in braces.
fn names_in(rest: &str) -> impl Iterator<Item = String> + use<> {
    let mut names = Vec::new();
    match rest.strip_prefix('{') {
        None => names.push(word_of(rest)),
        Some(group) => {
            let mut depth = 0_u32;
            let mut item = String::new();
            for character in group.chars() {
                match character {
                    '}' if depth == 0 => break,
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => names.push(word_of(&std::mem::take(&mut item))),
                    _ => item.push(character),
                }
            }
            names.push(word_of(&item));
        }
    }
    names.into_iter()
}

fn word_of(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect()
}

/// A way from `from` to `to`, with both ends.
fn path_back(
    from: &str,
    to: &str,
    edges: &BTreeMap<String, Vec<String>>,
    seen: &mut Vec<String>,
) -> Option<Vec<String>> {
    for next in edges.get(from).into_iter().flatten() {
        if next == to {
            return Some(vec![from.to_owned(), to.to_owned()]);
        }
        if seen.contains(next) {
            continue;
        }
        seen.push(next.clone());
        if let Some(mut path) = path_back(next, to, edges, seen) {
            path.insert(0, from.to_owned());
            return Some(path);
        }
    }
    None
}

/// The `mod` lines of the tour, from the top.
fn rooms_in_order() -> Vec<String> {
    let tour = fs::read_to_string(source_folder().join("lib.rs")).expect("src/lib.rs is there");
    let room = |line: &str| {
        let line = line.trim();
        let line = line.strip_prefix("pub ").unwrap_or(line);
        let name = line.strip_prefix("mod ")?.strip_suffix(';')?;
        Some(name.to_owned())
    };
    let rooms: Vec<String> = tour.lines().filter_map(room).collect();
    assert!(rooms.len() >= 7, "the tour has only {rooms:?}");
    rooms
}

fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    collect(&source_folder(), &mut files);
    files.sort();
    files.iter().map(|path| source(path)).collect()
}

fn source(path: &Path) -> Source {
    let below = path.strip_prefix(source_folder()).expect("it is below src");
    let parts: Vec<String> = below
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    let first = parts[0].trim_end_matches(".rs").to_owned();
    let room = (first != "bin" && first != "lib").then_some(first);
    Source {
        name: parts.join("/"),
        room,
        text: fs::read_to_string(path).expect("a source can be read"),
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for item in fs::read_dir(folder).expect("a folder of the source can be read") {
        let path = item.expect("a folder of the source can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
}

fn source_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")
}
