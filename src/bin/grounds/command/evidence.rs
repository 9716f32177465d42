//! `grounds evidence …`: what supports or disputes a claim.

use clap::{Args, Subcommand};
use grounds::claim::{Act, ArtifactKind, State};
use grounds::json::Json;
use grounds::value::{Date, Doi, Kind, Ratio, Slug, Subject, Url};

use crate::acts::{self, Body};
use crate::context::Context;
use crate::desk::{Desk, Signing};
use crate::error::{Exit, Failure};
use crate::names;

/// Cite evidence for or against a claim, revise it, withdraw it
#[derive(Debug, Args)]
pub(crate) struct Evidence {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Cite an artifact for or against a claim, registering it where it is new
    Add(Box<Add>),
    /// Change an edge's strength, passages, note or replication
    Revise(Revise),
    /// Withdraw an edge
    Withdraw(Withdraw),
}

impl Evidence {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::Add(command) => command.run(context),
            Verb::Revise(command) => command.run(context),
            Verb::Withdraw(command) => command.run(context),
        }
    }
}

/// Which passages, and how strongly.
#[derive(Debug, Args)]
struct Weighing {
    /// How strongly it bears on the claim, 0 to 1
    #[arg(long, value_parser = names::ratio)]
    strength: Option<Ratio>,
    /// A passage and the confidence in it; may be repeated
    #[arg(long, value_name = "LABEL[=CONFIDENCE]")]
    passage: Vec<String>,
    /// The words of the passage before it (the first --quote is the first passage's)
    #[arg(long, value_name = "TEXT", requires = "passage")]
    quote: Vec<String>,
    /// The page of the passage before it
    #[arg(long, value_name = "PAGE", requires = "passage")]
    page: Vec<String>,
    /// How well this finding replicated, 0 to 1
    #[arg(long, value_parser = names::ratio)]
    replication: Option<Ratio>,
}

impl Weighing {
    fn passages(&self) -> Result<Option<Json<'static>>, Failure> {
        let mut items = Vec::new();
        for (place, passage) in self.passage.iter().enumerate() {
            let (label, confidence) = match passage.rsplit_once('=') {
                Some((label, confidence)) => match names::ratio(confidence) {
                    Ok(ratio) => (label, Some(ratio)),
                    Err(why) => return Err(Failure::usage(format!("--passage: {why}"))),
                },
                None => (passage.as_str(), None),
            };
            let item = Body::new()
                .with("label", label)
                .maybe("confidence", confidence)
                .maybe("quote", self.quote.get(place))
                .maybe("page", self.page.get(place));
            items.push(item.value());
        }
        Ok((!items.is_empty()).then_some(Json::Arr(items)))
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  grounds evidence add neurons --supports --doi 10.48550/arXiv.2209.10652 --title 'Toy Models of Superposition' --strength 0.84 -m 'Polysemanticity is the default'\n  grounds evidence add neurons --disputes --artifact scaling --passage 'Scale-dependent monosemanticity=0.78' -m 'Larger models differ'"
)]
struct Add {
    /// The claim
    claim: String,
    /// It supports the claim
    #[arg(
        long,
        required_unless_present = "disputes",
        conflicts_with = "disputes"
    )]
    supports: bool,
    /// It disputes the claim
    #[arg(long)]
    disputes: bool,
    /// An artifact of this ledger
    #[arg(long, value_name = "ARTIFACT", required_unless_present_any = ["doi", "url"])]
    artifact: Option<String>,
    /// The DOI of a paper, registered in the same commit where it is new
    #[arg(long, value_parser = names::doi, conflicts_with = "artifact")]
    doi: Option<Doi>,
    /// The address of a page or paper, registered in the same commit where it is new
    #[arg(long, value_parser = Url::parse, conflicts_with = "artifact")]
    url: Option<Url>,
    /// Its title, where it is new
    #[arg(long, value_name = "TEXT", conflicts_with = "artifact")]
    title: Option<String>,
    /// Its short name, where it is new: 'Elhage et al., 2022'
    #[arg(long, value_name = "TEXT", conflicts_with = "artifact")]
    label: Option<String>,
    /// Its year, where it is new
    #[arg(long, value_name = "YEAR", conflicts_with = "artifact")]
    year: Option<u64>,
    /// What it is, where it is new [default: paper, or webpage where there is no DOI]
    #[arg(long, value_parser = names::word(ArtifactKind::ALL), conflicts_with = "artifact")]
    kind: Option<ArtifactKind>,
    /// Whose it is, where it is new: evidence of one community counts less often
    #[arg(long, value_name = "SLUG", value_parser = names::plain::<Slug>, conflicts_with = "artifact")]
    community: Option<Slug>,
    #[command(flatten)]
    weighing: Weighing,
    /// The artifact whose finding this one replicates
    #[arg(long, value_name = "ARTIFACT")]
    replicates: Option<String>,
    /// What it shows
    #[arg(short = 'm', long = "note", value_name = "TEXT")]
    note: Option<String>,
    /// Since when, for example its day of publication
    #[arg(long, value_name = "DATE", value_parser = names::plain::<Date>)]
    effective: Option<Date>,
    #[command(flatten)]
    signing: Signing,
}

