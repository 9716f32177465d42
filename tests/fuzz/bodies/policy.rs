//! Policies about witnesses, and lists of logs: text that an operator or a reader is given.

use grounds::tlog::{LogList, TlogPolicy};

/// - A policy that is read names each witness once, by name and by key.
/// - It is met by nobody's word only where it asks for nobody's; what it says is missing is missing.
/// - Each line that a list of logs is said to be added to by is read again as that log.
pub fn run(data: &[u8]) {
    if let Ok(policy) = TlogPolicy::parse(data) {
        assert_eq!(policy.is_met_by(&[]), policy.shortfall(&[]).is_none());
        assert_eq!(policy.is_met_by(&[]), !policy.asks_for_witnesses());
        let witnesses = policy.witnesses();
        for (place, witness) in witnesses.iter().enumerate() {
            assert_eq!(policy.witness(&witness.key), Some(witness));
            assert!(
                witnesses[..place]
                    .iter()
                    .all(|other| other.name != witness.name)
            );
        }
        for log in policy.logs() {
            assert!(policy.log_of(log.key.name()).is_some());
        }
        assert_eq!(policy.witness_keys().len(), witnesses.len());
        // A line behind it that says nothing changes nothing.
        let more = [data.strip_suffix(b"\n").unwrap_or(data), b"\n# no more\n\n"].concat();
        assert_eq!(TlogPolicy::parse(&more), Ok(policy));
    }
    if let Ok(list) = LogList::parse(data) {
        for log in &list.logs {
            let alone = [
                LogList::empty_bytes(),
                LogList::lines_for(&log.key).into_bytes(),
            ]
            .concat();
            let again = LogList::parse(&alone).expect("a list of one");
            assert_eq!(again.logs[0].key, log.key);
        }
    }
}
