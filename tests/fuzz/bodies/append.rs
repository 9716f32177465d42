//! What agents submit to a ledger that is open for writing.

use grounds::claim::Act;
use grounds::envelope::Signed;
use grounds::json::Json;
use grounds::ledger::audit::{Standard, Verdict};
use grounds::ledger::{Appender, HeadSigner, Ledger, LedgerError, prepare};
use grounds::value::{Slug, Time};

use super::ground::{FILES, GOOD, key, origin, put, scratch};
use super::ledger::{Still, audited};

/// Lines: `AUTHOR` and acts in JSON, each a commit that this author signs; a line that begins with
/// `=` is submitted as it stands.
///
/// - What is admitted and acknowledged holds in an audit, and is read back as it went in.
/// - What is refused or rejected leaves nothing behind.
/// - The same commit again is not recorded again.
pub fn run(data: &[u8]) {
    let scratch = scratch();
    let dir = scratch.path().join("ledger");
    put(&dir, FILES);
    let state = scratch.path().join("log.state");
    let signer = HeadSigner::open(&origin(), key("log"), &state).unwrap();
    let (mut appender, _) = Appender::open(&dir, signer, Box::new(Still), false).unwrap();
    let mut recorded = Vec::new();
    for line in data.split(|byte| *byte == b'\n').take(24) {
        let before = (
            appender.tree().size(),
            appender.tree().root(),
            appender.state().size(),
        );
        let done = match line.strip_prefix(b"=") {
            Some(bytes) => staged(&mut appender, bytes).map(|()| bytes.to_vec()),
            None => spoken(&mut appender, line),
        };
        match done {
            Ok(bytes) => recorded.push(bytes),
            Err(_) => {
                let after = (
                    appender.tree().size(),
                    appender.tree().root(),
                    appender.state().size(),
                );
                assert_eq!(before, after, "refused, and something is left");
            }
        }
    }
    if recorded.is_empty() {
        return;
    }
    for bytes in &recorded {
        let size = appender.tree().size();
        staged(&mut appender, bytes).expect("it was recorded before");
        assert_eq!(appender.tree().size(), size, "recorded twice");
    }
    appender.record_map().expect("the map is recorded");
    let (folded, root) = (appender.state().clone(), appender.tree().root());
    appender.close().unwrap();
    let standard = Standard {
        vkey: Some(&GOOD.vkey),
        from: Some(FILES[1].1),
        ..Standard::default()
    };
    let report = audited(&dir, &standard).unwrap();
    assert_eq!(
        report.verdict,
        Verdict::Holds,
        "admitted: {:?}",
        report.faults
    );
    let ledger = Ledger::open(&dir, Some(&GOOD.vkey)).unwrap();
    assert_eq!(ledger.tree().root(), root);
    assert_eq!(ledger.state().size(), folded.size());
    for (subject, head) in folded.streams() {
        assert_eq!(ledger.state().stream(subject), Some(head));
    }
    for (slug, claim) in folded.claims() {
        assert_eq!(ledger.state().claim(slug), Some(claim), "{slug}");
    }
    for (slug, agent) in folded.agents() {
        assert_eq!(ledger.state().agent(slug), Some(agent), "{slug}");
    }
}

fn staged(appender: &mut Appender, bytes: &[u8]) -> Result<(), LedgerError> {
    appender.stage(bytes)?;
    appender.flush().map(drop)
}

/// A line `AUTHOR[+SIGNER…] {act} {act} …`.
fn spoken(appender: &mut Appender, line: &[u8]) -> Result<Vec<u8>, LedgerError> {
    let refused = |what: &str| LedgerError::NoLedger(what.into());
    let line = std::str::from_utf8(line).map_err(|_| refused("UTF-8"))?;
    let (signers, rest) = line.split_once(' ').ok_or_else(|| refused("acts"))?;
    let acts = serde_json::Deserializer::from_str(rest).into_iter::<Json<'static>>();
    let acts: Vec<Act> = acts
        .take(8)
        .map(|json| Act::read(&json.map_err(|_| refused("JSON"))?).map_err(|_| refused("an act")))
        .collect::<Result<_, _>>()?;
    submitted(appender, signers, &acts)
}

pub fn submitted(
    appender: &mut Appender,
    signers: &str,
    acts: &[Act],
) -> Result<Vec<u8>, LedgerError> {
    let refused = |what: &str| LedgerError::NoLedger(what.into());
    let names: Vec<&str> = signers.split('+').take(4).collect();
    let author: Slug = names[0].parse().map_err(|_| refused("a name"))?;
    let at = Time::parse_seconds("2026-03-09T20:59:00Z").unwrap();
    let commit = prepare(
        appender.state(),
        &origin(),
        appender.anchor(),
        &author,
        at,
        acts,
    );
    let mut signed = Signed {
        commit: commit.map_err(|_| refused("limits"))?,
        signatures: Vec::new(),
    };
    names.iter().for_each(|name| signed.sign(&key(name)));
    let bytes = signed.to_bytes();
    staged(appender, &bytes).map(|()| bytes)
}

pub fn note(agent: &str, text: &str) -> Act {
    let json =
        format!(r#"{{"subject":"agent/{agent}","type":"note.added","data":{{"text":"{text}"}}}}"#);
    let json: Json<'static> = serde_json::from_str(&json).unwrap();
    Act::read(&json).unwrap()
}
