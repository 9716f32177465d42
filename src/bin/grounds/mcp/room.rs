//! The room: the ledger as it is now, and what each tool answers from it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use base64ct::{Base64, Encoding as _};
use grounds::claim::{Act, Code, Rejection, State};
use grounds::envelope::{Anchor, Commit, TYPE};
use grounds::ledger::audit::{Report, Standard, Verdict, audit};
use grounds::ledger::{
    Appender, AsOf, Ledger, Receipt, Staged, prepare, preview_unsigned, refused,
};
use grounds::net::page::{self, Listed};
use grounds::projection::{
    Asked, TimelineRow, Wanted, agent_page, artifact_page, catalogue, claim_page, context_page,
    figure_named, figures_moved, first_instant, last_instant, ledger_page, order_named,
    status_named, timeline, type_named, view_named, view_page, why,
};
use grounds::value::{Address, KeyId, Kind, Origin, Slug, Subject, Time};
use rmcp::model::JsonObject;
use serde::Serialize;
use serde_json::{Value, json};

use super::marked::Answer;
use super::tools::{self, MAX_ROWS, ROWS};
use crate::acts;
use crate::command::act::one;
use crate::command::diff::{Clock, Diff};
use crate::command::list::unknown_view;
use crate::command::log;
use crate::command::verify::{parse_vkey, signer_state};
use crate::context::Context;
use crate::desk::{close, now, open_appender, origin_of, receipt_bytes, store_receipt, unknown};
use crate::error::{Exit, Failure};
use crate::keys;
use crate::names;
use crate::seen::{Asking, Seen};
use crate::witnesses;

/// What a ledger can be asked.
pub(super) struct Room {
    context: Context,
    dir: PathBuf,
    origin: Origin,
    /// Whether a commit can be recorded: nobody forbade it, and the log's key is at hand.
    writes: bool,
    /// The ledger as it was read last; it goes on with its log.
    read: Mutex<Ledger>,
    /// One commit is recorded at a time.
    recording: Mutex<()>,
}

impl Room {
    /// Opens the ledger once: what cannot be read now is said now.
    pub(super) fn open(context: &Context, is_read_only: bool) -> Result<Room, Failure> {
        let dir = context.ledger_dir()?;
        let ledger = context.open()?;
        let origin = origin_of(&ledger)?;
        let writes = !is_read_only && keys::log_signer(context, &origin)?.is_some();
        Ok(Room {
            context: context.clone(),
            dir,
            origin,
            writes,
            read: Mutex::new(ledger),
            recording: Mutex::new(()),
        })
    }

    pub(super) fn writes(&self) -> bool {
        self.writes
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What a tool answers; none where there is no such tool.
    pub(super) fn call(
        &self,
        tool: &str,
        arguments: Option<JsonObject>,
    ) -> Option<Result<Answer, Failure>> {
        Some(match tool {
            "search" => tools::read(arguments).and_then(|asked| self.search(asked)),
            "show" => tools::read(arguments).and_then(|asked| self.show(asked)),
            "why" => tools::read(arguments).and_then(|asked| self.why(&asked)),
            "log" => tools::read(arguments).and_then(|asked| self.log(asked)),
            "diff" => tools::read(arguments).and_then(|asked| self.diff(asked)),
            "verify" => tools::read(arguments).and_then(|asked| self.verify(&asked)),
            "prepare" => tools::read(arguments).and_then(|asked| self.prepare(asked)),
            "submit" => tools::read(arguments).and_then(|asked| self.submit(&asked)),
            _ => return None,
        })
    }

    /// The ledger as its newest checkpoint covers it. What was read before is not read again.
    ///
    /// A head that does not extend the one that was answered from is an error, whoever signed it:
    /// nobody is led from one history to another in one conversation.
    fn ledger(&self) -> Result<Ledger, Failure> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(newer) = read.follow()? {
            *read = newer;
        }
        Ok(read.clone())
    }

    fn seen(
        &self,
        as_of: Option<String>,
        effective: Option<String>,
        model: Option<String>,
    ) -> Result<Seen, Failure> {
        let asking = Asking {
            as_of,
            effective,
            model,
        };
        asking.over(self.ledger()?)
    }

    fn search(&self, asked: tools::Search) -> Result<Answer, Failure> {
        let limit = rows(asked.limit)?;
        let wanted = wanted(&asked)?;
        let seen = self.seen(asked.as_of, asked.effective, asked.model)?;
        if let Some((view, _)) = &wanted.view
            && seen.ledger.state().view(view).is_none()
        {
            return Err(unknown_view(&seen.state, view.as_str()));
        }
        let rows = catalogue(&seen.state, seen.model, &seen.filter, &wanted);
        let listed = Listed {
            count: rows.len() as u64,
            claims: &rows[..rows.len().min(limit)],
            next: None,
        };
        answer("grounds.list/1", &seen, listed)
    }

