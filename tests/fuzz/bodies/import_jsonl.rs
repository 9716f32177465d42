//! Import of JSON Lines.

use grounds::import::jsonl;

use super::imported::{EMPTY, is_told_once, one_by_one, planned};

/// As every import; and an act that was admitted is not planned again, if it is of a kind that is
/// said once.
pub fn run(data: &[u8]) {
    let plan = |bytes: &[u8], state: &_| jsonl::plan(bytes, state, &mut |_| {});
    let Some(found) = planned(data, &EMPTY.state, plan) else {
        return;
    };
    let (desk, admitted) = one_by_one(&found);
    let again = plan(data, &desk.state).expect("it was planned before");
    let left = again
        .acts
        .iter()
        .filter(|act| is_told_once(&act.data))
        .count();
    let once = found
        .acts
        .iter()
        .filter(|act| is_told_once(&act.data))
        .count();
    let refused = found.acts.len() - admitted;
    assert!(
        left <= refused && left <= once,
        "{left} planned again, {refused} refused"
    );
}
