//! Acts from what was typed: one JSON body a type of event, read by the same reader as everything
//! else that comes in.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use grounds::claim::{Act, Data};
use grounds::form::Form;
use grounds::json::Json;
use grounds::value::{Date, Subject};

use crate::error::{Exit, Failure};
use crate::files;

/// The largest text file that is read for acts, policies and views.
pub(crate) const MAX_FILE: u64 = 1 << 20;

/// The data of an event, field by field.
#[derive(Debug, Clone, Default)]
pub(crate) struct Body(Vec<(Cow<'static, str>, Json<'static>)>);

impl Body {
    pub(crate) fn new() -> Body {
        Body::default()
    }

    /// A field that has a spelling in the format.
    pub(crate) fn with(self, name: &'static str, value: impl Display) -> Body {
        self.json(name, Json::string(value.to_string()))
    }

    /// The same, where it was given.
    pub(crate) fn maybe(self, name: &'static str, value: Option<impl Display>) -> Body {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// A field with a number.
    pub(crate) fn number(self, name: &'static str, value: u64) -> Body {
        self.json(name, Form::write(&value).into_owned())
    }

    /// A field of any form.
    pub(crate) fn json(mut self, name: &'static str, value: Json<'static>) -> Body {
        self.0.push((name.into(), value));
        self
    }

    /// The same, where it was given.
    pub(crate) fn maybe_json(self, name: &'static str, value: Option<Json<'static>>) -> Body {
        match value {
            Some(value) => self.json(name, value),
            None => self,
        }
    }

    /// A set of words, sorted.
    pub(crate) fn set(self, name: &'static str, items: &[impl Display]) -> Body {
        let mut words: Vec<String> = items.iter().map(ToString::to_string).collect();
        words.sort();
        words.dedup();
        self.json(
            name,
            Json::Arr(words.into_iter().map(Json::string).collect()),
        )
    }

    /// As a value inside another.
    pub(crate) fn value(self) -> Json<'static> {
        Json::Obj(self.0)
    }

    /// As the act of this type.
    pub(crate) fn act(
        self,
        subject: Subject,
        kind: &str,
        effective: Option<Date>,
    ) -> Result<Act, Failure> {
        act(subject, kind, effective, &self.value())
    }
}

/// An act with its data read.
pub(crate) fn act(
    subject: Subject,
    kind: &str,
    effective: Option<Date>,
    data: &Json<'_>,
) -> Result<Act, Failure> {
    let read = Data::read(kind, data).and_then(|data| data.stands_on(&subject).map(|()| data));
    let data = read.map_err(|error| Failure::usage(format!("{kind}: {error}")))?;
    Ok(Act::new(subject, data).since(effective))
}

/// JSON or YAML as people write it: any order, any white space; a fraction is the decimal string
/// that the format has for it.
pub(crate) fn relaxed(path: &Path) -> Result<Json<'static>, Failure> {
    let bytes = files::read(path, MAX_FILE)?;
    let failed = |what: String| {
        Failure::new(Exit::No, "bytes", format!("{}: {what}", path.display()))
            .hint("expected JSON or YAML")
    };
    let value: serde_json::Value = match serde_json::from_slice(&bytes) {
        Ok(value) => value,
        Err(json)
            if bytes.trim_ascii_start().starts_with(b"{")
                || bytes.trim_ascii_start().starts_with(b"[") =>
        {
            return Err(failed(json.to_string()));
        }
        Err(_) => serde_yaml_ng::from_slice(&bytes).map_err(|yaml| failed(yaml.to_string()))?,
    };
    convert(value).map_err(failed)
}

/// JSON of people as JSON of the format: a fraction is a decimal string.
pub(crate) fn convert(value: serde_json::Value) -> Result<Json<'static>, String> {
    use serde_json::Value;
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(value),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Json::Int(number),
            None => Json::string(number.to_string()),
        },
        Value::String(text) => Json::string(text),
        Value::Array(items) => Json::Arr(items.into_iter().map(convert).collect::<Result<_, _>>()?),
        Value::Object(members) => {
            let mut list = Vec::new();
            for (name, value) in members {
                list.push((Cow::Owned(name), convert(value)?));
            }
            Json::Obj(list)
        }
    })
}

/// A text that was given, `-` for standard input, or, at a terminal, written in an editor.
pub(crate) fn text(given: Option<&str>, what: &str) -> Result<String, Failure> {
    match given {
        Some("-") => {
            let bytes = files::read(Path::new("-"), MAX_FILE)?;
            String::from_utf8(bytes)
                .map(|text| text.trim_end().to_owned())
                .map_err(|_| Failure::usage("standard input: found bytes that are no text"))
        }
        Some(text) => Ok(text.to_owned()),
        None if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() => edited(what),
        None => Err(Failure::usage(format!("found no {what}, expected -m TEXT"))
            .hint("-m - reads it from standard input; at a terminal $EDITOR opens")),
    }
}

/// A text written in `$VISUAL`, else `$EDITOR`, else `vi`.
fn edited(what: &str) -> Result<String, Failure> {
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .unwrap_or_else(|| "vi".to_owned());
    let failed = |error: std::io::Error| Failure::io(Path::new(&editor), &error);
    let mut file = tempfile::Builder::new()
        .prefix("grounds-")
        .suffix(".txt")
        .tempfile()
        .map_err(failed)?;
    writeln!(
        file,
        "\n# The {what}. Lines that begin with # are left out; an empty text stops."
    )
    .map_err(failed)?;
    // As git does: the variable may hold options and quotes.
    let ended = std::process::Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$@\""))
        .arg(&editor)
        .arg(file.path())
        .status()
        .map_err(failed)?;
    let text = std::fs::read_to_string(file.path()).map_err(failed)?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let text = lines.join("\n").trim().to_owned();
    if !ended.success() || text.is_empty() {
        return Err(Failure::usage(format!(
            "found no {what}: nothing was written"
        )));
    }
    Ok(text)
}
