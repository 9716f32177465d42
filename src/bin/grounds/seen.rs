//! What a reading command asks for: which state, through which clock, by which model; and the
//! subject that a person means by a few letters.

use clap::Args;
use grounds::claim::State;
use grounds::ledger::{AsOf, Ledger, Snapshot, newest_head};
use grounds::net::page;
use grounds::projection::{Filter, ModelFault, absence_then, last_instant, model_asked, subjects};
use grounds::trust::Model;
use grounds::value::{Kind, Slug, Subject, Time};

use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::names::{meanings, nearest};

/// Which state, through which clock, by which model.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Asking {
    /// As the ledger knew it: an event id, an address (@41, @41.0), a date or a time in UTC
    #[arg(long, value_name = "X", help_heading = "Clocks and model")]
    pub(crate) as_of: Option<String>,
    /// Only what held in the world by then: a date or a time in UTC
    #[arg(long, value_name = "X", help_heading = "Clocks and model")]
    pub(crate) effective: Option<String>,
    /// A model as name@version [default: the one in force]
    #[arg(long, value_name = "MODEL", help_heading = "Clocks and model")]
    pub(crate) model: Option<String>,
}

impl Asking {
    /// Whether the newest state is asked for, by the model in force.
    pub(crate) fn is_newest(&self) -> bool {
        self.as_of.is_none() && self.effective.is_none() && self.model.is_none()
    }

    /// Opens the ledger and folds what is asked for.
    pub(crate) fn open(&self, context: &Context) -> Result<Seen, Failure> {
        let clocks = self.clocks()?;
        self.fold(clocks, context.open()?)
    }

    /// Folds what is asked for of a ledger that is open.
    #[cfg(feature = "mcp")]
    pub(crate) fn over(&self, ledger: Ledger) -> Result<Seen, Failure> {
        self.fold(self.clocks()?, ledger)
    }

    /// The two clocks, read before anything is opened.
    fn clocks(&self) -> Result<(Option<AsOf>, Option<Time>), Failure> {
        let as_of = self.as_of.as_deref().map(parse_as_of).transpose()?;
        let effective = self.effective.as_deref().map(parse_effective).transpose()?;
        Ok((as_of, effective))
    }

    fn fold(
        &self,
        (as_of, effective): (Option<AsOf>, Option<Time>),
        ledger: Ledger,
    ) -> Result<Seen, Failure> {
        let state = ledger.state_as_of(as_of.as_ref())?;
        let model = model_of(&state, self.model.as_deref())?;
        let head = Head::of(&ledger, self, &state, effective);
        Ok(Seen {
            ledger,
            state,
            filter: Filter {
                effective,
                without: None,
            },
            model,
            head,
        })
    }
}

/// The model that is named, or the one in force.
pub(crate) fn model_of(state: &State, name: Option<&str>) -> Result<&'static Model, Failure> {
    model_asked(state, name).map_err(|fault| match (&fault, name) {
        (ModelFault::Unknown(_), Some(_)) => Failure::usage(format!("--model: {fault}"))
            .hint("grounds show ledger names the models that the ledger adopted"),
        _ => Failure::new(Exit::CannotTell, "model", fault.to_string())
            .hint("a newer grounds may know the model; --model claim_support_vector@v1.0 asks for the first one"),
    })
}

pub(crate) fn parse_as_of(text: &str) -> Result<AsOf, Failure> {
    text.parse()
        .map_err(|error: grounds::value::FormError| Failure::usage(error.to_string()))
        .map_err(|failure| failure.hint("grounds log lists events with their addresses and times"))
}

/// The last instant that a text means.
pub(crate) fn parse_effective(text: &str) -> Result<Time, Failure> {
    last_instant(text).map_err(|fault| {
        Failure::from(fault).hint("the effective clock takes dates and times only")
    })
}

/// A ledger, and the state of it that was asked for.
pub(crate) struct Seen {
    pub(crate) ledger: Ledger,
    pub(crate) state: State,
    pub(crate) filter: Filter,
    pub(crate) model: &'static Model,
    pub(crate) head: Head,
}

impl Seen {
    /// The subject that a text means, by all names that the newest state has.
    pub(crate) fn subject(&self, text: &str) -> Result<Subject, Failure> {
        meant(text, &subjects(self.ledger.state()))
    }

    /// The slug of the claim that a text means.
    pub(crate) fn claim(&self, text: &str) -> Result<Slug, Failure> {
        claim_meant(text, &subjects(self.ledger.state()))
    }

    /// Why a subject cannot be shown in the state that was asked for.
    pub(crate) fn absent(&self, subject: &Subject) -> Failure {
        let is_there_now = self.ledger.state().exists(subject);
        let why = absence_then(self.ledger.state(), &self.state, subject);
        let failure = Failure::not_found(format!("found no {subject}: {why}"));
        match is_there_now {
            true => failure.hint(format!(
                "grounds log {subject} tells since when it is there; without --as-of and --effective the newest state is shown"
            )),
            false => failure.hint("grounds list shows the claims"),
        }
    }
}

/// The head that an answer was read from, and what says that it is not the newest state.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    read: page::Head,
    /// What says so, in words.
    pub(crate) band: Vec<String>,
}

impl std::ops::Deref for Head {
    type Target = page::Head;

