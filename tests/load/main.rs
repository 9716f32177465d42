//! The load of docs/PERFORMANCE.md: a ledger of 100,000 events behind `grounds serve`, read and
//! written over 64 connections: `cargo run --release --example load`.
//!
//! Everything is measured in one run on one machine, and beside what bounds it: reading beside the
//! same listener answering constants of the same sizes, appending over HTTP beside appending in
//! process. Latency is counted from the time at which a request was due, so that a server which
//! keeps the generator waiting is not let off what it would have been asked meanwhile. The
//! generator runs on the machine that it measures, so it says how much of it it took itself.
//!
//! No figure fails the run. What is true at any speed does: every acknowledged commit is in the
//! ledger where its receipt says, and every answer was one that its route may give.

// It talks to whoever runs it.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod appending;
mod client;
mod constant;
mod drive;
mod ledger;
mod processor;
mod server;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use appending::{Acknowledged, Moving};
use client::Request;
use drive::Drive;
use ledger::Grown;
use server::Child;

/// How many times as many connections there are where a server is asked more than it can do: on a
/// few, requests would wait for their turn in the generator, and the server never know.
const WIDE: usize = 8;

/// The same for commits: more than the server lets wait.
const WIDER: usize = 32;

/// What is asked of the generator.
struct Asked {
    /// The program whose `serve` is measured.
    grounds: PathBuf,
    /// Events in the ledger.
    events: usize,
    /// Claims among them.
    claims: usize,
    /// Connections.
    connections: usize,
    /// Seconds that each measurement of reading takes.
    seconds: f64,
    /// Commits that are appended in each measurement of appending.
    commits: usize,
}

impl Asked {
    fn read(words: &[String]) -> Result<Asked, String> {
        let mut asked = Asked {
            grounds: beside("grounds"),
            events: 100_000,
            claims: 1_000,
            connections: 64,
            seconds: 10.0,
            commits: 20_000,
        };
        for pair in words.chunks(2) {
            let [name, value] = pair else {
                return Err(format!("{} has no value", pair[0]));
            };
            let number = || value.parse().map_err(|_| format!("{value} is no number"));
            match name.as_str() {
                "--grounds" => {
                    let found = std::fs::canonicalize(value);
                    asked.grounds = found.map_err(|error| format!("{value}: {error}"))?;
                }
                "--events" => asked.events = number()?,
                "--claims" => asked.claims = number()?.max(2),
                "--connections" => asked.connections = number()?,
                "--commits" => asked.commits = number()?,
                "--seconds" => {
                    asked.seconds = value.parse().map_err(|_| format!("{value} is no number"))?;
                }
                other => return Err(format!("{other} is unknown")),
            }
        }
        Ok(asked)
    }

    fn lasting(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

/// A program of the same build.
fn beside(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    let build = own.parent().and_then(Path::parent).unwrap_or(Path::new(""));
    build.join(name)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == "constant") {
        return Ok(constant::serve(&words[1..])?);
    }
    let asked = Asked::read(&words)?;
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let report = runtime.block_on(measured(&asked, folder.path()))?;
    println!("{}", table(&report));
    println!("{report}");
    Ok(())
}

async fn measured(asked: &Asked, folder: &Path) -> Result<Value, Box<dyn std::error::Error>> {
    let before = processor::load();
    let grown = ledger::grow(&asked.grounds, folder, asked.events, asked.claims)?;
    eprintln!(
        "a ledger of {} events and {} entries",
        asked.events, grown.entries
    );
    let batches = ["a", "b", "c"].map(|name| grown.signed(name, asked.commits));
    let in_process = appending::in_process(&grown, &batches[0], asked.connections).await?;
    let server = Child::serve(&asked.grounds, &grown, asked.connections)?;
    let mut acknowledged = Acknowledged::default();
    let over_http = {
        let mut drive = Drive::to(&server, asked.connections);
        appending::over_http(&mut drive, &server, &batches[1], &mut acknowledged).await?
    };
    let ratio = over_http["commits_a_second"].as_f64().unwrap_or(0.0)
        / in_process["commits_a_second"]
            .as_f64()
            .unwrap_or(f64::INFINITY);
    let mut reading = Vec::new();
    for kind in [Kind::Page, Kind::Json] {
        reading.push(read(asked, &grown, &server, kind, &mut acknowledged).await?);
    }
    let rate = over_http["commits_a_second"].as_f64().unwrap_or(1.0);
    let storm = appending::storm(
        &server,
        asked.connections,
        &batches[2],
        2.0 * rate,
        &mut acknowledged,
    )
    .await?;
    server.stop()?;
    let found = acknowledged.are_in(&grown)?;
    Ok(json!({
        "schema": "grounds.load/1",
        "machine": processor::machine(),
        "load_before": before,
        "load_after": processor::load(),
        "events": asked.events,
        "claims": asked.claims,
        "connections": asked.connections,
        "append_in_process": in_process,
        "append_over_http": over_http,
        "append_ratio": ratio,
        "reading": reading,
        "append_at_twice_the_peak": storm,
        "receipts_checked": found,
    }))
}

/// What is read.
#[derive(Clone, Copy)]
enum Kind {
    Page,
    Json,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Page => "claim page",
            Kind::Json => "claim JSON",
        }
    }

    fn path(self, slug: &str) -> String {
        match self {
            Kind::Page => format!("/claim/{slug}"),
            Kind::Json => format!("/api/v1/claims/{slug}"),
        }
    }
}

