//! JSON lines: one event a line, for `jq`, data frames and other ledgers.

use crate::claim::{Event, Recorded, State};
use crate::form::Form as _;
use crate::json::Json;
use crate::value::Subject;

/// How much of an event a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The event in its place: address, id, author, times, and what happened.
    Events,
    /// What happened only: the form that `import jsonl` reads.
    Acts,
}

/// The lines of all events, or of those of one subject, in the order of the log, as canonical JSON.
pub fn lines<'s>(
    state: &'s State,
    subject: Option<&'s Subject>,
    shape: Shape,
) -> impl Iterator<Item = String> + 's {
    let events = state
        .history()
        .iter()
        .flat_map(|entry| entry.events.iter().map(move |event| (entry, event)));
    events
        .filter(move |(_, event)| subject.is_none_or(|subject| event.subject == *subject))
        .map(move |(entry, event)| match shape {
            Shape::Acts => Json::Obj(act(event)).to_text(),
            Shape::Events => placed(state, entry, event).to_text(),
        })
}

type Members<'e> = Vec<(std::borrow::Cow<'e, str>, Json<'e>)>;

fn act(event: &Event) -> Members<'_> {
    let mut members: Members<'_> = vec![
        ("data".into(), event.data.write()),
        ("subject".into(), Json::string(event.subject.to_string())),
        ("type".into(), Json::string(event.data.name())),
    ];
    if let Some(date) = event.effective {
        members.push(("effective".into(), Json::string(date.to_string())));
    }
    members
}

fn placed<'e>(state: &State, entry: &'e Recorded, event: &'e Event) -> Json<'e> {
    let mut members = act(event);
    let keys = entry
        .signers
        .iter()
        .map(|signer| Json::string(signer.key.to_string()))
        .collect();
    members.extend([
        ("address".into(), Json::string(event.address.to_string())),
        ("at".into(), Json::string(event.at.seconds_text())),
        (
            "author".into(),
            Json::string(format!("agent/{}", event.author)),
        ),
        ("commit".into(), Json::string(entry.commit.to_string())),
        ("id".into(), Json::string(event.id.to_string())),
        ("keys".into(), Json::Arr(keys)),
        (
            "prev".into(),
            event
                .prev
                .map_or(Json::Null, |id| Json::string(id.to_string())),
        ),
        (
            "recorded".into(),
            Json::string(event.recorded.micros_text()),
        ),
        ("seq".into(), event.seq.write()),
        (
            "set_aside".into(),
            Json::Bool(state.is_set_aside(event.address)),
        ),
    ]);
    Json::Obj(members)
}
