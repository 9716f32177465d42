//! `grounds claim …`: what is claimed, its status, scope and links.

use clap::{Args, Subcommand};
use grounds::claim::{
    ClaimOrigin, Falsifiability, Lifecycle, LinkRelation, Nature, Polarity, Standing, State,
};
use grounds::json::Json;
use grounds::value::{Date, Kind, Ratio, Slug, Subject};

use crate::acts::{self, Body};
use crate::context::Context;
use crate::desk::{Desk, Signing};
use crate::error::{Exit, Failure};
use crate::names;

/// Assert, revise, scope and link claims, and set their status
#[derive(Debug, Args)]
pub(crate) struct Claim {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Assert a claim
    Add(Add),
    /// Make the next version of a claim
    Revise(Revise),
    /// Change a claim's lifecycle or standing
    Status(StatusOf),
    /// Say in which context a claim holds or fails
    Scope(Scope),
    /// Take a scope back
    Unscope(Unscope),
    /// Link a claim to another
    Link(Link),
    /// Take a link back
    Unlink(Unlink),
}

impl Claim {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::Add(command) => command.run(context),
            Verb::Revise(command) => command.run(context),
            Verb::Status(command) => command.run(context),
            Verb::Scope(command) => command.run(context),
            Verb::Unscope(command) => command.run(context),
            Verb::Link(command) => command.run(context),
            Verb::Unlink(command) => command.run(context),
        }
    }
}

/// The fields of a claim that a version can change.
#[derive(Debug, Args)]
struct Wording {
    /// A paragraph that says it in full
    #[arg(long, value_name = "TEXT")]
    summary: Option<String>,
    /// Longer text
    #[arg(long, value_name = "TEXT")]
    detail: Option<String>,
    /// What kind of claim it is
    #[arg(long, value_parser = names::word(Nature::ALL))]
    nature: Option<Nature>,
    /// Whether it says that something is, or is not
    #[arg(long, value_parser = names::word(Polarity::ALL))]
    polarity: Option<Polarity>,
    /// Whether an observation could show it to be wrong
    #[arg(long, value_parser = names::word(Falsifiability::ALL))]
    falsifiability: Option<Falsifiability>,
    /// Where it comes from
    #[arg(long, value_parser = names::word(ClaimOrigin::ALL))]
    origin_kind: Option<ClaimOrigin>,
    /// A domain and its weight, 1 where none is given; may be repeated
    #[arg(long, value_name = "NAME[=WEIGHT]", value_parser = domain)]
    domain: Vec<(String, Ratio)>,
}

impl Wording {
    fn domains(&self) -> Option<Json<'static>> {
        let mut domains = self.domain.clone();
        domains.sort();
        domains.dedup_by(|left, right| left.0 == right.0);
        let item = |(name, weight)| {
            Body::new()
                .with("name", name)
                .with("weight", weight)
                .value()
        };
        (!domains.is_empty()).then(|| Json::Arr(domains.into_iter().map(item).collect()))
    }
}

fn domain(text: &str) -> Result<(String, Ratio), String> {
    match text.rsplit_once('=') {
        Some((name, weight)) => Ok((name.to_owned(), names::ratio(weight)?)),
        None => Ok((text.to_owned(), names::ratio("1")?)),
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds claim add 'Individual neurons rarely encode single concepts' --domain 'Mechanistic Interpretability'"
)]
struct Add {
    /// The statement, one line [default: $EDITOR opens]
    text: Option<String>,
    #[command(flatten)]
    wording: Wording,
    /// Its name in the ledger [default: made of the statement's words]
    #[arg(long, value_parser = names::plain::<Slug>)]
    slug: Option<Slug>,
    /// Since when it is held: YYYY, YYYY-MM or YYYY-MM-DD
    #[arg(long, value_name = "DATE", value_parser = names::plain::<Date>)]
    effective: Option<Date>,
    #[command(flatten)]
    signing: Signing,
}