/// One kind of reading: its peak while heads move and while they rest, beside constants of the same
/// sizes; then at half the peak, and at twice.
async fn read(
    asked: &Asked,
    grown: &Grown,
    server: &Child,
    kind: Kind,
    acknowledged: &mut Acknowledged,
) -> Result<Value, Box<dyn std::error::Error>> {
    let mut drive = Drive::to(server, asked.connections);
    let requests: Vec<Request> = (grown.slugs.iter())
        .map(|slug| Request::get(&kind.path(slug)))
        .collect();
    let requests = Arc::new(requests);
    let sizes = drive.sizes(&requests).await?;
    let moving = Moving::start(server, grown, kind.word());
    let lasting = asked.lasting();
    let peak = drive.peak(&requests, lasting, server).await;
    let half = drive
        .open(&requests, peak.rate / 2.0, lasting, server)
        .await;
    let mut wide = Drive::to(server, WIDE * asked.connections);
    let twice = wide.open(&requests, peak.rate * 2.0, lasting, server).await;
    let recovered = drive.recovered(&requests[0]).await;
    drop(wide);
    moving.stop(acknowledged).await?;
    let resting = drive.peak(&requests, lasting, server).await;
    let constant = {
        let child = Child::constant(&sizes)?;
        let requests = (0..sizes.len()).map(|place| Request::get(&format!("/{place}")));
        let mut drive = Drive::to(&child, asked.connections);
        let peak = drive
            .peak(&Arc::new(requests.collect()), lasting, &child)
            .await;
        child.stop()?;
        peak
    };
    let mean = sizes.iter().sum::<usize>() / sizes.len().max(1);
    eprintln!(
        "{}: {:.0}/s of {:.0}/s",
        kind.word(),
        peak.rate,
        constant.rate
    );
    Ok(json!({
        "what": kind.word(),
        "mean_bytes": mean,
        "peak_while_heads_move": peak.json(),
        "peak_while_they_rest": resting.json(),
        "constant": constant.json(),
        "ratio_while_heads_move": peak.rate / constant.rate,
        "ratio_while_they_rest": resting.rate / constant.rate,
        "open_loop_at_half": half.json(),
        "open_loop_at_twice": twice.json(),
        "recovered_seconds": recovered,
    }))
}

fn table(report: &Value) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &str, value: &Value| lines.push(format!("{name:<58} {value}"));
    line(
        "append in process, commits/s",
        &report["append_in_process"]["commits_a_second"],
    );
    line(
        "append over HTTP, commits/s",
        &report["append_over_http"]["commits_a_second"],
    );
    line("  ratio (aim 0.7)", &report["append_ratio"]);
    for reading in report["reading"].as_array().into_iter().flatten() {
        let what = reading["what"].as_str().unwrap_or_default();
        line(
            &format!("{what}, heads moving, answers/s"),
            &reading["peak_while_heads_move"]["rate"],
        );
        line(
            &format!("{what}, heads at rest, answers/s"),
            &reading["peak_while_they_rest"]["rate"],
        );
        line(
            &format!("{what}: constant of the same sizes, answers/s"),
            &reading["constant"]["rate"],
        );
        line(
            "  ratio, heads moving (aim 0.3)",
            &reading["ratio_while_heads_move"],
        );
        line(
            "  p99 at half the peak, ms from the due time (aim 50)",
            &reading["open_loop_at_half"]["p99_ms"],
        );
        line(
            "  at twice the peak: refused, share",
            &reading["open_loop_at_twice"]["refused_share"],
        );
        line(
            "  p99 of refusals, ms from sending (aim 50)",
            &reading["open_loop_at_twice"]["refused_p99_ms"],
        );
        line(
            "  recovered after, s (aim 5)",
            &reading["recovered_seconds"],
        );
    }
    line(
        "appending at twice the peak: refused, share",
        &report["append_at_twice_the_peak"]["refused_share"],
    );
    line(
        "  p99 of refusals, ms from sending (aim 50)",
        &report["append_at_twice_the_peak"]["refused_p99_ms"],
    );
    line(
        "  recovered after, s (aim 5)",
        &report["append_at_twice_the_peak"]["recovered_seconds"],
    );
    line(
        "receipts of acknowledged commits, all in the ledger",
        &report["receipts_checked"],
    );
    lines.join("\n")
}
