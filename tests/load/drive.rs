//! Driving a server: as fast as it answers, or at a rate that does not wait for it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::client::{Connection, Request};
use super::processor::Processor;
use super::server::Child;

/// Connections to a server.
pub(crate) struct Drive {
    pub(crate) connections: Vec<Connection>,
}

/// What came of a measurement. Times are in microseconds.
#[derive(Default)]
pub(crate) struct Course {
    /// Answers with 2xx a second.
    pub(crate) rate: f64,
    /// From the due time, of answers with 2xx.
    pub(crate) latency: Vec<u32>,
    /// From sending, of refusals with 429 and 503.
    pub(crate) refused: Vec<u32>,
    /// Answers of any other kind, and broken connections.
    pub(crate) failed: u64,
    /// Due requests that were never sent, because the server was still busy with earlier ones.
    unsent: u64,
    shares: Value,
}

impl Course {
    pub(crate) fn take(&mut self, status: Option<u16>, from_due: Duration, from_sending: Duration) {
        let micros = |time: Duration| u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        match status {
            Some(200..=299) => self.latency.push(micros(from_due)),
            Some(429 | 503) => self.refused.push(micros(from_sending)),
            _ => self.failed += 1,
        }
    }

    pub(crate) fn join(&mut self, other: Course) {
        self.latency.extend(other.latency);
        self.refused.extend(other.refused);
        self.failed += other.failed;
    }

    pub(crate) fn end(&mut self, lasted: Duration, shares: Value) {
        self.latency.sort_unstable();
        self.refused.sort_unstable();
        self.rate = self.latency.len() as f64 / lasted.as_secs_f64();
        self.shares = shares;
    }

    pub(crate) fn json(&self) -> Value {
        let all = (self.latency.len() + self.refused.len()).max(1);
        json!({
            "rate": self.rate.round(),
            "answers": self.latency.len(),
            "p50_ms": quantile(&self.latency, 0.5),
            "p99_ms": quantile(&self.latency, 0.99),
            "max_ms": quantile(&self.latency, 1.0),
            "refused": self.refused.len(),
            "refused_share": (self.refused.len() as f64 / all as f64 * 1000.0).round() / 1000.0,
            "refused_p99_ms": quantile(&self.refused, 0.99),
            "failed": self.failed,
            "unsent": self.unsent,
            "processor": self.shares,
        })
    }
}

/// Of sorted microseconds, in milliseconds; none of nothing.
fn quantile(sorted: &[u32], share: f64) -> Option<f64> {
    let place = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(place).map(|micros| f64::from(*micros) / 1000.0)
}

/// Splitmix64 (Steele, Lea and Flood 2014): which one of so many.
pub(crate) fn one_of(seed: u64, many: usize) -> usize {
    let mut z = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) % many as u64) as usize
}

impl Drive {
    pub(crate) fn to(server: &Child, connections: usize) -> Drive {
        let connections = (0..connections).map(|_| Connection::to(server.address));
        Drive {
            connections: connections.collect(),
        }
    }

    /// How many bytes each answer's body has.
    pub(crate) async fn sizes(&mut self, requests: &[Request]) -> io::Result<Vec<usize>> {
        let mut sizes = Vec::with_capacity(requests.len());
        for request in requests {
            let answered = self.connections[0].ask(request).await?;
            if answered.status != 200 {
                return Err(io::Error::other(format!("status {}", answered.status)));
            }
            sizes.push(answered.body.len());
        }
        Ok(sizes)
    }

    /// As fast as it answers: each connection asks again as soon as it was answered.
    pub(crate) async fn peak(
        &mut self,
        requests: &Arc<Vec<Request>>,
        lasting: Duration,
        server: &Child,
    ) -> Course {
        self.go(requests, None, lasting, server).await
    }

    /// At a rate, whatever the server does: requests are due at even intervals, and the connection
    /// that is free first takes the next.
    pub(crate) async fn open(
        &mut self,
        requests: &Arc<Vec<Request>>,
        rate: f64,
        lasting: Duration,
        server: &Child,
    ) -> Course {
        self.go(requests, Some(rate), lasting, server).await
    }

    async fn go(
        &mut self,
        requests: &Arc<Vec<Request>>,
        rate: Option<f64>,
        lasting: Duration,
        server: &Child,
    ) -> Course {
        let before = Processor::now(server.id());
        let next = Arc::new(AtomicU64::new(0));
        let begun = Instant::now();
        let mut tasks = JoinSet::new();
        for mut connection in self.connections.drain(..) {
            let (requests, next) = (Arc::clone(requests), Arc::clone(&next));
            tasks.spawn(async move {
                let mut course = Course::default();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let due = match rate {
                        None => Instant::now(),
                        Some(rate) => begun + Duration::from_secs_f64(number as f64 / rate),
                    };
                    if due.duration_since(begun) >= lasting {
                        return (connection, course);
                    }
                    // The timer is good for milliseconds.
                    if due > Instant::now() {
                        tokio::time::sleep_until(due.into()).await;
                    }
                    let sent = Instant::now();
                    // What is still due when the time is long over was never going to be asked.
                    if sent.duration_since(begun) >= 2 * lasting {
                        return (connection, course);
                    }
                    let request = &requests[one_of(number, requests.len())];
                    let status = connection
                        .ask(request)
                        .await
                        .map(|answered| answered.status);
                    course.take(status.ok(), due.elapsed(), sent.elapsed());
                }
            });
        }
        let mut all = Course::default();
        while let Some(Ok((connection, course))) = tasks.join_next().await {
            self.connections.push(connection);
            all.join(course);
        }
        let shares = Processor::now(server.id()).shares_since(&before);
        let sent = all.latency.len() + all.refused.len();
        let due = rate.map_or(0.0, |rate| rate * lasting.as_secs_f64()) as u64;
        all.unsent = due.saturating_sub(sent as u64 + all.failed);
        all.end(begun.elapsed(), shares);
        all
    }

    /// Seconds until the server answers ten times in a row with 200 in less than 50 ms each.
    pub(crate) async fn recovered(&mut self, request: &Request) -> f64 {
        let begun = Instant::now();
        let mut in_a_row = 0;
        while in_a_row < 10 && begun.elapsed() < Duration::from_secs(60) {
            let sent = Instant::now();
            let answered = self.connections[0].ask(request).await;
            let is_well = answered.is_ok_and(|answered| answered.status / 100 == 2)
                && sent.elapsed() < Duration::from_millis(50);
            in_a_row = if is_well { in_a_row + 1 } else { 0 };
        }
        (begun.elapsed().as_secs_f64() * 100.0).round() / 100.0
    }
}