    fn deref(&self) -> &page::Head {
        &self.read
    }
}

impl From<page::Head> for Head {
    fn from(read: page::Head) -> Head {
        let band = Vec::new();
        Head { read, band }
    }
}

impl Head {
    fn of(ledger: &Ledger, asking: &Asking, state: &State, effective: Option<Time>) -> Head {
        let as_of = asking.as_of.as_deref();
        let read = page::Head::of(ledger, state, as_of, effective);
        let mut band = Vec::new();
        if let Some(as_of) = as_of {
            let newest = match state.recorded() {
                Some(time) => format!("the newest of {}", time.minute_text()),
                None => "it was not there yet".to_owned(),
            };
            band.push(format!(
                "as the ledger knew it as of {as_of}: {} of {} entries, {newest}",
                read.entries, read.size,
            ));
        }
        if let Some(effective) = effective {
            band.push(format!(
                "as it held in the world by {} (effective clock)",
                effective.minute_text()
            ));
        }
        Head { read, band }
    }
}

/// A snapshot of the newest head, where one is at hand. A cache that is missing, stale or damaged
/// is no error: the ledger is folded, and a new one is kept.
pub(crate) fn warm(context: &Context) -> Option<(Snapshot, Head)> {
    let dir = context.ledger_dir().ok()?;
    let checkpoint = newest_head(&dir).ok()?;
    let folder = context.cache_dir(&checkpoint.origin.parse().ok()?).ok()?;
    let snapshot = Snapshot::open(&folder, checkpoint)?;
    let head = page::Head::of_snapshot(&snapshot).into();
    Some((snapshot, head))
}

/// Keeps a snapshot for the next command. That it cannot be kept is nobody's fault.
pub(crate) fn keep(context: &Context, ledger: &Ledger) {
    let origin = ledger.custody().checkpoint.origin.parse();
    if let Ok(folder) = origin
        .map_err(drop)
        .and_then(|origin| context.cache_dir(&origin).map_err(drop))
    {
        let _ = Snapshot::keep(ledger, &folder);
    }
}

/// The subject that a text means: its whole name, its slug, or a prefix that only one has.
pub(crate) fn meant(text: &str, names: &[Subject]) -> Result<Subject, Failure> {
    match meanings(text, names).as_slice() {
        [] => Err(unknown(text, names)),
        [one] => Ok((*one).clone()),
        several => Err(ambiguous(text, several)),
    }
}

/// The claim that a text means.
pub(crate) fn claim_meant(text: &str, names: &[Subject]) -> Result<Slug, Failure> {
    let claims: Vec<Subject> = names
        .iter()
        .filter(|name| name.kind() == Kind::Claim)
        .cloned()
        .collect();
    let subject = meant(text, &claims)?;
    subject
        .slug()
        .cloned()
        .ok_or_else(|| unknown(text, &claims))
}

fn unknown(text: &str, names: &[Subject]) -> Failure {
    let failure = Failure::not_found(format!(
        "found no {}, expected a subject of this ledger: its slug, or a prefix that only one has",
        grounds::value::excerpt(text)
    ));
    let near = nearest(text, names);
    match near.is_empty() {
        true => {
            failure.hint("grounds list shows the claims, grounds list --search WORDS finds some")
        }
        false => failure.hint(format!("the nearest: {}", near.join(", "))),
    }
}

fn ambiguous(text: &str, several: &[&Subject]) -> Failure {
    let shown: Vec<String> = several.iter().take(5).map(ToString::to_string).collect();
    let more = several.len().saturating_sub(shown.len());
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Failure::new(
        Exit::NotFound,
        "not_found",
        format!(
            "found {} subjects that begin with {}, expected one",
            several.len(),
            grounds::value::excerpt(text)
        ),
    )
    .hint(format!("which one: {}{rest}", shown.join(", ")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names() -> Vec<Subject> {
        [
            "claim/neurons-rarely",
            "claim/neurons-often",
            "artifact/neurons-rarely",
            "claim/other",
            "ledger",
        ]
        .map(|name| name.parse().unwrap())
        .to_vec()
    }

    #[test]
    fn a_subject_is_found_by_its_name_and_by_a_prefix_that_only_one_has() {
        for (text, found) in [
            ("claim/neurons-rarely", "claim/neurons-rarely"),
            ("artifact/neu", "artifact/neurons-rarely"),
            ("neurons-o", "claim/neurons-often"),
            ("o", "claim/other"),
            ("ledger", "ledger"),
        ] {
            assert_eq!(meant(text, &names()).unwrap().to_string(), found);
        }
        assert_eq!(
            claim_meant("neurons-rarely", &names()).unwrap().as_str(),
            "neurons-rarely"
        );
    }

    #[test]
    fn what_could_mean_several_names_them_and_what_is_unknown_names_the_nearest() {
        let several = meant("neurons-rarely", &names()).unwrap_err();
        assert_eq!(
            (several.code.as_str(), several.exit),
            ("not_found", Exit::NotFound)
        );
        let unknown = meant("neurons-oftne", &names()).unwrap_err();
        assert_eq!(unknown.exit, Exit::NotFound);
        assert!(unknown.hint.unwrap().contains("claim/neurons-often"));
        assert!(meant("", &names()).is_err());
    }
}
