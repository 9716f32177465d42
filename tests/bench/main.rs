//! The figures of docs/PERFORMANCE.md: `cargo bench`.
//!
//! Appends and audits a seeded workload (or a real one: GROUNDS_FRED_CSV=FILE), and prints job ×
//! figure, as a table and as JSON. Nothing here asserts a time: machines are noisy, and a figure is
//! only worth something beside another of the same run. So each job stands beside its own limit:
//! the disk's bare appends, the processor's bare signature checks.

use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use grounds::claim::{Act, Data, Founder, KeyClaim, LedgerCreated, LogKey, Policy};
use grounds::envelope::{PrivateKey, Signed, possession_message, verify_one};
use grounds::import::{Plan, Report, fred};
use grounds::json::Json;
use grounds::ledger::audit::{Standard, Verdict, audit};
use grounds::ledger::{Appender, HeadSigner, SystemClock, genesis, prepare};
use grounds::value::{Origin, Slug};

mod proofs;
mod reading;

const EVENTS: usize = 12_000;
const ROUNDS: usize = 3;

fn main() {
    let asked = |job: &str| std::env::args().any(|word| word == job);
    if asked("reading") {
        return print(&reading::rows());
    }
    let mut rows = proofs::rows();
    if asked("proofs") {
        return print(&rows);
    }
    rows.extend(reading::rows());
    let plan = workload();
    for round in 0..ROUNDS {
        for size in [100, 1] {
            rows.extend(run(&plan, size, round));
        }
        rows.push(("bare verify_strict, one core", checks_a_second()));
    }
    print(&rows);
}

/// Real acts where a file is given, else seeded ones in the same proportions.
fn workload() -> Plan {
    let Some(path) = std::env::var_os("GROUNDS_FRED_CSV") else {
        return Plan {
            acts: synthetic(),
            report: Report::default(),
        };
    };
    let file = std::fs::File::open(path).expect("GROUNDS_FRED_CSV can be read");
    let state = grounds::claim::State::new();
    fred::plan(file, &fred::FredMapping::default(), &state, &mut |_| {}).expect("a plan")
}

fn synthetic() -> Vec<Act> {
    let mut acts = Vec::with_capacity(EVENTS);
    let act = |subject: String, kind: &str, data: String| {
        let json: serde_json::Value = serde_json::from_str(&data).expect("JSON");
        let data = Data::read(kind, &owned(json)).expect("data of its form");
        Act::new(subject.parse().expect("a subject"), data)
    };
    for number in 0..EVENTS / 4 {
        let artifact = format!("artifact/study-{number}");
        let claim = format!("claim/finding-{}", number / 2);
        acts.push(act(
            artifact.clone(),
            "artifact.registered",
            format!(r#"{{"title":"Study {number} of an effect that was replicated by others","kind":"paper","year":2001,"key":"doi:{number}"}}"#),
        ));
        if number % 2 == 0 {
            acts.push(act(
                claim.clone(),
                "claim.asserted",
                format!(
                    r#"{{"statement":"Effect {number} holds","summary":"{}","nature":"empirical","polarity":"positive","falsifiability":"falsifiable","origin":"imported","domains":[{{"name":"Psychology","weight":"1"}}]}}"#,
                    "An effect of one variable on another, found in a sample of some size. ".repeat(4)
                ),
            ));
        }
        for (relation, key) in [("supports", "a"), ("disputes", "b")] {
            acts.push(act(
                claim.clone(),
                "evidence.added",
                format!(
                    r#"{{"relation":"{relation}","artifact":"{artifact}","strength":"0.7","note":"{}","key":"{number}{key}"}}"#,
                    "What the authors said of it, in their own words. ".repeat(4)
                ),
            ));
        }
    }
    acts
}

fn owned(value: serde_json::Value) -> Json<'static> {
    match value {
        serde_json::Value::String(text) => Json::string(text),
        serde_json::Value::Number(number) => Json::Int(number.as_i64().expect("an integer")),
        serde_json::Value::Bool(value) => Json::Bool(value),
        serde_json::Value::Array(items) => Json::Arr(items.into_iter().map(owned).collect()),
        serde_json::Value::Object(members) => Json::Obj(
            members
                .into_iter()
                .map(|(name, value)| (name.into(), owned(value)))
                .collect(),
        ),
        serde_json::Value::Null => Json::Null,
    }
}

