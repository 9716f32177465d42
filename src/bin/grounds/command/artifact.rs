//! `grounds artifact …`: what evidence points to.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use grounds::claim::{ArtifactKind, ArtifactStanding};
use grounds::hash::Hash;
use grounds::json::Json;
use grounds::value::{Date, Doi, Kind, Ratio, Slug, Subject, Url};

use super::claim::is_free;
use super::evidence::free_artifact_slug;
use crate::acts::{self, Body};
use crate::context::Context;
use crate::desk::{Desk, Signing};
use crate::error::{Exit, Failure};
use crate::names;

/// Register artifacts, appraise them, change their standing
#[derive(Debug, Args)]
pub(crate) struct Artifact {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Register a paper, data set, code, report, talk or web page
    Add(Box<Add>),
    /// Say how credible, well made and replicated it is
    Appraise(Appraise),
    /// Say that it was corrected, retracted, …
    Standing(StandingOf),
}

impl Artifact {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::Add(command) => command.run(context),
            Verb::Appraise(command) => command.run(context),
            Verb::Standing(command) => command.run(context),
        }
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds artifact add 'Toy Models of Superposition' --doi 10.48550/arXiv.2209.10652 \\\n      --label 'Elhage et al., 2022' --year 2022"
)]
struct Add {
    /// Its title
    title: String,
    /// What it is
    #[arg(long, value_parser = names::word(ArtifactKind::ALL), default_value = "paper")]
    kind: ArtifactKind,
    /// A short name
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// An author; may be repeated
    #[arg(long, value_name = "NAME")]
    author: Vec<String>,
    /// Its year
    #[arg(long)]
    year: Option<u64>,
    /// Its DOI
    #[arg(long, value_parser = names::doi)]
    doi: Option<Doi>,
    /// Its address
    #[arg(long, value_parser = Url::parse)]
    url: Option<Url>,
    /// Whose it is
    #[arg(long, value_name = "SLUG", value_parser = names::plain::<Slug>)]
    community: Option<Slug>,
    /// The digest of its bytes
    #[arg(long, value_name = "HEX", conflicts_with = "file")]
    sha256: Option<Hash>,
    /// A file whose SHA-256 is taken; the file itself is not kept
    #[arg(long)]
    file: Option<PathBuf>,
    /// Its name in the ledger [default: made of the title's words]
    #[arg(long, value_parser = names::plain::<Slug>)]
    slug: Option<Slug>,
    /// Since when, for example its day of publication
    #[arg(long, value_name = "DATE", value_parser = names::plain::<Date>)]
    effective: Option<Date>,
    #[command(flatten)]
    signing: Signing,
}

impl Add {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let slug = match &self.slug {
            Some(slug) => slug.clone(),
            None => free_artifact_slug(desk.state(), &self.title)?,
        };
        let subject = Subject::Entity(Kind::Artifact, slug);
        is_free(desk.state(), &subject)?;
        let digest = match &self.file {
            Some(path) => Some(
                std::fs::File::open(path)
                    .and_then(Hash::of_all)
                    .map_err(|error| Failure::io(path, &error))?,
            ),
            None => self.sha256,
        };
        let authors = (!self.author.is_empty()).then(|| {
            Json::Arr(
                self.author
                    .iter()
                    .map(|name| Json::string(name.clone()))
                    .collect(),
            )
        });
        let mut body = Body::new()
            .with("title", &self.title)
            .with("kind", self.kind)
            .maybe("label", self.label.as_ref())
            .maybe_json("authors", authors)
            .maybe("doi", self.doi.as_ref())
            .maybe("url", self.url.as_ref())
            .maybe("community", self.community.as_ref())
            .maybe("sha256", digest);
        if let Some(year) = self.year {
            body = body.number("year", year);
        }
        desk.record(&[body.act(subject, "artifact.registered", self.effective)?])
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds artifact appraise toy-models --credibility 0.85 --methodology 0.7 \\\n      -m 'Clean toy setting'"
)]
struct Appraise {
    /// The artifact
    artifact: String,
    /// How far its source can be believed, 0 to 1
    #[arg(long, value_parser = names::ratio)]
    credibility: Option<Ratio>,
    /// How well it was made, 0 to 1
    #[arg(long, value_parser = names::ratio)]
    methodology: Option<Ratio>,
    /// How well its findings replicated, 0 to 1
    #[arg(long, value_parser = names::ratio)]
    replication: Option<Ratio>,
    /// Why
    #[arg(short = 'm', long = "rationale", value_name = "TEXT")]
    rationale: Option<String>,
    /// Since when
    #[arg(long, value_name = "DATE", value_parser = names::plain::<Date>)]
    effective: Option<Date>,
    #[command(flatten)]
    signing: Signing,
}

impl Appraise {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let slug = names::slug_of(desk.state(), Kind::Artifact, &self.artifact)?;
        let act = Body::new()
            .maybe("credibility", self.credibility)
            .maybe("methodology", self.methodology)
            .maybe("replication", self.replication)
            .maybe("rationale", self.rationale.as_ref())
            .act(
                Subject::Entity(Kind::Artifact, slug),
                "artifact.appraised",
                self.effective,
            )?;
        desk.record(&[act])
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds artifact standing toy-models retracted \\\n      --notice https://retractionwatch.com/… -m 'Data were fabricated'"
)]
struct StandingOf {
    /// The artifact
    artifact: String,
    /// Its standing now
    #[arg(value_parser = names::word(ArtifactStanding::ALL))]
    standing: ArtifactStanding,
    /// The address of the notice
    #[arg(long, value_name = "URL", value_parser = Url::parse)]
    notice: Option<Url>,
    /// The artifact that takes its place
    #[arg(long, value_name = "ARTIFACT")]
    by: Option<String>,
    /// Why
    #[arg(short = 'm', long = "reason", value_name = "TEXT")]
    reason: Option<String>,
    /// Since when
    #[arg(long, value_name = "DATE", value_parser = names::plain::<Date>)]
    effective: Option<Date>,
    #[command(flatten)]
    signing: Signing,
}

impl StandingOf {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let desk = Desk::open(context, &self.signing)?;
        let slug = names::slug_of(desk.state(), Kind::Artifact, &self.artifact)?;
        let by = self
            .by
            .as_deref()
            .map(|text| names::slug_of(desk.state(), Kind::Artifact, text))
            .transpose()?;
        let act = Body::new()
            .with("standing", self.standing)
            .maybe("notice", self.notice.as_ref())
            .with("reason", acts::text(self.reason.as_deref(), "reason")?)
            .maybe("by", by.map(|slug| Subject::Entity(Kind::Artifact, slug)))
            .act(
                Subject::Entity(Kind::Artifact, slug),
                "artifact.standing_changed",
                self.effective,
            )?;
        desk.record(&[act])
    }
}
