//! Rates: how often the same signer, and the same address, may write.
//!
//! A token bucket as the one number that it needs: when it will be full again (the generic cell rate
//! algorithm, ITU-T I.371, annex A). Who signs is known only once the signature was checked, and
//! checking is what is to be spared; so the key that a commit names pays at once, and gets it back
//! where the commit turns out not to be by it. Then the address pays that it came from.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::value::KeyId;

use super::super::answer::Problem;

/// Who is remembered at a time, of each sort.
const MOST: usize = 20_000;

/// How often something may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// In a second, in the long run; at least 1.
    pub per_second: u32,
    /// At once, after a rest; at least 1.
    pub burst: u32,
}

impl Rate {
    /// The time that one takes up.
    fn each(self) -> Duration {
        Duration::from_secs(1) / self.per_second.max(1)
    }
}

/// Many buckets of one rate.
pub(super) struct Buckets<K> {
    rate: Rate,
    begun: Instant,
    /// When each will be full again, from the beginning on. Full ones need not be remembered.
    full: Mutex<HashMap<K, Duration>>,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    pub(super) fn of(rate: Rate) -> Buckets<K> {
        Buckets {
            rate,
            begun: Instant::now(),
            full: Mutex::default(),
        }
    }

    /// Takes one out, if one is there; else how long until there is.
    pub(super) fn take(&self, of: &K, now: Instant) -> Result<(), Duration> {
        let now = now.saturating_duration_since(self.begun);
        let each = self.rate.each();
        let most = each * self.rate.burst.max(1);
        let mut full = self
            .full
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        if full.len() >= MOST && !full.contains_key(of) {
            full.retain(|_, full| *full > now);
            if full.len() >= MOST {
                return Err(each);
            }
        }
        let after = full.get(of).copied().unwrap_or_default().max(now) + each;
        match after.checked_sub(now + most) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                full.insert(of.clone(), after);
                Ok(())
            }
        }
    }

    /// Whether one is there.
    pub(super) fn has(&self, of: &K, now: Instant) -> Result<(), Duration> {
        self.take(of, now)?;
        self.give_back(of);
        Ok(())
    }

    /// Puts one back.
    pub(super) fn give_back(&self, of: &K) {
        let mut full = self
            .full
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        if let Some(full) = full.get_mut(of) {
            *full = full.saturating_sub(self.rate.each());
        }
    }
}

/// The rates of a server.
pub(super) struct Rates {
    /// By the key that signed.
    pub(super) keys: Buckets<KeyId>,
    /// By where something came from that nobody known had signed.
    pub(super) strangers: Buckets<IpAddr>,
}

impl Rates {
    /// With a rate for keys; that of strangers is a tenth of it.
    pub(super) fn of(keys: Rate) -> Rates {
        let tenth = |number: u32| (number / 10).max(1);
        Rates {
            keys: Buckets::of(keys),
            strangers: Buckets::of(Rate {
                per_second: tenth(keys.per_second),
                burst: tenth(keys.burst),
            }),
        }
    }
}

/// Whom an address counts as: of IPv6 the network, since everybody has more addresses than there are
/// numbers.
pub(super) fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            Ipv6Addr::from_bits(network).into()
        }
        other => other,
    }
}

/// 429, and when to come again: whole seconds, at least one.
pub(super) fn too_fast(who: &str, wait: Duration) -> Problem {
    let seconds = wait.as_micros().div_ceil(1_000_000).clamp(1, 3600);
    Problem {
        retry_after: u32::try_from(seconds).ok(),
        ..Problem::new(
            429,
            "rate",
            format!("more commits by {who} than are taken in a time: nothing was recorded"),
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate(per_second: u32, burst: u32) -> Rate {
        Rate { per_second, burst }
    }

    proptest! {
        /// The definition of a token bucket, with tokens counted one by one.
        #[test]
        fn as_many_are_let_through_as_a_bucket_of_tokens_would(
            per_second in prop::sample::select(vec![1u32, 2, 5, 10, 50, 100]),
            burst in 1u32..20,
            steps in prop::collection::vec(0u64..2_000, 1..200),
        ) {
            let buckets: Buckets<u8> = Buckets::of(rate(per_second, burst));
            let (mut now, mut tokens) = (buckets.begun, u64::from(burst) * 1_000_000);
            for milliseconds in steps {
                now += Duration::from_millis(milliseconds);
                // Tokens in millionths: a millisecond brings per_second · 1,000 of them.
                tokens += milliseconds * u64::from(per_second) * 1_000;
                tokens = tokens.min(u64::from(burst) * 1_000_000);
                match buckets.take(&0, now) {
                    Ok(()) => {
                        prop_assert!(tokens >= 1_000_000);
                        tokens -= 1_000_000;
                    }
                    Err(wait) => {
                        prop_assert!(tokens < 1_000_000);
                        let missing = (1_000_000 - tokens) / u64::from(per_second);
                        prop_assert_eq!(wait, Duration::from_micros(missing));
                    }
                }
            }
        }
    }

    #[test]
    fn one_owner_takes_nothing_from_another_and_what_is_given_back_is_there() {
        let buckets = Buckets::of(rate(1, 2));
        let now = buckets.begun;
        assert_eq!(buckets.take(&"a", now), Ok(()));
        assert_eq!(buckets.take(&"a", now), Ok(()));
        assert_eq!(buckets.take(&"a", now), Err(Duration::from_secs(1)));
        assert_eq!(buckets.has(&"a", now), Err(Duration::from_secs(1)));
        assert_eq!(buckets.has(&"b", now), Ok(()));
        assert_eq!(buckets.take(&"b", now), Ok(()));
        buckets.give_back(&"a");
        assert_eq!(buckets.has(&"a", now), Ok(()));
        assert_eq!(buckets.take(&"a", now), Ok(()));
        assert_eq!(buckets.take(&"a", now + Duration::from_secs(1)), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_who_has_rested_is_forgotten_first() {
        let buckets = Buckets::of(rate(1, 1));
        let now = buckets.begun;
        for owner in 0..MOST {
            assert_eq!(buckets.take(&owner, now), Ok(()));
        }
        assert!(buckets.take(&MOST, now).is_err());
        assert!(
            buckets.take(&0, now).is_err(),
            "who is known is not forgotten"
        );
        let later = now + Duration::from_secs(2);
        assert_eq!(buckets.take(&MOST, later), Ok(()));
        assert_eq!(buckets.full.lock().unwrap().len(), 1);
    }

    #[test]
    fn a_network_of_ipv6_counts_once_and_mapped_addresses_as_what_they_map() {
        let counted = |text: &str| counted(text.parse().unwrap()).to_string();
        assert_eq!(counted("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(counted("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(counted("192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn who_is_too_fast_is_told_whole_seconds_and_at_least_one() {
        let after = |millis| too_fast("x", Duration::from_millis(millis)).retry_after;
        assert_eq!(
            (after(1), after(1000), after(1001)),
            (Some(1), Some(1), Some(2))
        );
        assert_eq!(too_fast("x", Duration::ZERO).status, 429);
    }
}
