//! Appending: in process, over HTTP, and more than can be taken; and that nothing acknowledged is
//! ever lost.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use grounds::ledger::{Ledger, Pace, Writer};
use serde_json::{Value, json};
use tokio::task::{JoinHandle, JoinSet};

use super::client::{Connection, Request};
use super::drive::{Course, Drive};
use super::ledger::Grown;
use super::processor::Processor;
use super::server::Child;

const COMMITS: &str = "/api/v1/commits";

/// Receipts as they came.
#[derive(Default)]
pub(crate) struct Acknowledged(Vec<Vec<u8>>);

impl Acknowledged {
    /// How many there are; every one is in the ledger where it says.
    pub(crate) fn are_in(&self, grown: &Grown) -> Result<usize, Box<dyn std::error::Error>> {
        let ledger = Ledger::open(&grown.dir(), None)?;
        for receipt in &self.0 {
            let receipt: Value = serde_json::from_slice(receipt)?;
            let index = receipt["index"]
                .as_u64()
                .ok_or("a receipt without an index")?;
            let entry = ledger.state().entry(index);
            let found = entry.map(|entry| entry.commit.to_string());
            if found.as_deref() != receipt["commit"].as_str() {
                return Err(format!("lost: {receipt}").into());
            }
        }
        Ok(self.0.len())
    }
}

/// What the writer does in one process, asked by as many at a time as there will be connections.
pub(crate) async fn in_process(
    grown: &Grown,
    commits: &[Vec<u8>],
    callers: usize,
) -> Result<Value, Box<dyn std::error::Error>> {
    let writer = Arc::new(Writer::start(grown.appender()?, Pace::default()));
    let commits = Arc::new(commits.to_vec());
    let next = Arc::new(AtomicUsize::new(0));
    let before = Processor::now(0);
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (writer, commits, next) =
            (Arc::clone(&writer), Arc::clone(&commits), Arc::clone(&next));
        tasks.spawn(async move {
            while let Some(commit) = commits.get(next.fetch_add(1, Ordering::Relaxed)) {
                writer
                    .submit(commit.clone())
                    .await
                    .map_err(|error| format!("{error:?}"))?;
            }
            Ok::<(), String>(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    let rate = commits.len() as f64 / begun.elapsed().as_secs_f64();
    let shares = Processor::now(0).shares_since(&before);
    if let Some(writer) = Arc::into_inner(writer) {
        tokio::task::spawn_blocking(move || writer.close()).await??;
    }
    Ok(json!({"commits_a_second": rate.round(), "commits": commits.len(), "processor": shares}))
}

/// The same over HTTP: one commit a request, each connection sends the next when it has a receipt.
pub(crate) async fn over_http(
    drive: &mut Drive,
    server: &Child,
    commits: &[Vec<u8>],
    acknowledged: &mut Acknowledged,
) -> Result<Value, Box<dyn std::error::Error>> {
    let (course, lasted) = post(drive, server, commits, None, acknowledged).await;
    if course.failed > 0 {
        return Err(format!("{} commits were answered otherwise", course.failed).into());
    }
    let mut value = course.json();
    value["commits_a_second"] = json!((course.latency.len() as f64 / lasted.as_secs_f64()).round());
    Ok(value)
}

/// Commits at a rate beyond what the server can take.
pub(crate) async fn storm(
    server: &Child,
    connections: usize,
    commits: &[Vec<u8>],
    rate: f64,
    acknowledged: &mut Acknowledged,
) -> Result<Value, Box<dyn std::error::Error>> {
    let mut drive = Drive::to(server, super::WIDER * connections);
    let (course, _) = post(&mut drive, server, commits, Some(rate), acknowledged).await;
    if course.failed > 0 {
        return Err(format!("{} commits were answered otherwise", course.failed).into());
    }
    let mut value = course.json();
    value["recovered_seconds"] = json!(drive.recovered(&Request::get("/checkpoint")).await);
    Ok(value)
}

async fn post(
    drive: &mut Drive,
    server: &Child,
    commits: &[Vec<u8>],
    rate: Option<f64>,
    acknowledged: &mut Acknowledged,
) -> (Course, Duration) {
    let requests = commits.iter().map(|commit| Request::post(COMMITS, commit));
    let requests: Arc<Vec<Request>> = Arc::new(requests.collect());
    let next = Arc::new(AtomicU64::new(0));
    let before = Processor::now(server.id());
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for mut connection in drive.connections.drain(..) {
        let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
        tasks.spawn(async move {
            let (mut course, mut receipts) = (Course::default(), Vec::new());
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let request = usize::try_from(number)
                    .ok()
                    .and_then(|number| requests.get(number));
                let Some(request) = request else {
                    return (connection, course, receipts);
                };
                let due = rate.map(|rate| begun + Duration::from_secs_f64(number as f64 / rate));
                if let Some(due) = due.filter(|due| *due > Instant::now()) {
                    tokio::time::sleep_until(due.into()).await;
                }
                let sent = Instant::now();
                let answered = connection.ask(request).await;
                let status = answered.as_ref().ok().map(|answered| answered.status);
                course.take(status, due.unwrap_or(sent).elapsed(), sent.elapsed());
                if let Ok(answered) = answered
                    && answered.status / 100 == 2
                {
                    receipts.push(answered.body);
                }
            }
        });
    }
    let mut all = Course::default();
    while let Some(Ok((connection, course, receipts))) = tasks.join_next().await {
        drive.connections.push(connection);
        acknowledged.0.extend(receipts);
        all.join(course);
    }
    let lasted = begun.elapsed();
    all.end(lasted, Processor::now(server.id()).shares_since(&before));
    (all, lasted)
}

/// Somebody who appends a commit every second, so that there is a new head to read.
pub(crate) struct Moving {
    stop: Arc<AtomicBool>,
    task: JoinHandle<io::Result<Vec<Vec<u8>>>>,
}

impl Moving {
    pub(crate) fn start(server: &Child, grown: &Grown, name: &str) -> Moving {
        let commits = grown.signed(&name.to_lowercase().replace(' ', "-"), 600);
        let stop = Arc::new(AtomicBool::new(false));
        let mut connection = Connection::to(server.address);
        let stopped = Arc::clone(&stop);
        let task = tokio::spawn(async move {
            let mut receipts = Vec::new();
            for commit in &commits {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let answered = connection.ask(&Request::post(COMMITS, commit)).await?;
                match answered.status {
                    200..=299 => receipts.push(answered.body),
                    429 | 503 => {}
                    other => return Err(io::Error::other(format!("a commit got {other}"))),
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Ok(receipts)
        });
        Moving { stop, task }
    }

    pub(crate) async fn stop(self, acknowledged: &mut Acknowledged) -> io::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        let receipts = self.task.await.map_err(io::Error::other)??;
        acknowledged.0.extend(receipts);
        Ok(())
    }
}
