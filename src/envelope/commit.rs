//! Commit: 1 to 256 events that one author signs as one act.

use std::borrow::Cow;

use crate::form::{Fields, Form, record, text_of};
use crate::hash::Hash;
use crate::json::Json;
use crate::value::{
    CommitId, Date, EventId, FormError, Kind, Origin, Seq, Slug, Subject, Time, excerpt,
};

use super::Refused;
use super::signature::pre_authentication;

/// DSSE payload type of a commit.
pub const TYPE: &str = "application/vnd.grounds.commit+json";

/// The most bytes a commit may have.
pub const MAX_COMMIT: usize = 60_000;

/// The most events a commit may have.
pub const MAX_EVENTS: usize = 256;

record! {
    /// A tree head of this ledger that the author had seen.
    pub struct Anchor {
        /// Root of the tree at that size.
        root: req Hash,
        /// Number of entries, from 1.
        size: req u64,
    }
}

/// A commit as read from its canonical bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit<'a> {
    /// The canonical bytes: what is signed, hashed and stored.
    pub bytes: Cow<'a, [u8]>,
    /// The ledger it is for.
    pub ledger: Origin,
    /// What its author had seen; none in the genesis commit only.
    pub anchor: Option<Anchor>,
    /// The agent that signs.
    pub author: Slug,
    /// The author's clock.
    pub at: Time,
    /// Its events, in order.
    pub events: Vec<RawEvent<'a>>,
}

/// An event whose `data` is not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEvent<'a> {
    /// Its id.
    pub id: EventId,
    /// What it changes.
    pub subject: Subject,
    /// Its position in the subject's stream.
    pub seq: Seq,
    /// The event before it in the stream.
    pub prev: Option<EventId>,
    /// Since when the fact holds in the world.
    pub effective: Option<Date>,
    /// What has happened.
    pub kind: Cow<'a, str>,
    /// What by the type.
    pub data: Json<'a>,
}

impl<'a> Commit<'a> {
    /// Reads the canonical bytes of a commit.
    ///
    /// # Errors
    /// [`Refused`] with the first fault: over [`MAX_COMMIT`] bytes, not canonical, of another form.
    pub fn parse(bytes: &'a [u8]) -> Result<Commit<'a>, Refused> {
        within_limit(bytes)?;
        Ok(Commit::read(bytes, Json::parse(bytes)?)?)
    }

    pub(super) fn read(bytes: &'a [u8], json: Json<'a>) -> Result<Commit<'a>, FormError> {
        let head = Head::read(&json)?;
        let Json::Obj(members) = json else {
            unreachable!("Head::read reads objects only")
        };
        let events = members
            .into_iter()
            .find(|(name, _)| name == "events")
            .map(|(_, list)| list);
        let events = head
            .events(events.unwrap_or(Json::Null))
            .map_err(|e| e.inside("events"))?;
        let Head {
            ledger,
            anchor,
            author,
            at,
            ..
        } = head;
        Ok(Commit {
            bytes: Cow::Borrowed(bytes),
            ledger,
            anchor,
            author,
            at,
            events,
        })
    }

    /// Its id: SHA-256 of its bytes.
    #[must_use]
    pub fn id(&self) -> CommitId {
        CommitId(Hash::of(&self.bytes))
    }

    /// What every signer signs.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        pre_authentication(TYPE, &self.bytes)
    }

    /// The same commit, owning its bytes.
    #[must_use]
    pub fn into_owned(self) -> Commit<'static> {
        Commit {
            bytes: Cow::Owned(self.bytes.into_owned()),
            ledger: self.ledger,
            anchor: self.anchor,
            author: self.author,
            at: self.at,
            events: self.events.into_iter().map(RawEvent::into_owned).collect(),
        }
    }
}

pub(super) fn within_limit(bytes: &[u8]) -> Result<(), FormError> {
    if bytes.len() > MAX_COMMIT {
        return Err(FormError::limit(
            format!("a commit of {} bytes", bytes.len()),
            format!("at most {MAX_COMMIT} bytes; split it"),
        ));
    }
    Ok(())
}

impl RawEvent<'_> {
    fn into_owned(self) -> RawEvent<'static> {
        RawEvent {
            id: self.id,
            subject: self.subject,
            seq: self.seq,
            prev: self.prev,
            effective: self.effective,
            kind: Cow::Owned(self.kind.into_owned()),
            data: self.data.into_owned(),
        }
    }
}

/// The fields of a commit but its events.
struct Head {
    ledger: Origin,
    anchor: Option<Anchor>,
    author: Slug,
    at: Time,
    author_text: String,
    at_text: String,
}

