//! Questions as readers spell them: the words of an order, a status, a view, a type of event; and
//! what is said of a word that means nothing.

use std::fmt;

use crate::claim::{Data, Lifecycle, Standing};
use crate::trust::Figure;
use crate::value::{FormError, Moment, Slug, Time, excerpt};

use super::catalogue::Order;

/// A word of a question that means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadQuestion {
    /// No figure is called so.
    Figure(String),
    /// Neither a lifecycle nor a standing.
    Status(String),
    /// No view gives this verdict.
    Verdict(String),
    /// No event has this type, or a type that begins so.
    Type(String),
    /// Not the form that is expected there.
    Form(FormError),
}

impl fmt::Display for BadQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadQuestion::Figure(text) => {
                write!(f, "found {}, expected the name of a figure", excerpt(text))
            }
            BadQuestion::Status(text) => {
                let found = excerpt(text);
                write!(f, "found {found}, expected a lifecycle or a standing")
            }
            BadQuestion::Verdict(text) => write!(
                f,
                "found the verdict {}, expected {}",
                excerpt(text),
                VERDICTS.join(", ")
            ),
            BadQuestion::Type(text) => write!(
                f,
                "found {}, expected the type of an event or its first word",
                excerpt(text)
            ),
            BadQuestion::Form(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BadQuestion {}

impl From<FormError> for BadQuestion {
    fn from(error: FormError) -> BadQuestion {
        BadQuestion::Form(error)
    }
}

impl BadQuestion {
    /// Which words would have meant something; none where the message says it already.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            BadQuestion::Figure(_) => Some(format!(
                "the figures: {}; or their first letters: {}",
                Figure::ALL.map(Figure::long).join(", "),
                Figure::ALL.map(Figure::short).join(", ")
            )),
            BadQuestion::Status(_) => Some(format!(
                "lifecycles: {}; standings: {}",
                joined(Lifecycle::ALL.iter().map(|one| one.word())),
                joined(Standing::ALL.iter().map(|one| one.word()))
            )),
            BadQuestion::Type(_) => Some(format!(
                "the types: {}",
                joined(Data::TYPES.iter().map(|kind| kind.name))
            )),
            BadQuestion::Verdict(_) | BadQuestion::Form(_) => None,
        }
    }
}

fn joined<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.collect::<Vec<&str>>().join(", ")
}

/// What a view says of a claim; `undetermined` where a rule could not be answered.
pub const VERDICTS: [&str; 4] = ["included", "downweighted", "excluded", "undetermined"];

/// A figure by its short or long name.
///
/// # Errors
/// No figure is called so.
pub fn figure_named(name: &str) -> Result<Figure, BadQuestion> {
    Figure::named(name).ok_or_else(|| BadQuestion::Figure(name.to_owned()))
}

/// An order by its word: `slug`, `updated` or a figure; a minus before it turns it round.
///
/// # Errors
/// It is none of them.
pub fn order_named(text: &str) -> Result<(Order, bool), BadQuestion> {
    let (name, reverse) = match text.strip_prefix('-') {
        Some(name) => (name, true),
        None => (text, false),
    };
    let order = match name {
        "slug" => Order::Slug,
        "updated" => Order::Updated,
        figure => Order::Figure(figure_named(figure)?),
    };
    Ok((order, reverse))
}

/// A lifecycle or a standing, by its word.
///
/// # Errors
/// It is neither.
pub fn status_named(word: &str) -> Result<String, BadQuestion> {
    let is_lifecycle = word.parse::<Lifecycle>().is_ok();
    let is_standing = word.parse::<Standing>().is_ok();
    match is_lifecycle || is_standing {
        true => Ok(word.to_owned()),
        false => Err(BadQuestion::Status(word.to_owned())),
    }
}

