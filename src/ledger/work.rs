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
    let threads = threads().min(count / 8 + 1);
    if threads < 2 {
        return (0..count).map(make).collect();
    }
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Vec<T>)>> = Mutex::new(Vec::new());
    // Pieces of a few items: small enough to even out, large enough not to meet at the counter.
    let piece = (count / (threads * 8)).clamp(1, 64);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let start = next.fetch_add(piece, Ordering::Relaxed);
                    if start >= count {
                        return;
                    }
                    let made = (start..count.min(start + piece)).map(&make).collect();
                    done.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((start, made));
                }
            });
        }
    });
    let mut pieces = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    pieces.sort_unstable_by_key(|(start, _)| *start);
    pieces.into_iter().flat_map(|(_, made)| made).collect()
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