impl Head {
    fn read(json: &Json<'_>) -> Result<Head, FormError> {
        let mut fields = Fields::of(json)?;
        let anchor = fields
            .raw("anchor")
            .ok_or_else(|| missing("anchor", "an anchor, or null"))?;
        let at = fields.raw("at").ok_or_else(|| missing("at", "a time"))?;
        let at_text = text_of(at).map_err(|error| error.inside("at"))?.to_owned();
        let author: Subject = fields.required("author")?;
        let author_text = author.to_string();
        fields
            .raw("events")
            .ok_or_else(|| missing("events", "1 to 256 events"))?;
        let ledger = fields.required("ledger")?;
        version(&mut fields)?;
        fields.end()?;
        Ok(Head {
            ledger,
            anchor: read_anchor(anchor).map_err(|error| error.inside("anchor"))?,
            author: agent_slug(author).map_err(|error| error.inside("author"))?,
            at: Time::parse_seconds(&at_text).map_err(|error| error.inside("at"))?,
            author_text,
            at_text,
        })
    }

    fn events<'a>(&self, json: Json<'a>) -> Result<Vec<RawEvent<'a>>, FormError> {
        let Json::Arr(items) = json else {
            return Err(FormError::schema(
                json.kind(),
                "an array of 1 to 256 events",
            ));
        };
        if items.is_empty() || items.len() > MAX_EVENTS {
            return Err(FormError::limit(
                format!("{} events", items.len()),
                "1 to 256 events",
            ));
        }
        let read = |(position, item)| {
            self.event(item)
                .map_err(|error: FormError| error.inside(&format!("[{position}]")))
        };
        items.into_iter().enumerate().map(read).collect()
    }

    fn event<'a>(&self, json: Json<'a>) -> Result<RawEvent<'a>, FormError> {
        let mut fields = Fields::of(&json)?;
        fields
            .raw("data")
            .ok_or_else(|| missing("data", "an object"))?;
        let effective = fields.optional("effective")?;
        let prev = fields
            .raw("prev")
            .ok_or_else(|| missing("prev", "an event id, or null"))?;
        let prev = match prev {
            Json::Null => None,
            id => Some(EventId::read(id).map_err(|error| error.inside("prev"))?),
        };
        let seq = fields.required("seq")?;
        let subject = fields.required("subject")?;
        let kind = fields
            .raw("type")
            .ok_or_else(|| missing("type", "an event type"))?;
        text_of(kind).map_err(|error| error.inside("type"))?;
        fields.end()?;
        if seq == 0 {
            return Err(FormError::schema("0", "a position from 1").inside("seq"));
        }
        if (seq == 1) != prev.is_none() {
            let expected = if seq == 1 {
                "null at seq 1"
            } else {
                "an event id after seq 1"
            };
            let found = prev.map_or_else(|| "null".to_owned(), |id| id.to_string());
            return Err(FormError::schema(found, expected).inside("prev"));
        }
        let id = self.event_id(&json);
        let Json::Obj(members) = json else {
            unreachable!("Fields::of reads objects only")
        };
        let (mut kind, mut data) = (Cow::Borrowed(""), Json::Null);
        for (name, value) in members {
            match (&*name, value) {
                ("type", Json::Str(text)) => kind = text,
                ("data", value) => data = value,
                _ => {}
            }
        }
        Ok(RawEvent {
            id,
            subject,
            seq,
            prev,
            effective,
            kind,
            data,
        })
    }

    /// SHA-256 of the full event: the event with the commit's `at`, `author`, `ledger`, `v`.
    fn event_id(&self, event: &Json<'_>) -> EventId {
        let Json::Obj(members) = event else {
            unreachable!("an event is an object")
        };
        let mut full: Vec<(&str, FullField<'_, '_>)> = members
            .iter()
            .map(|(name, value)| (&**name, FullField::Event(value)))
            .chain([
                ("at", FullField::Commit(&self.at_text)),
                ("author", FullField::Commit(&self.author_text)),
                ("ledger", FullField::Commit(self.ledger.as_str())),
                ("v", FullField::Version),
            ])
            .collect();
        full.sort_unstable_by_key(|(name, _)| *name);
        let mut bytes = Vec::with_capacity(1024);
        for (position, (name, field)) in full.iter().enumerate() {
            bytes.extend(if position == 0 { b"{" } else { b"," });
            Json::string(*name).write(&mut bytes);
            bytes.push(b':');
            match field {
                FullField::Event(value) => value.write(&mut bytes),
                FullField::Commit(text) => Json::string(*text).write(&mut bytes),
                FullField::Version => bytes.push(b'1'),
            }
        }
        bytes.push(b'}');
        EventId(Hash::of(&bytes))
    }
}

enum FullField<'e, 'a> {
    Event(&'e Json<'a>),
    Commit(&'e str),
    Version,
}

fn missing(name: &str, expected: &'static str) -> FormError {
    FormError::schema("nothing", expected).inside(name)
}

fn version(fields: &mut Fields<'_, '_>) -> Result<(), FormError> {
    match fields.raw("v") {
        Some(Json::Int(1)) => Ok(()),
        Some(Json::Int(other)) => {
            Err(FormError::schema(other.to_string(), "version 1").inside("v"))
        }
        Some(other) => Err(FormError::schema(other.kind(), "version 1").inside("v")),
        None => Err(missing("v", "version 1")),
    }
}

fn read_anchor(json: &Json<'_>) -> Result<Option<Anchor>, FormError> {
    if *json == Json::Null {
        return Ok(None);
    }
    let anchor = Anchor::read(json)?;
    if anchor.size == 0 {
        return Err(FormError::schema("0", "a size from 1").inside("size"));
    }
    Ok(Some(anchor))
}

fn agent_slug(subject: Subject) -> Result<Slug, FormError> {
    match subject {
        Subject::Entity(Kind::Agent, slug) => Ok(slug),
        other => Err(FormError::schema(
            excerpt(&other.to_string()),
            "agent/ and a slug",
        )),
    }
}

/// A commit to be signed.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The ledger it is for.
    pub ledger: Origin,
    /// What the author has seen; none for genesis.
    pub anchor: Option<Anchor>,
    /// The agent that signs.
    pub author: Slug,
    /// The author's clock; written in whole seconds.
    pub at: Time,
    /// Its events; see [`DraftEvent::prev`].
    pub events: Vec<DraftEvent>,
}

