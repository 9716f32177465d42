//! Work shared out over the machine's processors: long reads and audits are many small pieces.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many threads a piece of long work takes.
pub(super) fn threads() -> usize {
    std::thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(8)
}

/// `make(i)` for each `i` below `count`, in order, worked out by all processors.
pub(super) fn in_parallel<T: Send>(count: usize, make: impl Fn(usize) -> T + Sync) -> Vec<T> {
    beside(count, make, || ()).0
}

/// As [`in_parallel`], while this thread does something else first and then helps.
pub(super) fn beside<T: Send, U>(
    count: usize,
    make: impl Fn(usize) -> T + Sync,
    first: impl FnOnce() -> U,
) -> (Vec<T>, U) {
    let threads = threads().min(count / 8 + 1);
    if threads < 2 {
        let answer = first();
        return ((0..count).map(make).collect(), answer);
    }
    let pieces = Pieces::of(count, threads);
    let answer = std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| pieces.work(&make));
        }
        let answer = first();
        pieces.work(&make);
        answer
    });
    (pieces.in_order(), answer)
}

/// Pieces of a few items: small enough to even out, large enough not to meet at the counter.
struct Pieces<T> {
    count: usize,
    size: usize,
    next: AtomicUsize,
    done: Mutex<Vec<(usize, Vec<T>)>>,
}

impl<T> Pieces<T> {
    fn of(count: usize, threads: usize) -> Pieces<T> {
        let size = (count / (threads * 8)).clamp(1, 64);
        Pieces {
            count,
            size,
            next: AtomicUsize::new(0),
            done: Mutex::new(Vec::new()),
        }
    }

    fn work(&self, make: &impl Fn(usize) -> T) {
        loop {
            let start = self.next.fetch_add(self.size, Ordering::Relaxed);
            if start >= self.count {
                return;
            }
            let made = (start..self.count.min(start + self.size))
                .map(make)
                .collect();
            self.done
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((start, made));
        }
    }

    fn in_order(self) -> Vec<T> {
        let mut pieces = self
            .done
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        pieces.sort_unstable_by_key(|(start, _)| *start);
        pieces.into_iter().flat_map(|(_, made)| made).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_come_back_in_order() {
        for count in [0, 1, 7, 8, 100, 1000] {
            assert_eq!(
                in_parallel(count, |i| i * 2),
                (0..count).map(|i| i * 2).collect::<Vec<_>>()
            );
        }
    }
}