/// A job and its figure.
type Row = (&'static str, f64);

fn run(plan: &Plan, size: usize, round: usize) -> Vec<Row> {
    let folder = std::env::temp_dir().join(format!(
        "grounds-bench-{}-{size}-{round}",
        std::process::id()
    ));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let steward = PrivateKey::from_seed(&[1; 32]);
    let mut appender = found(&folder, &steward);
    let started = Instant::now();
    for acts in plan.commits(size) {
        let now = appender.now();
        let author = slug("steward");
        let anchor = appender.anchor();
        let origin = appender.origin().clone();
        let commit =
            prepare(appender.state(), &origin, anchor, &author, now, acts).expect("a commit");
        let signed = Signed::seal(commit, &steward).to_bytes();
        appender.stage(&signed).expect("admitted");
        if appender.pending() * size >= 4000 || appender.pending() >= 500 {
            appender.flush().expect("durable");
        }
    }
    appender.flush().expect("durable");
    let events = plan.acts.len() as f64;
    let appended = events / started.elapsed().as_secs_f64();
    let entries = appender.state().size();
    appender.close().expect("closed");
    let started = Instant::now();
    let report =
        audit(&folder.join("ledger"), &Standard::default(), &mut |_, _| {}).expect("audited");
    let audited = entries as f64 / started.elapsed().as_secs_f64();
    assert_eq!(report.verdict, Verdict::Holds, "{:?}", report.faults);
    std::fs::remove_dir_all(&folder).expect("removed");
    match size {
        1 => vec![
            ("append, 1 event a commit (events/s)", appended),
            ("audit, 1 event a commit (entries/s)", audited),
        ],
        _ => vec![
            ("append, 100 events a commit (events/s)", appended),
            (
                "audit, 100 events a commit (events/s)",
                audited * events / entries as f64,
            ),
        ],
    }
}

fn slug(text: &str) -> Slug {
    text.parse().expect("a slug")
}

fn found(folder: &Path, steward: &PrivateKey) -> Appender {
    let origin: Origin = "bench.example/ledger".parse().expect("an origin");
    let signer = HeadSigner::open(
        &origin,
        PrivateKey::from_seed(&[2; 32]),
        &folder.join("state"),
    )
    .expect("a signer");
    let proof = steward.sign(&possession_message(
        &origin,
        &slug("steward"),
        &steward.public(),
    ));
    let words = ["attester", "contributor", "curator", "steward"];
    let roles = words.map(|word| word.parse().expect("a role")).to_vec();
    let founder = Founder {
        slug: slug("steward"),
        name: grounds::value::Line::parse("Steward").expect("a name"),
        kind: grounds::claim::AgentKind::Software,
        roles: grounds::form::AnySet(roles),
        community: None,
        reliability: None,
        keys: grounds::form::List(vec![KeyClaim {
            key: steward.public(),
            proof,
        }]),
        next: None,
    };
    let created = LedgerCreated {
        origin: origin.clone(),
        title: grounds::value::Line::parse("Bench").expect("a title"),
        description: None,
        log_key: LogKey(signer.verifier().clone()),
        agents: grounds::form::List(vec![founder]),
        policy: Policy::solo(),
        predecessor: None,
    };
    let clock = SystemClock::new();
    let now = grounds::ledger::Clock::wall(&clock);
    let commit = genesis(created, &slug("steward"), now).expect("a genesis");
    let signed = Signed::seal(commit, steward).to_bytes();
    Appender::create(&folder.join("ledger"), &signed, signer, Box::new(clock))
        .expect("a ledger")
        .0
}

fn checks_a_second() -> f64 {
    let key = PrivateKey::from_seed(&[3; 32]);
    let message = [7; 700];
    let signature = key.sign(&message);
    let started = Instant::now();
    let count = 5_000;
    for _ in 0..count {
        verify_one(&key.public(), &message, &signature).expect("it holds");
    }
    f64::from(count) / started.elapsed().as_secs_f64()
}

/// Medians of the rounds.
fn print(rows: &[Row]) {
    let mut names: Vec<&str> = rows.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    let mut table = String::new();
    let mut json = serde_json::Map::new();
    for name in names {
        let mut values: Vec<f64> = rows
            .iter()
            .filter(|(own, _)| own == &name)
            .map(|(_, value)| *value)
            .collect();
        values.sort_by(f64::total_cmp);
        let median = values[values.len() / 2];
        table.push_str(&format!("{name:<60} {median:>12.0}\n"));
        json.insert(name.to_owned(), serde_json::json!(median.round()));
    }
    let mut out = std::io::stdout();
    writeln!(out, "{table}\n{}", serde_json::Value::Object(json)).expect("standard output");
}