/// An event to be signed.
#[derive(Debug, Clone)]
pub struct DraftEvent {
    /// What it changes.
    pub subject: Subject,
    /// Its position in the stream.
    pub seq: Seq,
    /// The event before it; where that one stands earlier in the same draft, anything: it is
    /// filled in.
    pub prev: Option<EventId>,
    /// Since when the fact holds in the world.
    pub effective: Option<Date>,
    /// What has happened.
    pub kind: &'static str,
    /// What by the type.
    pub data: Json<'static>,
}

impl Draft {
    /// The canonical bytes, with `prev` of events that extend a stream of this very draft filled
    /// in.
    ///
    /// # Errors
    /// As [`Commit::parse`] of those bytes: what is made here is held to the form of what is read.
    pub fn seal(&self) -> Result<Commit<'static>, Refused> {
        let head = Head {
            ledger: self.ledger.clone(),
            anchor: self.anchor.clone(),
            author: self.author.clone(),
            at: self.at,
            author_text: format!("agent/{}", self.author),
            at_text: self.at.seconds_text(),
        };
        let mut last: Vec<(Subject, EventId)> = Vec::new();
        let mut events = Vec::with_capacity(self.events.len());
        for event in &self.events {
            let in_draft = last
                .iter()
                .rev()
                .find(|(subject, _)| *subject == event.subject);
            let prev = in_draft.map_or(event.prev, |(_, id)| Some(*id));
            let json = event.json(prev);
            last.push((event.subject.clone(), head.event_id(&json)));
            events.push(json);
        }
        let bytes = Json::object([
            (
                "anchor",
                self.anchor.as_ref().map_or(Json::Null, Form::write),
            ),
            ("at", Json::string(head.at_text)),
            ("author", Json::string(head.author_text)),
            ("events", Json::Arr(events)),
            ("ledger", Json::string(self.ledger.as_str())),
            ("v", Json::Int(1)),
        ])
        .to_bytes();
        Ok(Commit::parse(&bytes)?.into_owned())
    }
}

impl DraftEvent {
    fn json(&self, prev: Option<EventId>) -> Json<'_> {
        let mut members: Vec<(Cow<'_, str>, Json<'_>)> = vec![
            ("data".into(), self.data.clone()),
            (
                "prev".into(),
                prev.map_or(Json::Null, |id| Json::string(id.to_string())),
            ),
            ("seq".into(), self.seq.write()),
            ("subject".into(), Json::string(self.subject.to_string())),
            ("type".into(), Json::string(self.kind)),
        ];
        if let Some(date) = self.effective {
            members.push(("effective".into(), Json::string(date.to_string())));
            members.sort_by(|left, right| left.0.cmp(&right.0));
        }
        Json::Obj(members)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// What is said of a commit in which this stands in the place of that.
    fn refused(this: &str, that: &str) -> String {
        const GOOD: &str = r#"{"anchor":null,"at":"2026-03-01T00:00:00Z","author":"agent/ada","events":[{"data":{"text":"Read."},"prev":null,"seq":1,"subject":"claim/x","type":"note.added"}],"ledger":"claims.example/lab","v":1}"#;
        assert!(GOOD.contains(this), "{this}");
        Commit::parse(GOOD.as_bytes()).unwrap();
        let spoiled = GOOD.replace(this, that);
        Commit::parse(spoiled.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_refusal_says_what_was_found_and_what_was_expected() {
        let id = "00".repeat(32);
        let prev = format!(r#""prev":"{id}""#);
        let cases = [
            (r#""v":1"#, r#""v":2"#, ["found 2", "version 1"]),
            (r#""v":1"#, r#""v":"1""#, ["found a string", "version 1"]),
            (r#","v":1"#, "", ["found nothing", "version 1"]),
            (r#""prev":null"#, &prev, [&id, "null at seq 1"]),
            (
                r#""seq":1"#,
                r#""seq":2"#,
                ["found null", "an event id after seq 1"],
            ),
            (r#""seq":1"#, r#""seq":0"#, ["found 0", "a position from 1"]),
        ];
        for (this, that, words) in cases {
            let refused = refused(this, that);
            assert!(
                words.iter().all(|word| refused.contains(word)),
                "{that}: {refused}"
            );
        }
    }
}