/// A view, with or without `view/`, and the verdict that is asked for: `strict:excluded`.
///
/// # Errors
/// No view can be called so, or no view gives that verdict.
pub fn view_named(text: &str) -> Result<(Slug, Option<String>), BadQuestion> {
    let (name, verdict) = match text.split_once(':') {
        Some((name, verdict)) => (name, Some(verdict.to_owned())),
        None => (text, None),
    };
    if let Some(verdict) = &verdict
        && !VERDICTS.contains(&verdict.as_str())
    {
        return Err(BadQuestion::Verdict(verdict.clone()));
    }
    let slug = name.strip_prefix("view/").unwrap_or(name);
    Ok((slug.parse()?, verdict))
}

/// A type of events, or the first word of several: `evidence.added`, `evidence`.
///
/// # Errors
/// No event has such a type.
pub fn type_named(name: &str) -> Result<String, BadQuestion> {
    let fits = |known: &str| {
        known
            .strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    match Data::TYPES.iter().any(|kind| fits(kind.name)) {
        true => Ok(name.to_owned()),
        false => Err(BadQuestion::Type(name.to_owned())),
    }
}

/// The first instant that a date or a time means.
///
/// # Errors
/// It is neither.
pub fn first_instant(text: &str) -> Result<Time, BadQuestion> {
    Ok(match text.parse()? {
        Moment::Date(date) => date.start(),
        Moment::Second(time) | Moment::Instant(time) => time,
    })
}

/// The last instant that a date or a time means.
///
/// # Errors
/// It is neither.
pub fn last_instant(text: &str) -> Result<Time, BadQuestion> {
    let moment: Moment = text.parse()?;
    Ok(moment.last_instant())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_a_word_with_or_without_a_minus() {
        assert_eq!(order_named("slug").unwrap(), (Order::Slug, false));
        assert_eq!(order_named("-updated").unwrap(), (Order::Updated, true));
        for name in ["supp", "support"] {
            let order = Order::Figure(Figure::Support);
            assert_eq!(order_named(name).unwrap(), (order, false));
        }
        for wrong in ["", "-", "--slug", "Slug", "truth"] {
            let refused = order_named(wrong).unwrap_err();
            assert!(refused.hint().unwrap().contains("replication"), "{wrong}");
        }
    }

    #[test]
    fn a_word_that_means_nothing_is_told_with_those_that_would() {
        assert_eq!(status_named("contested").unwrap(), "contested");
        assert_eq!(status_named("retracted").unwrap(), "retracted");
        let refused = status_named("ready").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "found \"ready\", expected a lifecycle or a standing"
        );
        assert_eq!(
            refused.hint().unwrap(),
            "lifecycles: proposed, active, superseded, merged, retracted; standings: hypothesis, tested, replicated, contested, refuted, settled"
        );
        assert_eq!(type_named("evidence").unwrap(), "evidence");
        assert_eq!(type_named("evidence.added").unwrap(), "evidence.added");
        assert!(type_named("evid").is_err());
        assert!(type_named("").is_err());
    }

    #[test]
    fn a_view_is_named_with_or_without_its_kind_and_a_verdict() {
        let (view, verdict) = view_named("view/strict:excluded").unwrap();
        assert_eq!(
            (view.as_str(), verdict.as_deref()),
            ("strict", Some("excluded"))
        );
        assert_eq!(view_named("strict").unwrap().1, None);
        assert!(matches!(
            view_named("strict:maybe"),
            Err(BadQuestion::Verdict(_))
        ));
        assert!(matches!(view_named("No Slug"), Err(BadQuestion::Form(_))));
    }

    #[test]
    fn a_date_begins_with_its_first_instant_and_ends_with_its_last() {
        let (first, last) = (
            first_instant("2026-03").unwrap(),
            last_instant("2026-03").unwrap(),
        );
        assert_eq!(first.to_string(), "2026-03-01T00:00:00.000000Z");
        assert_eq!(last.to_string(), "2026-03-31T23:59:59.999999Z");
        assert!(first_instant("yesterday").is_err());
    }
}