    fn show(&self, asked: tools::Show) -> Result<Answer, Failure> {
        let seen = self.seen(asked.as_of, asked.effective, asked.model)?;
        let subject = seen.subject(&asked.subject)?;
        shown(&seen, &subject, asked.trace)
    }

    fn why(&self, asked: &tools::Why) -> Result<Answer, Failure> {
        let figure = figure_named(&asked.figure)?;
        let (as_of, effective) = (asked.as_of.clone(), asked.effective.clone());
        let seen = self.seen(as_of, effective, asked.model.clone())?;
        let slug = seen.claim(&asked.claim)?;
        let why = why(&seen.state, &slug, figure, seen.model, &seen.filter)
            .ok_or_else(|| seen.absent(&Subject::claim(slug.clone())))?;
        answer("grounds.why/1", &seen, why)
    }

    fn log(&self, asked: tools::Log) -> Result<Answer, Failure> {
        let limit = rows(asked.limit)?;
        let kind = asked.r#type.as_deref().map(type_named).transpose()?;
        let since = asked.since.as_deref().map(first_instant).transpose()?;
        let until = asked.until.as_deref().map(last_instant).transpose()?;
        let before = asked.before.as_deref().map(address).transpose()?;
        let seen = self.seen(asked.as_of, None, None)?;
        let subject = asked.subject.as_deref().map(|text| seen.subject(text));
        let author = asked.author.as_deref().map(|text| log::author(&seen, text));
        let wanted = Asked {
            subject: subject.transpose()?,
            author: author.transpose()?,
            r#type: kind,
            since,
            until,
            before,
        };
        let mut rows = timeline(&seen.state, &wanted);
        let events: Vec<TimelineRow> = rows.by_ref().take(limit).collect();
        let last = events.last().map(|row| row.by.address.to_string());
        let logged = page::Logged {
            subject: wanted.subject.as_ref(),
            events: &events,
            next: last.filter(|_| rows.next().is_some()),
        };
        answer("grounds.log/1", &seen, logged)
    }

    fn diff(&self, asked: tools::Diff) -> Result<Answer, Failure> {
        if asked.from.is_none() && asked.model_from.is_none() && asked.model_to.is_none() {
            return Err(Failure::usage(
                "found neither from nor a model, expected one of them",
            ));
        }
        let seen = self.seen(None, None, None)?;
        let diff = Diff {
            claim: asked.claim,
            from: asked.from,
            to: asked.to,
            clock: match asked.clock {
                tools::Clock::Recorded => Clock::Recorded,
                tools::Clock::Effective => Clock::Effective,
            },
            model1: asked.model_from,
            model2: asked.model_to,
        };
        answer("grounds.diff/1", &seen, diff.difference(&seen)?)
    }

    fn verify(&self, asked: &tools::Verify) -> Result<Answer, Failure> {
        let vkey = asked.vkey.as_deref().map(parse_vkey).transpose()?;
        let standard = Standard {
            vkey: vkey.as_ref(),
            from: asked.from.as_deref().map(str::as_bytes),
            signer: signer_state(&self.context, &self.dir),
            ..Standard::default()
        };
        let report: Report = audit(&self.dir, &standard, &mut |_, _| {})?;
        let exit = match report.verdict {
            Verdict::Holds => Exit::Done,
            Verdict::Fails => Exit::No,
            Verdict::Damaged => Exit::Damaged,
            Verdict::CannotTell => Exit::CannotTell,
        };
        let told = json!({
            "verdict": report.verdict,
            "exit": exit.number(),
            "is_own_key": report.is_own_key,
            "size": report.size,
            "root": report.root,
            "entries": report.entries,
            "signatures": report.signatures,
            "fault_count": report.fault_count,
        });
        let answer = Answer::of(value(&report)?);
        Ok(answer
            .with("schema", "grounds.verify/1".into())
            .with("verified", told))
    }

