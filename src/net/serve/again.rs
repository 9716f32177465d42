//! Again: an `Idempotency-Key` means one request (draft-ietf-httpapi-idempotency-key-header-07).
//!
//! A commit is its own key: submitted twice it is recorded once, whatever is kept here. So all that
//! is left to do is to notice a key that is used for something else.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use hyper::header::HeaderMap;

use crate::hash::Hash;

use super::super::answer::Problem;

/// How long a key is remembered.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// How many are.
const MOST: usize = 10_000;

/// The most characters of a key.
const LONGEST: usize = 255;

const HEADER: &str = "idempotency-key";

/// What keys were used for.
#[derive(Clone, Default)]
pub(super) struct Keys {
    table: Arc<Mutex<Table>>,
}

#[derive(Default)]
struct Table {
    bodies: HashMap<String, Used>,
    /// Keys by when they were used first.
    oldest: VecDeque<(Instant, String)>,
}

struct Used {
    body: Hash,
    since: Instant,
    /// Requests with it that are being answered.
    open: usize,
    /// Whether one of them recorded something, or may have.
    is_bound: bool,
}

/// A key, while its request is answered.
pub(super) struct Using {
    keys: Keys,
    key: String,
    is_bound: bool,
}

impl Keys {
    /// Takes note of the request's key, if it has one.
    ///
    /// # Errors
    /// 409 where it was used for another body; 400 where it is none.
    pub(super) fn using(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Instant,
    ) -> Result<Option<Using>, Problem> {
        let Some(key) = key_in(headers)? else {
            return Ok(None);
        };
        let body = Hash::of(body);
        let mut table = self.table();
        table.forget(now);
        let used = table.bodies.get_mut(&key);
        match used {
            Some(used) if used.body != body => return Err(other_body()),
            Some(used) => used.open += 1,
            None => {
                let (since, open, is_bound) = (now, 1, false);
                let used = Used {
                    body,
                    since,
                    open,
                    is_bound,
                };
                table.bodies.insert(key.clone(), used);
                table.oldest.push_back((now, key.clone()));
            }
        }
        drop(table);
        Ok(Some(Using {
            keys: self.clone(),
            key,
            is_bound: false,
        }))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table
            .lock()
            .unwrap_or_else(|broken| broken.into_inner())
    }
}

impl Table {
    /// What is too old, and what is too much.
    fn forget(&mut self, now: Instant) {
        while let Some((since, key)) = self.oldest.front() {
            let is_over = now.saturating_duration_since(*since) >= KEPT;
            if !is_over && self.oldest.len() < MOST {
                break;
            }
            self.bodies.remove(key);
            self.oldest.pop_front();
        }
    }
}

impl Using {
    /// The request recorded something, or may have: its key stays with its body.
    pub(super) fn bind(&mut self) {
        self.is_bound = true;
    }
}

impl Drop for Using {
    /// Where nothing was recorded, the key is free for the request as it should have been.
    fn drop(&mut self) {
        let mut table = self.keys.table();
        let Some(used) = table.bodies.get_mut(&self.key) else {
            return;
        };
        used.open = used.open.saturating_sub(1);
        used.is_bound |= self.is_bound;
        let (is_free, since) = (used.open == 0 && !used.is_bound, used.since);
        if is_free {
            table.bodies.remove(&self.key);
            let mut from_newest = table.oldest.iter().rev();
            let place = from_newest.position(|(other, key)| *other == since && *key == self.key);
            if let Some(place) = place {
                let place = table.oldest.len() - 1 - place;
                table.oldest.remove(place);
            }
        }
    }
}

fn key_in(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    let is_key = (1..=LONGEST).contains(&text.len()) && values.next().is_none();
    match is_key {
        true => Ok(Some(text.to_owned())),
        false => Err(Problem::usage(format!(
            "an Idempotency-Key that is none, expected one of 1 to {LONGEST} visible ASCII characters"
        ))),
    }
}

fn other_body() -> Problem {
    Problem::new(
        409,
        "idempotency",
        "an Idempotency-Key that another request had, with another body",
    )
    .hint("a new key for a new commit; the same commit again needs none, it is recorded once")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn headers(keys: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for key in keys {
            headers.append(HEADER, key.parse().unwrap());
        }
        headers
    }

    fn status(used: Result<Option<Using>, Problem>) -> Option<u16> {
        used.err().map(|problem| problem.status)
    }

    #[test]
    fn a_key_that_recorded_something_is_bound_to_its_body_for_a_day() {
        let (keys, now) = (Keys::default(), Instant::now());
        let a = headers(&["\"a\""]);
        keys.using(&a, b"one", now).unwrap().unwrap().bind();
        assert_eq!(status(keys.using(&a, b"two", now)), Some(409));
        assert_eq!(status(keys.using(&a, b"one", now)), None);
        assert_eq!(status(keys.using(&headers(&["\"b\""]), b"two", now)), None);
        assert_eq!(status(keys.using(&a, b"two", now + KEPT)), None);
    }

    #[test]
    fn a_key_whose_request_recorded_nothing_is_free_again_and_not_before_its_answer() {
        let (keys, now) = (Keys::default(), Instant::now());
        let a = headers(&["a"]);
        let first = keys.using(&a, b"one", now).unwrap().unwrap();
        let second = keys.using(&a, b"one", now).unwrap().unwrap();
        drop(first);
        assert_eq!(status(keys.using(&a, b"two", now)), Some(409));
        drop(second);
        assert_eq!(keys.table().oldest.len(), 0);
        assert_eq!(status(keys.using(&a, b"two", now)), None);
    }

    #[test]
    fn the_oldest_key_goes_when_there_are_too_many() {
        let (keys, now) = (Keys::default(), Instant::now());
        for number in 0..=MOST {
            let headers = headers(&[&number.to_string()]);
            keys.using(&headers, b"one", now).unwrap().unwrap().bind();
        }
        assert_eq!(status(keys.using(&headers(&["0"]), b"two", now)), None);
        let newest = headers(&[&MOST.to_string()]);
        assert_eq!(status(keys.using(&newest, b"two", now)), Some(409));
        let table = keys.table();
        assert!(table.bodies.len() <= MOST && table.oldest.len() <= MOST);
    }

    #[test]
    fn what_is_no_key_is_refused_and_none_is_needed() {
        let (keys, now) = (Keys::default(), Instant::now());
        assert!(keys.using(&headers(&[]), b"one", now).unwrap().is_none());
        let long = "k".repeat(LONGEST + 1);
        for wrong in [vec![""], vec!["a", "b"], vec![&long]] {
            assert_eq!(status(keys.using(&headers(&wrong), b"", now)), Some(400));
        }
    }
}
