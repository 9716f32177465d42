//! Question: what an address asks. A word that a route does not know is refused, so that a misspelled
//! one is not taken for no word at all.

use axum::extract::{FromRequestParts, Query, RawPathParams};
use hyper::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::projection::BadQuestion;
use crate::value::{Slug, excerpt};

use super::super::super::answer::Problem;
use super::super::asking::{Asking, pairs};

/// How many there are in a part of a list, where nobody says how many.
const USUAL: usize = 100;

/// How many there are at most.
const MOST: usize = 500;

/// The words of a query.
pub(super) struct Words<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Words<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Words<T>, Problem> {
        pairs(parts.uri.query())?;
        let words = Query::<T>::try_from_uri(&parts.uri);
        let Query(words) = words.map_err(|fault| Problem::usage(fault.body_text()))?;
        Ok(Words(words))
    }
}

/// The names in a path, in their order.
pub(super) struct Names(Vec<String>);

impl<S: Send + Sync> FromRequestParts<S> for Names {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Names, Problem> {
        let names = RawPathParams::from_request_parts(parts, state).await;
        let names = names.map_err(|fault| Problem::usage(fault.body_text()))?;
        Ok(Names(
            names.iter().map(|(_, name)| name.to_owned()).collect(),
        ))
    }
}

impl Names {
    /// One of them, as it is.
    pub(super) fn text(&self, place: usize) -> &str {
        self.0.get(place).map_or("", String::as_str)
    }

    /// The first as the slug of a thing of this kind.
    pub(super) fn slug(&self, kind: &str) -> Result<Slug, Problem> {
        let text = self.text(0);
        text.parse().map_err(|_| {
            Problem::not_found(format!("found no {kind} that is called {}", excerpt(text)))
        })
    }
}

impl From<BadQuestion> for Problem {
    fn from(fault: BadQuestion) -> Problem {
        let problem = Problem::usage(fault.to_string());
        match fault.hint() {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }
}

/// A word that means nothing, with the name of the word.
pub(super) fn said_of(name: &str, fault: BadQuestion) -> Problem {
    let problem = Problem::from(fault);
    Problem {
        detail: format!("{name}: {}", problem.detail),
        ..problem
    }
}

/// A word that is not empty: an empty one counts as left out, as in a form that was not filled in.
pub(super) fn given(word: &Option<String>) -> Option<String> {
    word.clone().filter(|word| !word.is_empty())
}

/// How many are asked for.
pub(super) fn limit_of(limit: Option<u64>) -> Result<usize, Problem> {
    let Some(limit) = limit else {
        return Ok(USUAL);
    };
    let found = usize::try_from(limit).unwrap_or(usize::MAX);
    match (1..=MOST).contains(&found) {
        true => Ok(found),
        false => Err(Problem::usage(format!(
            "limit: found {limit}, expected a number from 1 to {MOST}"
        ))),
    }
}

/// Words of a query, with those that say which state, through which clock, by which model.
macro_rules! asking {
    ($(#[$meta:meta])* struct $name:ident { $($(#[$of:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Default, serde::Deserialize, utoipa::IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(super) struct $name {
            $($(#[$of])* pub(super) $field: $kind,)*
            /// As the ledger knew it: an event id, an address (`@41`, `@41.0`), a date or a time in
            /// UTC
            #[serde(rename = "as-of", alias = "as_of")]
            #[param(example = "@12")]
            pub(super) as_of: Option<String>,
            /// Only what held in the world by then: a date or a time in UTC
            #[param(example = "2024-06")]
            pub(super) effective: Option<String>,
            /// A model as name@version; the one in force where none is named
            #[param(example = "claim_support_vector@v1.0")]
            pub(super) model: Option<String>,
        }

        impl $name {
            /// Which state, through which clock, by which model.
            pub(super) fn asking(&self) -> $crate::net::serve::asking::Asking {
                $crate::net::serve::asking::Asking {
                    as_of: $crate::net::serve::api::question::given(&self.as_of),
                    effective: $crate::net::serve::api::question::given(&self.effective),
                    model: $crate::net::serve::api::question::given(&self.model),
                }
            }
        }
    };
}
pub(super) use asking;

asking! {
    /// Which state, through which clock, by which model.
    struct Clocks {}
}

asking! {
    /// A list in parts.
    struct Part {
        /// At most so many
        #[param(minimum = 1, maximum = 500, default = 100)]
        limit: Option<u64>,
        /// Go on where an answer ended: its `next`. Everything else is asked as it was
        #[param(min_length = 1)]
        cursor: Option<String>,
    }
}

/// The log's clock alone.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Recorded {
    /// As the ledger knew it: an event id, an address (`@41`, `@41.0`), a date or a time in UTC
    #[serde(rename = "as-of", alias = "as_of")]
    #[param(example = "@12")]
    pub(super) as_of: Option<String>,
}

impl Recorded {
    pub(super) fn asking(&self) -> Asking {
        Asking {
            as_of: given(&self.as_of),
            ..Asking::default()
        }
    }
}

/// No words at all.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}
