//! Asking: which state, through which clock, by which model. Every read understands the same words,
//! which are those of the command line.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use hyper::http::request::Parts;

use crate::claim::State;
use crate::ledger::AsOf;
use crate::projection::{Filter, ModelFault, model_asked};
use crate::trust::Model;
use crate::value::{Moment, Time};

use super::super::answer::Problem;
use super::super::page::Head;
use super::current::Current;
use super::reply::Keep;

/// What a read asks for, as it was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asking {
    /// `as-of`: an event id, an address (`@41`, `@41.0`), a date or a time in UTC.
    pub(super) as_of: Option<String>,
    /// `effective`: a date or a time in UTC.
    pub(super) effective: Option<String>,
    /// `model`: `name@version`.
    pub(super) model: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Asking {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Asking, Problem> {
        Asking::in_query(parts.uri.query())
    }
}

impl Asking {
    /// Reads what concerns it; other words of the query are for others.
    pub(super) fn in_query(query: Option<&str>) -> Result<Asking, Problem> {
        let pairs = pairs(query)?;
        Ok(Asking {
            as_of: one_of(&pairs, &["as-of", "as_of"])?,
            effective: one_of(&pairs, &["effective"])?,
            model: one_of(&pairs, &["model"])?,
        })
    }

    /// Whether the newest state is asked for, by the model in force.
    pub(super) fn is_newest(&self) -> bool {
        *self == Asking::default()
    }

    /// How long the answer may be kept.
    pub(super) fn keep(&self) -> Keep {
        let is_a_place = |as_of: &String| as_of.starts_with('@');
        match self.as_of.as_ref().is_some_and(is_a_place) {
            true => Keep::Past,
            false => Keep::Newest,
        }
    }

    /// Folds what is asked for. A past state takes milliseconds: it is work.
    pub(super) fn of(&self, current: &Arc<Current>) -> Result<Asked, Problem> {
        let as_of = self.as_of.as_deref().map(parse_as_of).transpose()?;
        let effective = self.effective.as_deref().map(parse_effective).transpose()?;
        let state = current.ledger.state_as_of(as_of.as_ref());
        let state = state.map_err(|error| {
            Problem::not_found(error.to_string()).hint("/log lists the events with their addresses")
        })?;
        let model = model_asked(&state, self.model.as_deref());
        let model = model.map_err(|fault| self.no_model(&fault))?;
        Ok(Asked {
            head: Head::of(&current.ledger, &state, self.as_of.as_deref(), effective),
            current: Arc::clone(current),
            filter: Filter {
                effective,
                without: None,
            },
            as_of,
            effective,
            model,
            state,
        })
    }

    fn no_model(&self, fault: &ModelFault) -> Problem {
        match (fault, &self.model) {
            (ModelFault::Unknown(_), Some(_)) => Problem::usage(format!("model: {fault}")),
            _ => Problem::new(422, "model", fault.to_string())
                .hint("model=claim_support_vector@v1.0 asks for the first one"),
        }
    }
}

/// A ledger, and the state of it that was asked for.
pub(super) struct Asked {
    /// The ledger at its newest head.
    pub(super) current: Arc<Current>,
    /// The moment of recorded time.
    pub(super) as_of: Option<AsOf>,
    /// The last instant of the other clock.
    pub(super) effective: Option<Time>,
    /// What of the state counts.
    pub(super) filter: Filter,
    /// The model.
    pub(super) model: &'static Model,
    /// The state.
    pub(super) state: State,
    /// What an answer says of where it was read.
    pub(super) head: Head,
}

fn parse_as_of(text: &str) -> Result<AsOf, Problem> {
    let moment = text.parse();
    moment.map_err(|error| Problem::usage(format!("as-of: {error}")))
}

/// The last instant that a text means.
fn parse_effective(text: &str) -> Result<Time, Problem> {
    let moment: Result<Moment, _> = text.parse();
    let moment = moment.map_err(|error| Problem::usage(format!("effective: {error}")))?;
    Ok(moment.last_instant())
}

/// The value of a word that has several spellings; none where it is empty, as in a form that was
/// not filled in.
///
/// # Errors
/// 400 where it is given more than once.
pub(super) fn one_of(
    pairs: &[(String, String)],
    spellings: &[&str],
) -> Result<Option<String>, Problem> {
    let ours = pairs
        .iter()
        .filter(|(name, _)| spellings.contains(&name.as_str()));
    let mut values = ours.map(|(_, value)| value);
    let value = values.next();
    match values.next() {
        Some(_) => Err(Problem::usage(format!(
            "{} more than once in the address, expected it once",
            spellings[0]
        ))),
        None => Ok(value.filter(|value| !value.is_empty()).cloned()),
    }
}

/// The names and values of a query (application/x-www-form-urlencoded).
///
/// # Errors
/// 400 where an escape is none, or the bytes are no UTF-8.
pub(super) fn pairs(query: Option<&str>) -> Result<Vec<(String, String)>, Problem> {
    let parts = query.unwrap_or_default().split('&');
    let parts = parts.filter(|part| !part.is_empty());
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        Some((decoded(name)?, decoded(value)?))
    };
    parts
        .map(|part| {
            pair(part).ok_or_else(|| {
                Problem::usage("a query that is not escaped UTF-8, expected one (name=value&…)")
            })
        })
        .collect()
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn asking(query: &str) -> Result<Asking, Problem> {
        Asking::in_query(Some(query))
    }

    #[test]
    fn a_query_is_read_as_a_form_sends_it() {
        let asking =
            super::tests::asking("q=x&as-of=2026-03-02T09%3A00%3A00Z&effective=&model=m%40v1.0")
                .unwrap();
        assert_eq!(asking.as_of.as_deref(), Some("2026-03-02T09:00:00Z"));
        assert_eq!(asking.effective, None);
        assert_eq!(asking.model.as_deref(), Some("m@v1.0"));

        assert_eq!(Asking::in_query(None).unwrap(), Asking::default());
        assert_eq!(self::asking("as-of=&").unwrap(), Asking::default());
        let spaced = pairs(Some("a+b=c%20d%2B&e")).unwrap();
        assert_eq!(
            spaced,
            [("a b", "c d+"), ("e", "")].map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
    }

    #[test]
    fn what_means_two_things_or_nothing_is_refused() {
        for query in [
            "as-of=@1&as-of=@2",
            "as-of=@1&as_of=@1",
            "model=a&model=a",
            "as-of=%f",
            "x=%zz",
            "x=%ff",
            "%",
        ] {
            assert_eq!(asking(query).unwrap_err().status, 400, "{query}");
        }
    }

    #[test]
    fn only_a_place_in_the_log_names_a_state_that_stays() {
        for (query, keep) in [
            ("", Keep::Newest),
            ("as-of=@3", Keep::Past),
            ("as_of=@3.0", Keep::Past),
            ("as-of=2026", Keep::Newest),
            ("as-of=0123ab", Keep::Newest),
        ] {
            assert_eq!(asking(query).unwrap().keep(), keep, "{query}");
        }
    }
}