impl Add {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let statement = acts::text(self.text.as_deref(), "statement")?;
        let slug = match &self.slug {
            Some(slug) => slug.clone(),
            None => names::slug_from(&statement).ok_or_else(|| {
                Failure::usage("found no words to make a name of").hint("give one with --slug")
            })?,
        };
        let desk = Desk::open(context, &self.signing)?;
        is_free(desk.state(), &Subject::claim(slug.clone()))?;
        let general = || {
            Body::new()
                .with("name", "General")
                .with("weight", "1")
                .value()
        };
        let wording = &self.wording;
        let nature = wording.nature.unwrap_or(Nature::Empirical);
        let polarity = wording.polarity.unwrap_or(Polarity::Positive);
        let falsifiability = wording
            .falsifiability
            .unwrap_or(Falsifiability::Falsifiable);
        let origin = wording.origin_kind.unwrap_or(ClaimOrigin::Authored);
        let domain = if wording.domain.is_empty() {
            " · domain General"
        } else {
            ""
        };
        context.say(&format!(
            "asserting claim/{slug}: {nature} · {polarity} · {falsifiability} · {origin}{domain}"
        ));
        let act = Body::new()
            .with("statement", &statement)
            .with("summary", wording.summary.as_ref().unwrap_or(&statement))
            .maybe("detail", wording.detail.as_ref())
            .with("nature", nature)
            .with("polarity", polarity)
            .with("falsifiability", falsifiability)
            .with("origin", origin)
            .json(
                "domains",
                wording
                    .domains()
                    .unwrap_or_else(|| Json::Arr(vec![general()])),
            )
            .act(Subject::claim(slug), "claim.asserted", self.effective)?;
        desk.record(&[act])
    }
}

/// Refuses a name that is taken, with the way on.
pub(crate) fn is_free(state: &State, subject: &Subject) -> Result<(), Failure> {
    if !state.is_taken(subject) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::No,
        "exists",
        format!("found {subject} already, expected a new name"),
    )
    .hint("--slug NAME chooses another"))
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds claim revise neurons --statement 'Individual neurons in small models rarely encode single concepts' -m 'Narrowed to small models'"
)]
struct Revise {
    /// The claim
    claim: String,
    /// The new statement
    #[arg(long, value_name = "TEXT")]
    statement: Option<String>,
    #[command(flatten)]
    wording: Wording,
    /// Why
    #[arg(short = 'm', long = "reason", value_name = "TEXT")]
    reason: Option<String>,
    /// Since when
    #[arg(long, value_name = "DATE", value_parser = names::plain::<Date>)]
    effective: Option<Date>,
    #[command(flatten)]
    signing: Signing,
}

impl Revise {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let claim = desk.claim(&self.claim)?;
        let wording = &self.wording;
        let act = Body::new()
            .maybe("statement", self.statement.as_ref())
            .maybe("summary", wording.summary.as_ref())
            .maybe("detail", wording.detail.as_ref())
            .maybe("nature", wording.nature)
            .maybe("polarity", wording.polarity)
            .maybe("falsifiability", wording.falsifiability)
            .maybe("origin", wording.origin_kind)
            .maybe_json("domains", wording.domains())
            .with("reason", acts::text(self.reason.as_deref(), "reason")?)
            .act(Subject::claim(claim), "claim.revised", self.effective)?;
        desk.record(&[act])
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds claim status neurons --lifecycle active --standing tested -m 'Two studies support it'"
)]
struct StatusOf {
    /// The claim
    claim: String,
    /// Where it stands in its life
    #[arg(long, value_parser = names::word(Lifecycle::ALL))]
    lifecycle: Option<Lifecycle>,
    /// How well it stands
    #[arg(long, value_parser = names::word(Standing::ALL))]
    standing: Option<Standing>,
    /// The claim that takes its place, with superseded and merged
    #[arg(long, value_name = "CLAIM")]
    by: Option<String>,
    /// Why
    #[arg(short = 'm', long = "note", value_name = "TEXT")]
    note: Option<String>,
    /// Since when
    #[arg(long, value_name = "DATE", value_parser = names::plain::<Date>)]
    effective: Option<Date>,
    #[command(flatten)]
    signing: Signing,
}

impl StatusOf {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        if self.lifecycle.is_none() && self.standing.is_none() {
            return Err(Failure::usage(
                "found no change, expected --lifecycle, --standing, or both",
            ));
        }
        let desk = Desk::open(context, &self.signing)?;
        let claim = desk.claim(&self.claim)?;
        let by = self.by.as_deref().map(|by| desk.claim(by)).transpose()?;
        let act = Body::new()
            .maybe("lifecycle", self.lifecycle)
            .maybe("standing", self.standing)
            .with("note", acts::text(self.note.as_deref(), "note")?)
            .maybe("by", by.map(Subject::claim))
            .act(
                Subject::claim(claim),
                "claim.status_changed",
                self.effective,
            )?;
        desk.record(&[act])
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds claim scope neurons --holds-in small-toy-models --breadth 0.45"
)]
struct Scope {
    /// The claim
    claim: String,
    /// The context in which it holds
    #[arg(
        long,
        value_name = "CONTEXT",
        required_unless_present = "fails_in",
        conflicts_with = "fails_in"
    )]
    holds_in: Option<String>,
    /// The context in which it fails
    #[arg(long, value_name = "CONTEXT")]
    fails_in: Option<String>,
    /// How much of the claim's reach the context is, 0 to 1
    #[arg(long, value_parser = names::ratio)]
    breadth: Ratio,
    /// A note
    #[arg(short = 'm', long = "note", value_name = "TEXT")]
    note: Option<String>,
    /// Since when
    #[arg(long, value_name = "DATE", value_parser = names::plain::<Date>)]
    effective: Option<Date>,
    #[command(flatten)]
    signing: Signing,
}