impl Add {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let claim = desk.claim(&self.claim)?;
        let (artifact, registered) = self.cited(desk.state())?;
        if let (true, Some(title)) = (registered.is_none(), &self.title) {
            context.say(&format!(
                "note: artifact/{artifact} is registered already; the title {} was not needed",
                grounds::value::excerpt(title)
            ));
        }
        let replicates = self
            .replicates
            .as_deref()
            .map(|text| names::slug_of(desk.state(), Kind::Artifact, text))
            .transpose()?;
        let of_artifact = |slug| Subject::Entity(Kind::Artifact, slug);
        let cited = Body::new()
            .with(
                "relation",
                if self.supports {
                    "supports"
                } else {
                    "disputes"
                },
            )
            .with("artifact", of_artifact(artifact))
            .maybe("strength", self.weighing.strength)
            .maybe_json("passages", self.weighing.passages()?)
            .with("note", acts::text(self.note.as_deref(), "note")?)
            .maybe("replicates", replicates.map(of_artifact))
            .maybe("replication", self.weighing.replication)
            .act(Subject::claim(claim), "evidence.added", self.effective)?;
        let acts: Vec<Act> = registered.into_iter().chain([cited]).collect();
        desk.record(&acts)
    }

    /// The artifact that is meant, and its registration where it is new.
    fn cited(&self, state: &State) -> Result<(Slug, Option<Act>), Failure> {
        if let Some(text) = &self.artifact {
            return Ok((names::slug_of(state, Kind::Artifact, text)?, None));
        }
        if let Some(known) = self.known(state) {
            return Ok((known, None));
        }
        let named = self
            .doi
            .as_ref()
            .map(ToString::to_string)
            .or_else(|| self.url.as_ref().map(ToString::to_string))
            .unwrap_or_default();
        let title = self.title.as_ref().ok_or_else(|| {
            Failure::usage(format!(
                "{named} is new in this ledger, expected its --title"
            ))
        })?;
        let slug = free_artifact_slug(state, title)?;
        let kind = self.kind.unwrap_or(if self.doi.is_some() {
            ArtifactKind::Paper
        } else {
            ArtifactKind::Webpage
        });
        let mut body = Body::new()
            .with("title", title)
            .with("kind", kind)
            .maybe("label", self.label.as_ref())
            .maybe("doi", self.doi.as_ref())
            .maybe("url", self.url.as_ref())
            .maybe("community", self.community.as_ref());
        if let Some(year) = self.year {
            body = body.number("year", year);
        }
        let act = body.act(
            Subject::Entity(Kind::Artifact, slug.clone()),
            "artifact.registered",
            self.effective,
        )?;
        Ok((slug, Some(act)))
    }

    fn known(&self, state: &State) -> Option<Slug> {
        if let Some(doi) = &self.doi {
            return state.artifact_of_doi(doi).cloned();
        }
        let url = self.url.as_ref()?;
        let has_url = |artifact: &grounds::claim::Artifact| {
            artifact.registration().and_then(|data| data.url.as_ref()) == Some(url)
        };
        state
            .artifacts()
            .find(|(_, artifact)| has_url(artifact))
            .map(|(slug, _)| slug.clone())
    }
}

