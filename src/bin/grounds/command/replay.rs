//! `grounds replay`: the whole ledger at a date.

use std::path::{Path, PathBuf};

use clap::Args;
use grounds::net::page;
use grounds::projection::{Replay as Replayed, replay};
use serde::Serialize;

use crate::context::Context;
use crate::error::{Exit, Failure};
use crate::render::human;
use crate::seen::{Asking, Head};

const SCHEMA: &str = "grounds.replay/1";
const CLAIM_SCHEMA: &str = "grounds.replay.claim/1";

/// Say what the whole ledger was at a date: all claims with their profiles.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: grounds replay --as-of 2026-03-06 · grounds replay --effective 2023 --out at-2023"
)]
pub(crate) struct Replay {
    #[command(flatten)]
    asking: Asking,
    /// Write a JSON file a claim and an index into this new or empty folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What `--out` wrote.
#[derive(Serialize)]
struct Written {
    out: String,
    files: usize,
}

/// A line of the index.
#[derive(Serialize)]
struct Indexed<'a> {
    claim: String,
    file: String,
    statement: &'a str,
    figures: &'a grounds::trust::Figures,
}

#[derive(Serialize)]
struct Index<'a> {
    model: &'a str,
    claims: Vec<Indexed<'a>>,
}

impl Replay {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let seen = self.asking.open(context)?;
        let replayed = replay(&seen.state, seen.model, &seen.filter);
        if let Some(out) = &self.out {
            return write(context, out, &replayed, &seen.head);
        }
        match context.global.json {
            true => context.print_answer(SCHEMA, &seen.head, page::Replayed::from(&replayed))?,
            false => context.print(&human::rows::replay(&replayed, &seen.head, context.width))?,
        }
        Ok(Exit::Done)
    }
}

fn write(context: &Context, out: &Path, replayed: &Replayed, head: &Head) -> Result<Exit, Failure> {
    let io = |error: std::io::Error| Failure::io(out, &error);
    if out.exists() && std::fs::read_dir(out).map_err(io)?.next().is_some() {
        return Err(Failure::new(
            Exit::No,
            "exists",
            format!(
                "{}: found a folder that is not empty, expected a new or empty one",
                out.display()
            ),
        )
        .hint("name another folder; nothing was written"));
    }
    std::fs::create_dir_all(out).map_err(io)?;
    let mut claims = Vec::new();
    for claim in &replayed.claims {
        let file = format!("{}.json", claim.claim);
        put(out, &file, page::json(CLAIM_SCHEMA, head, claim))?;
        claims.push(Indexed {
            claim: format!("claim/{}", claim.claim),
            file,
            statement: &claim.statement,
            figures: &claim.profile.figures,
        });
    }
    let index = Index {
        model: &replayed.model,
        claims,
    };
    // A slug begins with a letter or a digit, so that no claim's file can be this one.
    put(
        out,
        "_index.json",
        page::json("grounds.replay.index/1", head, index),
    )?;
    let written = Written {
        out: out.display().to_string(),
        files: replayed.claims.len() + 1,
    };
    match context.global.json {
        true => context.print_answer("grounds.replay.written/1", head, written)?,
        false => context.print(&format!(
            "wrote {} files into {}",
            written.files, written.out
        ))?,
    }
    Ok(Exit::Done)
}

fn put(out: &Path, name: &str, text: String) -> Result<(), Failure> {
    let path = out.join(name);
    std::fs::write(&path, text).map_err(|error| Failure::io(&path, &error))
}
