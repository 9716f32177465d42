//! The power is cut: a file system on a loop device is shut down by ioctl while a writer writes, and
//! mounted again. What the kernel had not yet been told to make durable is gone.
//!
//! Three kinds: the journal is written out first (LOGFLUSH), is not (NOLOGFLUSH), or all that is
//! dirty is (DEFAULT). The signer's state lies on the same file system, or on another.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::mounts::{Mount, run as system};
use super::seen::Seen;
use super::writing::Running;
use super::yard::Yard;
use super::{Asked, Dice, Skipped};

/// Cuts of one ledger.
const CUTS_A_LEDGER: u64 = 10;

/// File systems, with what makes them and the smallest size that it takes, in bytes.
const KINDS: [(&str, &[&str], u64); 2] = [
    ("ext4", &["-q", "-F"], 64 << 20),
    ("xfs", &["-q", "-f"], 320 << 20),
];

/// `_IOR('X', 125, __u32)`: XFS_IOC_GOINGDOWN, which ext4 took over as EXT4_IOC_SHUTDOWN.
const CUT: &str = "
import fcntl, os, struct, sys
folder = os.open(sys.argv[1], os.O_RDONLY)
print('ready', flush=True)
sys.stdin.readline()
fcntl.ioctl(folder, 0x8004587d, struct.pack('I', int(sys.argv[2])))
";

/// DEFAULT, LOGFLUSH, NOLOGFLUSH.
const FLAGS: [&str; 5] = ["2", "2", "2", "1", "0"];

#[derive(Default)]
struct Tally {
    cuts: u64,
    acknowledged: usize,
    unacknowledged: u64,
    torn: u64,
}

pub(crate) fn run(asked: &Asked) -> Result<String, Skipped> {
    let mut dice = Dice(asked.seed);
    let mut told = Vec::new();
    for (number, (kind, options, bytes)) in KINDS.iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("image");
        std::fs::File::create(&image)
            .unwrap()
            .set_len(*bytes)
            .unwrap();
        let make = format!("mkfs.{kind}");
        system(&make, &[options, &[image.to_str().unwrap()][..]].concat())?;
        let cuts = asked.cuts / 2 + u64::from(number as u64 <= asked.cuts % 2);
        let mut left = cuts;
        let mut tally = Tally::default();
        while left > 0 {
            let these = left.min(CUTS_A_LEDGER);
            one_ledger(asked, kind, folder.path(), these, &mut dice, &mut tally)?;
            left -= these;
        }
        told.push(format!(
            "{kind}: {} power cuts; {} receipts, all there; {} commits recorded that nobody was told of; {} torn batches cut",
            tally.cuts, tally.acknowledged, tally.unacknowledged, tally.torn
        ));
    }
    Ok(told.join("\n"))
}

fn one_ledger(
    asked: &Asked,
    kind: &str,
    folder: &Path,
    cuts: u64,
    dice: &mut Dice,
    tally: &mut Tally,
) -> Result<(), Skipped> {
    let (at, image) = (folder.join("mounted"), folder.join("image"));
    let mut mount = Mount::image(&at, &image, kind)?;
    let (dir, own) = (at.join("ledger"), at.join("config"));
    let elsewhere = tempfile::tempdir().unwrap();
    let config = match dice.roll(2) {
        0 => own.clone(),
        _ => elsewhere.path().to_owned(),
    };
    for old in [&dir, &own] {
        let _ = std::fs::remove_dir_all(old);
    }
    let yard = Yard::make(&asked.grounds, &dir, &config);
    let mut seen = Seen::of(yard.vkey());
    let mut entries = 0;
    for cut in 0..cuts {
        let flags = FLAGS[usize::try_from(dice.roll(FLAGS.len() as u64)).unwrap()];
        let when = format!("{kind}, cut {cut} with flags {flags}");
        let knife = Knife::at(&at, flags);
        let writer = Running::writer(&yard, &format!("p{cut}"));
        assert_eq!(writer.next().as_deref(), Some(&b"open"[..]), "{when}");
        let mut receipts = Vec::new();
        for _ in 0..dice.roll(40) {
            receipts.extend(writer.next());
        }
        std::thread::sleep(Duration::from_micros(dice.roll(15_000)));
        knife.cut()?;
        // It hears that it cannot write any more; a receipt after that would have to be true too.
        while let Some(line) = writer.next() {
            receipts.push(line);
        }
        let ended = writer.kill();
        assert_eq!(ended.status.code(), Some(4), "{when}: {}", ended.complained);
        mount.end();
        mount = Mount::image(&at, &image, kind)?;
        for line in &receipts {
            seen.receipt(line);
        }
        let (mut appender, opened) = yard.open();
        tally.torn += u64::from(opened.recovered.cut.is_some());
        seen.is_in(&dir, &when);
        yard.holds(&when);
        let next = yard.pen_at(appender.anchor().unwrap());
        appender
            .stage(&next.signed(&format!("after-{cut}"), 100))
            .unwrap();
        seen.receipt(&appender.flush().unwrap()[0].json().to_bytes());
        appender.close().unwrap();
        entries = seen.is_in(&dir, &when);
        tally.cuts += 1;
    }
    yard.holds("at the end");
    mount.end();
    tally.acknowledged += seen.acknowledged();
    tally.unacknowledged += entries - seen.acknowledged() as u64;
    Ok(())
}

/// Holds the ioctl ready.
struct Knife(Child);

impl Knife {
    fn at(folder: &Path, flags: &str) -> Knife {
        let mut child = Command::new("python3")
            .args(["-c", CUT])
            .arg(folder)
            .arg(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = [0; 6];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut ready).unwrap();
        Knife(child)
    }

    fn cut(mut self) -> Result<(), Skipped> {
        self.0.stdin.take().unwrap().write_all(b"\n").unwrap();
        match self.0.wait().unwrap().success() {
            true => Ok(()),
            false => Err(Skipped(
                "the ioctl that shuts a file system down is refused".to_owned(),
            )),
        }
    }
}
