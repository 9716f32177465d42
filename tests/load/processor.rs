//! How busy the machine is, and with whom. From /proc, in hundredths of a second.

use std::fs;

use serde_json::{Value, json};

/// Processor time of a process and of the whole machine, at one moment.
#[derive(Clone, Copy, Default)]
pub(crate) struct Processor {
    own: u64,
    other: u64,
    busy: u64,
    all: u64,
}

impl Processor {
    /// As of now: of this process and of another one; 0 is none.
    pub(crate) fn now(other: u32) -> Processor {
        let (busy, all) = machine_ticks();
        Processor {
            own: ticks(std::process::id()),
            other: ticks(other),
            busy,
            all,
        }
    }

    /// Shares of the whole machine since then: of the generator, of the server, of all others.
    pub(crate) fn shares_since(&self, before: &Processor) -> Value {
        let all = (self.all - before.all).max(1) as f64;
        let (own, other) = (self.own - before.own, self.other - before.other);
        let rest = (self.busy - before.busy).saturating_sub(own + other);
        let share = |ticks: u64| (ticks as f64 / all * 100.0).round() / 100.0;
        json!({"generator": share(own), "server": share(other), "others": share(rest)})
    }
}

/// User and system time of a process; the name may hold spaces, and ends with the last parenthesis.
fn ticks(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after = text.rsplit_once(')').map_or("", |(_, after)| after);
    let fields = after.split_whitespace().skip(11).take(2);
    fields.filter_map(|field| field.parse::<u64>().ok()).sum()
}

fn machine_ticks() -> (u64, u64) {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let fields: Vec<u64> = line
        .split_whitespace()
        .skip(1)
        .take(8)
        .filter_map(|field| field.parse().ok())
        .collect();
    let all: u64 = fields.iter().sum();
    // Fourth and fifth are idle and waiting for a disk.
    let idle: u64 = fields.iter().skip(3).take(2).sum();
    (all - idle, all)
}

/// The load averages, as the system has them.
pub(crate) fn load() -> String {
    fs::read_to_string("/proc/loadavg")
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// The processor's name and how many there are.
pub(crate) fn machine() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{count} × {}", name.map_or("unknown", |(_, name)| name))
}