/// A slug made of a title, with a number after it where others have it.
pub(crate) fn free_artifact_slug(state: &State, title: &str) -> Result<Slug, Failure> {
    let no_words = || {
        Failure::usage("found no words in the title to make a name of").hint("give one with --slug")
    };
    let first = names::slug_from(title).ok_or_else(no_words)?;
    let short: String = first.as_str().chars().take(90).collect();
    let numbered = (2..10_000).filter_map(|number| {
        format!("{}-{number}", short.trim_end_matches('-'))
            .parse()
            .ok()
    });
    std::iter::once(first.clone())
        .chain(numbered)
        .find(|slug: &Slug| !state.is_taken(&Subject::Entity(Kind::Artifact, slug.clone())))
        .ok_or_else(no_words)
}

/// The live edge of a claim that is meant: an artifact's, or `seq N`.
fn edge_of(desk: &Desk<'_>, claim: &Slug, text: &str) -> Result<u64, Failure> {
    let edges: Vec<_> = desk
        .state()
        .claim(claim)
        .into_iter()
        .flat_map(|claim| claim.live_evidence())
        .collect();
    if let Ok(seq) = text.parse::<u64>() {
        return match edges.iter().any(|edge| edge.added.seq == seq) {
            true => Ok(seq),
            false => Err(Failure::not_found(format!(
                "found no live evidence at seq {seq} of claim/{claim}"
            ))),
        };
    }
    let artifact = names::slug_of(desk.state(), Kind::Artifact, text)?;
    let seqs: Vec<u64> = edges
        .iter()
        .filter(|edge| edge.artifact.0 == artifact)
        .map(|edge| edge.added.seq)
        .collect();
    match seqs.as_slice() {
        [seq] => Ok(*seq),
        [] => Err(Failure::not_found(format!(
            "found no live evidence of claim/{claim} from artifact/{artifact}"
        ))
        .hint(format!("grounds show claim/{claim} lists the evidence"))),
        several => Err(Failure::usage(format!(
            "found {} live edges of claim/{claim} to artifact/{artifact}: seq {}",
            several.len(),
            several
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        ))
        .hint("give the seq instead of the artifact")),
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds evidence revise neurons toy-models --strength 0.7 -m 'Overstated at first'"
)]
struct Revise {
    /// The claim
    claim: String,
    /// The artifact, or the seq of the edge
    edge: String,
    #[command(flatten)]
    weighing: Weighing,
    /// What it shows
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Why
    #[arg(short = 'm', long = "reason", value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    signing: Signing,
}

impl Revise {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let claim = desk.claim(&self.claim)?;
        let act = Body::new()
            .number("ref", edge_of(&desk, &claim, &self.edge)?)
            .maybe("strength", self.weighing.strength)
            .maybe_json("passages", self.weighing.passages()?)
            .maybe("note", self.note.as_ref())
            .maybe("replication", self.weighing.replication)
            .with("reason", acts::text(self.reason.as_deref(), "reason")?)
            .act(Subject::claim(claim), "evidence.revised", None)?;
        desk.record(&[act])
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds evidence withdraw neurons toy-models -m 'It does not speak of neurons'"
)]
struct Withdraw {
    /// The claim
    claim: String,
    /// The artifact, or the seq of the edge
    edge: String,
    /// Why
    #[arg(short = 'm', long = "reason", value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    signing: Signing,
}

impl Withdraw {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let claim = desk.claim(&self.claim)?;
        let act = Body::new()
            .number("ref", edge_of(&desk, &claim, &self.edge)?)
            .with("reason", acts::text(self.reason.as_deref(), "reason")?)
            .act(Subject::claim(claim), "evidence.withdrawn", None)?;
        desk.record(&[act])
    }
}