    fn prepare(&self, asked: tools::Prepare) -> Result<Answer, Failure> {
        let at = asked.at.as_deref().map(second).transpose()?;
        let acts = asked.events.into_iter().enumerate().map(act);
        let acts: Vec<Act> = acts.collect::<Result<_, _>>()?;
        let seen = self.seen(None, None, None)?;
        let author = names::slug_of(&seen.state, Kind::Agent, &asked.author)?;
        let head = &seen.ledger.custody().checkpoint;
        let anchor = Anchor {
            size: head.size,
            root: head.root,
        };
        let at = at.unwrap_or_else(now);
        let commit = prepare(&seen.state, &self.origin, Some(anchor), &author, at, &acts)
            .map_err(|error| refused(&error))?;
        let tree = seen.ledger.tree();
        let key = key_of(&seen.state, &author)?;
        let previewed = preview_unsigned(
            &seen.state,
            tree,
            &self.origin,
            commit.clone(),
            &[key],
            now(),
        )?;
        let missing = missing(previewed.verdict)?;
        let after = &previewed.state;
        let events = &previewed.entry.events;
        let figures = figures_moved(&seen.state, after, events.iter().map(Arc::as_ref));
        let says = json!({ "events": newest(after, events.len()), "figures": figures });
        Ok(answer("grounds.prepare/1", &seen, says)?
            .with("prepared", prepared(&commit, &key, missing)))
    }

    fn submit(&self, asked: &tools::Submit) -> Result<Answer, Failure> {
        if !self.writes {
            return Err(read_only(&self.origin));
        }
        let _alone = self
            .recording
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut appender = open_appender(&self.context, &self.dir, &self.origin, false)?;
        let receipt = record(&mut appender, asked.commit.trim_ascii_end().as_bytes())?;
        let question = witnesses::question(&self.dir, &appender);
        close(&self.context, appender);
        store_receipt(&self.context, &receipt);
        witnesses::ask_after(&self.context, &self.dir, &self.origin, question);
        let events: Vec<String> = receipt.events.iter().map(ToString::to_string).collect();
        let told = json!({
            "index": receipt.index,
            "commit": receipt.commit.to_string(),
            "events": events,
            "recorded_before": receipt.is_repeated,
            "proof": receipt.proof,
            "receipt_base64": Base64::encode_string(&receipt_bytes(&receipt)),
        });
        let seen = self.seen(Some(format!("@{}", receipt.index)), None, None)?;
        let says = json!({ "events": newest(&seen.state, events.len()) });
        Ok(answer("grounds.receipt/1", &seen, says)?.with("recorded", told))
    }

    /// The claims, by slug: what resources there are.
    pub(super) fn claims(&self) -> Result<Vec<Slug>, Failure> {
        let ledger = self.ledger()?;
        let state = ledger.state();
        let claims = state.claims().map(|(slug, _)| slug.clone());
        Ok(claims
            .filter(|slug| state.exists(&Subject::claim(slug.clone())))
            .collect())
    }

    /// A subject's page, by its whole name.
    pub(super) fn page(&self, subject: &Subject) -> Result<Answer, Failure> {
        shown(&self.seen(None, None, None)?, subject, false)
    }
}

/// A subject's page; a claim's computation only where it is asked for.
fn shown(seen: &Seen, subject: &Subject, has_trace: bool) -> Result<Answer, Failure> {
    let mut page = page_of(seen, subject)?.ok_or_else(|| seen.absent(subject))?;
    page["subject_kind"] = subject.kind().word().into();
    if let Some(members) = page.as_object_mut().filter(|_| !has_trace) {
        members.remove("trace");
    }
    answer("grounds.show/1", seen, page)
}

fn page_of(seen: &Seen, subject: &Subject) -> Result<Option<Value>, Failure> {
    let (state, filter, model) = (&seen.state, &seen.filter, seen.model);
    let Some(slug) = subject.slug() else {
        return in_json(ledger_page(state));
    };
    match subject.kind() {
        Kind::Claim => in_json(claim_page(state, slug, model, filter)),
        Kind::Artifact => in_json(artifact_page(state, slug, filter)),
        Kind::Agent => in_json(agent_page(state, slug)),
        Kind::Context => in_json(context_page(state, slug, filter)),
        Kind::View => in_json(view_page(state, slug, model, filter)),
        Kind::Ledger => Ok(None),
    }
}

fn in_json<T: Serialize>(page: Option<T>) -> Result<Option<Value>, Failure> {
    page.as_ref().map(value).transpose()
}

fn answer(schema: &'static str, seen: &Seen, answer: impl Serialize) -> Result<Answer, Failure> {
    let head: &page::Head = &seen.head;
    let whole = page::Answer {
        schema,
        head,
        answer,
    };
    Ok(Answer::of(value(&whole)?))
}

/// Which claims are asked for, and in which order.
fn wanted(asked: &tools::Search) -> Result<Wanted, Failure> {
    let order = asked.sort.as_deref().map(order_named).transpose()?;
    let (order, reverse) = order.unwrap_or_default();
    let status = asked.status.iter().map(|word| status_named(word));
    Ok(Wanted {
        status: status.collect::<Result<_, _>>()?,
        domain: asked.domain.clone(),
        view: asked.view.as_deref().map(view_named).transpose()?,
        search: asked.query.clone(),
        order,
        reverse,
    })
}

