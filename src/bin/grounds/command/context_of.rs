//! `grounds context …`: conditions under which claims may hold.

use clap::{Args, Subcommand};
use grounds::value::{Kind, Slug, Subject};

use super::claim::is_free;
use crate::acts::Body;
use crate::context::Context;
use crate::desk::{Desk, Signing};
use crate::error::{Exit, Failure};
use crate::names;

/// Define the contexts in which claims hold or fail
#[derive(Debug, Args)]
pub(crate) struct ContextOf {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Define a context
    Add(Add),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  grounds context add 'Small toy models (<10M parameters)' --kind model_scale"
)]
struct Add {
    /// Its name
    name: String,
    /// What kind of condition: model_scale, training_regime, domain_scope, population, …
    #[arg(long)]
    kind: String,
    /// Its name in the ledger [default: made of the name's words]
    #[arg(long, value_parser = names::plain::<Slug>)]
    slug: Option<Slug>,
    #[command(flatten)]
    signing: Signing,
}

impl ContextOf {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let Verb::Add(add) = &self.verb;
        let slug = add.slug.clone().or_else(|| names::slug_from(&add.name));
        let slug = slug.ok_or_else(|| {
            Failure::usage("found no words to make a name of").hint("give one with --slug")
        })?;
        let desk = Desk::open(context, &add.signing)?;
        let subject = Subject::Entity(Kind::Context, slug);
        is_free(desk.state(), &subject)?;
        let act = Body::new()
            .with("name", &add.name)
            .with("kind", &add.kind)
            .act(subject, "context.defined", None)?;
        desk.record(&[act])
    }
}
