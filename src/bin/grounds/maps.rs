//! Maps: what bundles are cut at. Where the log's key is at hand, the newest state is mapped before
//! a bundle is made.

use std::time::Duration;

use grounds::ledger::Ledger;
use grounds::ledger::bundle::newest_map;
use grounds::value::Time;

use crate::context::Context;
use crate::desk;
use crate::error::Failure;
use crate::keys;
use crate::witnesses;

/// A map is recorded at most once in so many microseconds.
const MAP_APART: i64 = 1_000_000;

/// Records the map of the newest entries, where there are any that no map covers and the log's key
/// is at hand, and asks the witnesses about that head as about every other. Whether it did.
pub(crate) fn map_if_it_is_due(context: &Context, ledger: &Ledger) -> Result<bool, Failure> {
    if !can_map(context, ledger)? {
        return Ok(false);
    }
    let origin = desk::origin_of(ledger)?;
    let last = newest_map(ledger, None)
        .ok()
        .and_then(|map| ledger.entry(map))
        .map(|entry| entry.recorded);
    wait_until_due(last);
    let mut appender = desk::open_appender(context, ledger.dir(), &origin, false)?;
    appender.record_map()?;
    let question = witnesses::question(ledger.dir(), &appender);
    desk::close(context, appender);
    witnesses::ask_after(context, ledger.dir(), &origin, question);
    Ok(true)
}

/// Lets the time pass that must lie between two maps: what was recorded just now is to be in it.
fn wait_until_due(last: Option<Time>) {
    let since = last.map_or(MAP_APART, |last| desk::now().micros() - last.micros());
    let rest = (MAP_APART - since).clamp(0, MAP_APART);
    std::thread::sleep(Duration::from_micros(rest.unsigned_abs()));
}

/// Whether there are entries that no map covers and the log's key is at hand to map them.
pub(crate) fn can_map(context: &Context, ledger: &Ledger) -> Result<bool, Failure> {
    let newest = newest_map(ledger, None).ok();
    let is_covered = newest.is_some_and(|map| map + 1 == ledger.custody().checkpoint.size);
    if is_covered || !ledger.custody().damages.is_empty() {
        return Ok(false);
    }
    let origin = desk::origin_of(ledger)?;
    Ok(keys::log_signer(context, &origin)?.is_some())
}