impl Scope {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let claim = desk.claim(&self.claim)?;
        let (relation, named) = match (&self.holds_in, &self.fails_in) {
            (Some(named), _) => ("holds_in", named),
            (None, Some(named)) => ("fails_in", named),
            (None, None) => return Err(Failure::usage("expected --holds-in or --fails-in")),
        };
        let place = names::slug_of(desk.state(), Kind::Context, named)?;
        let act = Body::new()
            .with("relation", relation)
            .with("context", Subject::Entity(Kind::Context, place))
            .with("breadth", self.breadth)
            .maybe("note", self.note.as_ref())
            .act(Subject::claim(claim), "claim.scoped", self.effective)?;
        desk.record(&[act])
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds claim unscope neurons small-toy-models -m 'The study covered larger models too'"
)]
struct Unscope {
    /// The claim
    claim: String,
    /// The context
    place: String,
    /// Why
    #[arg(short = 'm', long = "reason", value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    signing: Signing,
}

impl Unscope {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let claim = desk.claim(&self.claim)?;
        let place = names::slug_of(desk.state(), Kind::Context, &self.place)?;
        let scopes: Vec<u64> = desk
            .state()
            .claim(&claim)
            .into_iter()
            .flat_map(|claim| claim.live_scopes())
            .filter(|(_, scope)| scope.context.0 == place)
            .map(|(made, _)| made.seq)
            .collect();
        let seq = only(
            &scopes,
            &format!("live scope of claim/{claim} in context/{place}"),
        )?;
        let act = Body::new()
            .number("ref", seq)
            .with("reason", acts::text(self.reason.as_deref(), "reason")?)
            .act(Subject::claim(claim), "claim.unscoped", None)?;
        desk.record(&[act])
    }
}

/// The one seq that fits.
pub(crate) fn only(seqs: &[u64], what: &str) -> Result<u64, Failure> {
    match seqs {
        [one] => Ok(*one),
        [] => Err(Failure::not_found(format!("found no {what}"))),
        several => {
            let listed: Vec<String> = several.iter().map(|seq| format!("seq {seq}")).collect();
            Err(
                Failure::usage(format!("found more than one {what}: {}", listed.join(", ")))
                    .hint("grounds log shows them; grounds undo EVENT takes back the one you mean"),
            )
        }
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds claim link neurons depends_on superposition --strength 0.6"
)]
struct Link {
    /// The claim
    claim: String,
    /// How it stands to the other
    #[arg(value_parser = names::word(LinkRelation::ALL))]
    relation: LinkRelation,
    /// The other claim
    target: String,
    /// How strongly, 0 to 1
    #[arg(long, value_parser = names::ratio)]
    strength: Option<Ratio>,
    /// A note
    #[arg(short = 'm', long = "note", value_name = "TEXT")]
    note: Option<String>,
    /// Since when
    #[arg(long, value_name = "DATE", value_parser = names::plain::<Date>)]
    effective: Option<Date>,
    #[command(flatten)]
    signing: Signing,
}

impl Link {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let claim = desk.claim(&self.claim)?;
        let target = desk.claim(&self.target)?;
        let act = Body::new()
            .with("relation", self.relation)
            .with("target", Subject::claim(target))
            .maybe("strength", self.strength)
            .maybe("note", self.note.as_ref())
            .act(Subject::claim(claim), "claim.linked", self.effective)?;
        desk.record(&[act])
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds claim unlink neurons superposition -m 'The two turned out to be independent'"
)]
struct Unlink {
    /// The claim
    claim: String,
    /// The other claim
    target: String,
    /// Why
    #[arg(short = 'm', long = "reason", value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    signing: Signing,
}

impl Unlink {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let claim = desk.claim(&self.claim)?;
        let target = desk.claim(&self.target)?;
        let links: Vec<u64> = desk
            .state()
            .claim(&claim)
            .into_iter()
            .flat_map(|claim| claim.live_links())
            .filter(|(_, link)| link.target.0 == target)
            .map(|(made, _)| made.seq)
            .collect();
        let seq = only(
            &links,
            &format!("live link of claim/{claim} to claim/{target}"),
        )?;
        let act = Body::new()
            .number("ref", seq)
            .with("reason", acts::text(self.reason.as_deref(), "reason")?)
            .act(Subject::claim(claim), "claim.unlinked", None)?;
        desk.record(&[act])
    }
}