fn value(answer: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(answer).map_err(|error| Failure::new(Exit::Io, "io", error.to_string()))
}

fn rows(limit: Option<usize>) -> Result<usize, Failure> {
    match limit.unwrap_or(ROWS) {
        limit @ 1..=MAX_ROWS => Ok(limit),
        other => Err(Failure::usage(format!(
            "limit: found {other}, expected 1 to {MAX_ROWS}"
        ))),
    }
}

fn address(text: &str) -> Result<Address, Failure> {
    match text.parse()? {
        AsOf::Entry(entry) => Ok(Address { entry, position: 0 }),
        AsOf::Event(address) => Ok(address),
        AsOf::Id(_) | AsOf::Moment(_) => Err(Failure::usage(format!(
            "before: found {}, expected an address such as @41 or @41.1",
            grounds::value::excerpt(text)
        ))),
    }
}

fn second(text: &str) -> Result<Time, Failure> {
    Ok(Time::parse_seconds(text)?)
}

fn act((place, event): (usize, tools::Happening)) -> Result<Act, Failure> {
    let mut item = json!({
        "subject": event.subject,
        "type": event.r#type,
        "data": event.data,
    });
    if let Some(effective) = event.effective {
        item["effective"] = effective.into();
    }
    let read = acts::convert(item).map_err(Failure::usage);
    read.and_then(|item| one(&item)).map_err(|failure| Failure {
        message: format!("event {place}: {}", failure.message),
        ..failure
    })
}

/// A key with which an agent may sign now.
fn key_of(state: &State, author: &Slug) -> Result<KeyId, Failure> {
    let keys = state.agent(author).map(|agent| agent.keys.as_slice());
    let mut keys = keys.unwrap_or_default().iter().map(|key| key.id);
    let key = keys.find(|key| state.valid_key(key).is_some());
    key.ok_or_else(|| {
        let message = format!("found no valid key of agent/{author}, expected one to sign with");
        Failure::new(Exit::No, "signature", message)
    })
}

/// The signatures that a commit lacks beside the author's, in words; none where his alone is enough.
///
/// Any other rule that it would break is an error: nobody need sign what cannot be recorded. So is
/// one that asks for the author's signature alone, by a role that he has not.
fn missing(verdict: Result<(), Rejection>) -> Result<Option<String>, Failure> {
    match verdict {
        Ok(()) => Ok(None),
        Err(Rejection { code, expected, .. })
            if code == Code::Role && !expected.starts_with("1 signature ") =>
        {
            Ok(Some(expected))
        }
        Err(rejection) => Err(rejection.into()),
    }
}

/// The newest events of a state, in words.
fn newest(state: &State, count: usize) -> Vec<TimelineRow> {
    timeline(state, &Asked::default()).take(count).collect()
}

/// What is to be signed and by which key, and the body that is submitted once its `sig` is filled in:
/// as the server's `/api/v1/prepare` has it.
fn prepared(commit: &Commit<'_>, key: &KeyId, missing: Option<String>) -> Value {
    let text = String::from_utf8_lossy(&commit.bytes);
    json!({
        "id": commit.id().to_string(),
        "author": commit.author,
        "commit": {
            "text": text,
            "base64": Base64::encode_string(&commit.bytes),
        },
        "sign": {
            "keys": [key],
            "payload_type": TYPE,
            "bytes_base64": Base64::encode_string(&commit.message()),
        },
        "submit": format!(r#"{{"commit":{text},"signatures":[{{"key":"{key}","sig":""}}]}}"#),
        "also_needs": missing,
    })
}

fn record(appender: &mut Appender, bytes: &[u8]) -> Result<Receipt, Failure> {
    match appender.stage(bytes)? {
        Staged::Known(index) => Ok(appender.receipt_of(index)?),
        Staged::New(_) => {
            let receipts = appender.flush().map_err(|error| {
                unknown(error).hint(
                    "submit the same commit again once the cause is gone: it is recorded once",
                )
            })?;
            let receipt = receipts.into_iter().next();
            receipt.ok_or_else(|| {
                Failure::new(Exit::Io, "io", "found no receipt of what was recorded")
            })
        }
    }
}

fn read_only(origin: &Origin) -> Failure {
    Failure::new(
        Exit::CannotTell,
        "read_only",
        format!("{origin} can only be read here, expected its log key and no --read-only"),
    )
    .hint("grounds submit FILE records the signed commit where the log key is")
}
