//! `grounds act`: any events, from a file.

use std::path::PathBuf;

use clap::Args;
use grounds::claim::Act as OneAct;
use grounds::form::Form as _;
use grounds::json::Json;
use grounds::value::{Date, Subject};

use crate::acts;
use crate::context::Context;
use crate::desk::{Desk, Signing};
use crate::error::{Exit, Failure};

/// Record any events from a JSON or YAML file, as one commit
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds act --from events.yaml --dry-run\nwhere events.yaml is a list of {subject, type, data, effective?}:\n  - subject: context/small-models\n    type: context.defined\n    data: {name: Small models, kind: model_scale}"
)]
pub(crate) struct Act {
    /// The file, or - for standard input
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    #[command(flatten)]
    signing: Signing,
}

impl Act {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let json = acts::relaxed(&self.from)?;
        let Json::Arr(items) = &json else {
            return Err(Failure::usage(format!(
                "{}: found {}, expected a list of events",
                self.from.display(),
                json.kind()
            )));
        };
        if items.is_empty() {
            return Err(Failure::usage(format!(
                "{}: found no events, expected at least one",
                self.from.display()
            )));
        }
        let read = |(place, item): (usize, &Json<'static>)| {
            one(item).map_err(|failure| Failure {
                message: format!(
                    "{}: event {place}: {}",
                    self.from.display(),
                    failure.message
                ),
                ..failure
            })
        };
        let acts: Vec<OneAct> = items
            .iter()
            .enumerate()
            .map(read)
            .collect::<Result<_, _>>()?;
        Desk::open(context, &self.signing)?.record(&acts)
    }
}

/// One event: what it changes, its type, its data.
pub(crate) fn one(item: &Json<'static>) -> Result<OneAct, Failure> {
    const FIELDS: [&str; 4] = ["subject", "type", "data", "effective"];
    if let Json::Obj(members) = item
        && let Some((name, _)) = members
            .iter()
            .find(|(name, _)| !FIELDS.contains(&name.as_ref()))
    {
        return Err(Failure::usage(format!(
            "found the field {}, expected subject, type, data, effective",
            grounds::value::excerpt(name)
        )));
    }
    let field = |name: &str| {
        item.get(name)
            .ok_or_else(|| Failure::usage(format!("found no {name}")))
    };
    let subject = Subject::read(field("subject")?)?;
    let kind = grounds::form::text_of(field("type")?)?;
    let effective = item.get("effective").map(Date::read).transpose()?;
    acts::act(subject, kind, effective, field("data")?)
}
