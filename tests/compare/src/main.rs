//! Flips single bits of a database that holds a ledger's lines, and says what its engine does: at
//! its own integrity check, and when every row is read. The same is done to the ledger itself.
//!
//! `compare LEDGER FLIPS`: the folder of a ledger with one plain segment, and how many bits are
//! flipped of each. The bits are the same in every run.

use std::error::Error;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use grounds::ledger::Ledger;
use grounds::ledger::audit::{Standard, Verdict, audit};
use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use rusqlite::Connection;

type Lines = Vec<Vec<u8>>;
type Anything<T> = Result<T, Box<dyn Error>>;

/// An engine with the lines in files of its own.
struct Engine {
    name: &'static str,
    check: &'static str,
    /// Writes the lines below a folder.
    fill: fn(&Path, &Lines) -> Anything<()>,
    /// Whether its integrity check has nothing to say.
    is_sound: fn(&Path) -> Anything<bool>,
    /// All lines, as a program would read them that was told of nothing; of what is not given out,
    /// with an error, nothing.
    read: fn(&Path) -> Anything<Vec<Option<Vec<u8>>>>,
}

#[derive(Default)]
struct Tally {
    noticed: u32,
    refused: u32,
    right: u32,
    wrong: u32,
    wrong_unnoticed: u32,
}

fn main() -> Anything<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "compare LEDGER FLIPS";
    let ledger = PathBuf::from(arguments.next().ok_or(usage)?);
    let flips: u32 = arguments.next().ok_or(usage)?.parse()?;
    let lines = lines_of(&ledger)?;
    let bytes: usize = lines.iter().map(|line| line.len() + 1).sum();
    println!(
        "{} lines, {bytes} bytes; {flips} single bits flipped of each",
        lines.len()
    );
    // An engine that gives up with a panic has refused; it need not say so here.
    std::panic::set_hook(Box::new(|_| {}));
    println!(
        "{:<8} {:>10} {:>22} {:>16} {:>16} {:>13} {:>22}",
        "",
        "bytes",
        "noticed by its check",
        "reading: refused",
        "reading: right",
        "wrong, unsaid",
        "of these not noticed"
    );
    for engine in [GROUNDS, SQLITE, REDB] {
        let folder = tempfile::tempdir()?;
        match engine.name {
            "grounds" => copy(&ledger, folder.path())?,
            _ => (engine.fill)(folder.path(), &lines)?,
        }
        let (size, tally) = flipped(&engine, folder.path(), &lines, flips)?;
        println!(
            "{:<8} {size:>10} {:>22} {:>16} {:>16} {:>13} {:>22}   ({})",
            engine.name,
            tally.noticed,
            tally.refused,
            tally.right,
            tally.wrong,
            tally.wrong_unnoticed,
            engine.check
        );
    }
    Ok(())
}

fn lines_of(ledger: &Path) -> Anything<Lines> {
    let text = fs::read(ledger.join("events/000000000000.jsonl"))?;
    let lines = text
        .strip_suffix(b"\n")
        .ok_or("a segment ends with a newline")?;
    Ok(lines
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect())
}

/// Flips bits of all files in turn, and counts what is made of each.
fn flipped(engine: &Engine, folder: &Path, lines: &Lines, flips: u32) -> Anything<(usize, Tally)> {
    let files = files(folder)?;
    let size: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    let mut tally = Tally::default();
    for number in 0..flips {
        // The golden ratio spreads them evenly, wherever the run ends.
        let bit = ((f64::from(number) * 0.618_033_988_75).fract() * size as f64 * 8.0) as usize;
        let spoil = || spoil(&files, bit);
        spoil()?;
        let is_sound = sheltered(|| (engine.is_sound)(folder)).unwrap_or(false);
        spoil()?; // a check may have written
        let read = sheltered(|| (engine.read)(folder));
        tally.noticed += u32::from(!is_sound);
        match read {
            Err(_) => tally.refused += 1,
            Ok(given) if is_right(&given, lines) => {
                let all = given.iter().all(Option::is_some);
                *(if all {
                    &mut tally.right
                } else {
                    &mut tally.refused
                }) += 1;
            }
            Ok(_) => {
                tally.wrong += 1;
                tally.wrong_unnoticed += u32::from(is_sound);
            }
        }
        for (path, bytes) in &files {
            fs::write(path, bytes)?;
        }
    }
    Ok((size, tally))
}

/// Whether every line that is given is the one that was stored, and none is missing unsaid.
fn is_right(given: &[Option<Vec<u8>>], lines: &Lines) -> bool {
    let same = |(given, line): (&Option<Vec<u8>>, &Vec<u8>)| {
        given.as_ref().is_none_or(|given| given == line)
    };
    given.len() == lines.len() && given.iter().zip(lines).all(same)
}

