//! Outcome: what becomes of a commit, as HTTP says it. The codes are those of the command line.

use crate::claim::{Code, Rejection};
use crate::ledger::{LedgerError, NoReceipt};

use super::super::answer::Problem;

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Problem {
        let problem = Problem::new(
            status_of(rejection.code),
            rejection.code.word(),
            rejection.to_string(),
        );
        Problem {
            position: rejection.position,
            hint: rejection.hint,
            ..problem
        }
    }
}

/// 400 for what is no commit, 413 for one that is too large, 409 where the stream has moved on, 422
/// for one that a rule refuses.
fn status_of(code: Code) -> u16 {
    match code {
        Code::Bytes | Code::Schema => 400,
        Code::Limit => 413,
        Code::Conflict => 409,
        _ => 422,
    }
}

/// Whether a commit that was refused under this code had been found to be signed before: form, time,
/// ledger, signatures, anchor is the order in which it is asked, and rules come last.
pub(super) fn was_signed(code: Code) -> bool {
    !matches!(
        code,
        Code::Bytes
            | Code::Limit
            | Code::Schema
            | Code::Time
            | Code::Ledger
            | Code::Signature
            | Code::Anchor
    )
}

impl From<NoReceipt> for Problem {
    fn from(none: NoReceipt) -> Problem {
        let said = none.to_string();
        match none {
            NoReceipt::Rejected(rejection) => (*rejection).into(),
            NoReceipt::Refused(error) => refused(&error),
            NoReceipt::Busy { .. } => Problem::busy(said),
            NoReceipt::Stopped => Problem {
                retry_after: Some(10),
                ..Problem::new(503, "stopping", said)
            },
            NoReceipt::Unknown { why } => Problem::new(
                500,
                "unknown_outcome",
                format!("whether it was recorded is unknown: {why}"),
            )
            .hint("submit the same commit again: it is recorded once"),
        }
    }
}

/// It is the server that could not; nothing was recorded.
fn refused(error: &LedgerError) -> Problem {
    let code = match error {
        LedgerError::Rejected(rejection) => return Problem::from((**rejection).clone()),
        LedgerError::Clock(_) => "clock",
        LedgerError::Damaged(_) => "damaged",
        _ => "io",
    };
    // Where the ledger keeps its files is nobody's business.
    let detail = match error {
        LedgerError::Clock(error) => error.to_string(),
        _ => "this server cannot record anything now".to_owned(),
    };
    Problem {
        retry_after: Some(60),
        ..Problem::new(503, code, format!("{detail}: nothing was recorded"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::ledger::{ClockError, SignerError};
    use crate::value::Time;

    fn rejected(code: Code) -> (u16, String) {
        let rejection = Rejection::new(code, "this", "that");
        let problem = Problem::from(NoReceipt::Rejected(Box::new(rejection)));
        (problem.status, problem.code.into_owned())
    }

    #[test]
    fn what_the_commit_is_at_fault_for_is_4xx_under_the_code_of_the_rule() {
        for (code, status) in [
            (Code::Bytes, 400),
            (Code::Schema, 400),
            (Code::Limit, 413),
            (Code::Conflict, 409),
            (Code::Signature, 422),
            (Code::Role, 422),
            (Code::Missing, 422),
            (Code::Exists, 422),
            (Code::Anchor, 422),
            (Code::Time, 422),
        ] {
            assert_eq!(rejected(code), (status, code.word().to_owned()));
        }
    }

    #[test]
    fn what_the_server_is_at_fault_for_is_5xx_and_says_whether_anything_was_recorded() {
        let clock = LedgerError::Clock(ClockError::Behind {
            now: Time::EPOCH,
            last: Time::EPOCH,
        });
        let key = LedgerError::Signer(SignerError::OtherKey {
            expected: "/secret/path".to_owned(),
            found: "/secret/path".to_owned(),
        });
        let why = "the disk".to_owned();
        for (none, status, code, is_later) in [
            (NoReceipt::Busy { queue: 3 }, 503, "busy", true),
            (NoReceipt::Stopped, 503, "stopping", true),
            (NoReceipt::Refused(clock), 503, "clock", true),
            (NoReceipt::Refused(key), 503, "io", true),
            (NoReceipt::Unknown { why }, 500, "unknown_outcome", false),
        ] {
            let problem = Problem::from(none);
            assert_eq!((problem.status, &*problem.code), (status, code));
            assert_eq!(problem.retry_after.is_some(), is_later);
            assert_eq!(problem.detail.contains("nothing was recorded"), is_later);
            assert!(!problem.detail.contains("secret"));
        }
    }
}