fn sheltered<T>(ask: impl Fn() -> Anything<T>) -> Anything<T> {
    catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|_| Err("it panicked".into()))
}

fn spoil(files: &[(PathBuf, Vec<u8>)], bit: usize) -> Anything<()> {
    let mut byte = bit / 8;
    for (path, bytes) in files {
        if byte < bytes.len() {
            let mut spoiled = bytes.clone();
            spoiled[byte] ^= 1 << (bit % 8);
            return Ok(fs::write(path, spoiled)?);
        }
        byte -= bytes.len();
    }
    Err("a bit beyond the end".into())
}

/// Every file below a folder that is the engine's to keep.
fn files(folder: &Path) -> Anything<Vec<(PathBuf, Vec<u8>)>> {
    let mut files = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        if entry.path().is_dir() {
            files.extend(self::files(&entry.path())?);
        } else if name != "lock" && name != ".gitignore" {
            files.push((entry.path(), fs::read(entry.path())?));
        }
    }
    Ok(files)
}

fn copy(from: &Path, to: &Path) -> Anything<()> {
    fs::create_dir_all(to)?;
    for name in ["events", "tile", "checkpoint"] {
        let (from, to) = (from.join(name), to.join(name));
        match from.is_dir() {
            true => copy_all(&from, &to)?,
            false => drop(fs::copy(from, to)?),
        }
    }
    Ok(())
}

fn copy_all(from: &Path, to: &Path) -> Anything<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy_all(&entry.path(), &to)?,
            false => drop(fs::copy(entry.path(), to)?),
        }
    }
    Ok(())
}

// --- grounds -------------------------------------------------------------------------------------

const GROUNDS: Engine = Engine {
    name: "grounds",
    check: "grounds verify",
    fill: |_, _| Ok(()),
    is_sound: |folder| {
        let report = audit(folder, &Standard::default(), &mut |_, _| {})?;
        Ok(report.verdict == Verdict::Holds)
    },
    read: |folder| {
        let ledger = Ledger::open(folder, None)?;
        let size = ledger.custody().checkpoint.size;
        Ok((0..size).map(|index| ledger.line(index).ok()).collect())
    },
};

// --- SQLite --------------------------------------------------------------------------------------

const SQLITE: Engine = Engine {
    name: "SQLite",
    check: "PRAGMA integrity_check",
    fill: |folder, lines| {
        let mut database = Connection::open(folder.join("lines.db"))?;
        let write = database.transaction()?;
        write.execute(
            "CREATE TABLE entries (number INTEGER PRIMARY KEY, line BLOB NOT NULL)",
            (),
        )?;
        for (number, line) in lines.iter().enumerate() {
            write.execute("INSERT INTO entries VALUES (?1, ?2)", (number as i64, line))?;
        }
        write.commit()?;
        database.close().map_err(|(_, error)| error)?;
        Ok(())
    },
    is_sound: |folder| {
        let database = Connection::open(folder.join("lines.db"))?;
        let said: String = database.query_row("PRAGMA integrity_check", (), |row| row.get(0))?;
        Ok(said == "ok")
    },
    read: |folder| {
        let database = Connection::open(folder.join("lines.db"))?;
        let mut query = database.prepare("SELECT line FROM entries ORDER BY number")?;
        let rows = query.query_map((), |row| row.get::<_, Vec<u8>>(0))?;
        Ok(rows.map(|row| row.map(Some)).collect::<Result<_, _>>()?)
    },
};

// --- redb ----------------------------------------------------------------------------------------

const ENTRIES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("entries");

const REDB: Engine = Engine {
    name: "redb",
    check: "Database::check_integrity",
    fill: |folder, lines| {
        let mut database = Database::create(folder.join("lines.redb"))?;
        let write = database.begin_write()?;
        {
            let mut table = write.open_table(ENTRIES)?;
            for (number, line) in lines.iter().enumerate() {
                table.insert(number as u64, line.as_slice())?;
            }
        }
        write.commit()?;
        database.compact()?;
        Ok(())
    },
    is_sound: |folder| Ok(Database::open(folder.join("lines.redb"))?.check_integrity()?),
    read: |folder| {
        let database = Database::open(folder.join("lines.redb"))?;
        let read = database.begin_read()?;
        let table = read.open_table(ENTRIES)?;
        let mut lines = Vec::new();
        for row in table.iter()? {
            lines.push(Some(row?.1.value().to_vec()));
        }
        Ok(lines)
    },
};
