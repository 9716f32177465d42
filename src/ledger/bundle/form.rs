//! The form of a bundle's file.

use std::borrow::Cow;

use crate::envelope::Refused;
use crate::form::{AnyList, Fields, Form, List, record, text_of};
use crate::hash::Hash;
use crate::json::{Json, most_values};
use crate::projection::Profile;
use crate::tlog::{MapLeaf, MapProof};
use crate::trust::{Coverage, Figure, Figures};
use crate::value::{EventId, FormError, Index, Line, ONE, Origin, Subject};

/// The most bytes a bundle may have: 8 MiB.
pub const MAX_FILE: usize = 8 << 20;

/// The most values that are read of a bundle: one in 32 bytes of the longest. No bundle that holds
/// comes near, since what it has most of are hashes of 67 bytes; one made of nothing but small
/// numbers would take twenty times its length in memory.
const MAX_VALUES: usize = MAX_FILE / 32;

/// The version of the form.
pub(super) const VERSION: u64 = 1;

record! {
    /// A bundle, read and not yet believed.
    pub struct BundleFile {
        /// The version of the form: 1.
        v: req u64,
        /// The ledger's name.
        origin: req Origin,
        /// The claim.
        claim: req Subject,
        /// The signed head.
        checkpoint: req Verbatim,
        /// The map that it is cut at.
        map: req MapAt,
        /// The entries, by rising index.
        entries: req List<CarriedLine>,
        /// The streams, by subject.
        streams: req List<CarriedStream>,
        /// The figures as they are claimed to be.
        profile: req ClaimedProfile,
    }
}

record! {
    /// Where the map stands.
    pub struct MapAt {
        /// Index of the entry with the `ledger.mapped`.
        index: req u64,
    }
}

record! {
    /// An entry and its inclusion path.
    pub struct CarriedLine {
        /// The line.
        entry: req Verbatim,
        /// Its index.
        index: req u64,
        /// The path, lowest sibling first.
        path: req AnyList<Hash>,
    }
}

record! {
    /// A stream and the proof of what the map says of it.
    pub struct CarriedStream {
        /// What the map says; none where it has no such subject.
        leaf: opt StreamLeaf,
        /// The proof of that.
        proof: req ProofForm,
        /// Whose stream it is.
        subject: req Subject,
    }
}

record! {
    /// What the map says of a stream.
    pub struct StreamLeaf {
        /// Index of the entry with its last event.
        entry: req u64,
        /// Id of that event.
        last: req EventId,
        /// How many events it has.
        length: req u64,
    }
}

record! {
    /// A map proof.
    pub struct ProofForm {
        /// Which levels have a sibling.
        bitmap: req Hash,
        /// The siblings, from the root down.
        siblings: req AnyList<Hash>,
    }
}

record! {
    /// The profile as the bundle has it.
    pub struct ClaimedProfile {
        /// Figures that rest on an assumed quality.
        assumed: req AnyList<Figure>,
        /// How much of its parts each derived figure had.
        coverage: req CoverageForms,
        /// The eleven figures.
        figures: req Figures,
        /// The model, `name@version`.
        model: req Line<100>,
    }
}

record! {
    /// Coverage of the derived figures.
    pub struct CoverageForms {
        /// Of support.
        supp: req CoverageForm,
        /// Of frontier.
        fron: req CoverageForm,
        /// Of stability.
        stab: req CoverageForm,
    }
}

record! {
    /// How much of its parts a derived figure had.
    pub struct CoverageForm {
        /// Weight of the parts that were assessed.
        present: req u64,
        /// Weight of all parts.
        whole: req u64,
    }
}

/// Text as it stands: what it must be is for those to say who read it further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verbatim(pub String);

impl Form for Verbatim {
    fn read(json: &Json<'_>) -> Result<Self, FormError> {
        Ok(Verbatim(text_of(json)?.to_owned()))
    }

    fn write(&self) -> Json<'_> {
        Json::string(self.0.as_str())
    }

    fn describe() -> String {
        "text".into()
    }
}

impl Form for Figure {
    fn read(json: &Json<'_>) -> Result<Self, FormError> {
        let name = text_of(json)?;
        let figure = Figure::ALL.into_iter().find(|one| one.short() == name);
        figure.ok_or_else(|| {
            FormError::schema(crate::value::excerpt(name), "the short name of a figure")
        })
    }

    fn write(&self) -> Json<'_> {
        Json::string(self.short())
    }

    fn describe() -> String {
        "figure".into()
    }
}

/// An integer in millionths, or null.
struct Ppm(Option<u32>);

impl Form for Ppm {
    fn read(json: &Json<'_>) -> Result<Self, FormError> {
        if let Json::Null = json {
            return Ok(Ppm(None));
        }
        let ppm = u64::read(json)?;
        match u32::try_from(ppm).ok().filter(|ppm| *ppm <= ONE) {
            Some(ppm) => Ok(Ppm(Some(ppm))),
            None => Err(FormError::schema(
                ppm.to_string(),
                "null or 0 to 1000000, in millionths",
            )),
        }
    }

    fn write(&self) -> Json<'_> {
        self.0.map_or(Json::Null, |ppm| Json::Int(i64::from(ppm)))
    }

    fn describe() -> String {
        "millionths or null".into()
    }
}

impl Form for Figures {
    fn read(json: &Json<'_>) -> Result<Self, FormError> {
        let mut fields = Fields::of(json)?;
        let mut figure = |name| fields.required(name).map(|Ppm(ppm)| ppm);
        let figures = Figures {
            evid: figure("evid")?,
            repl: figure("repl")?,
            cons: figure("cons")?,
            meth: figure("meth")?,
            cred: figure("cred")?,
            scop: figure("scop")?,
            brdg: figure("brdg")?,
            cont: figure("cont")?,
            supp: figure("supp")?,
            fron: figure("fron")?,
            stab: figure("stab")?,
        };
        fields.end()?;
        Ok(figures)
    }

    fn write(&self) -> Json<'_> {
        let member = |figure: Figure| {
            let ppm = self.get(figure);
            let value = ppm.map_or(Json::Null, |ppm| Json::Int(i64::from(ppm)));
            (Cow::Borrowed(figure.short()), value)
        };
        Json::Obj(Figure::ALL.into_iter().map(member).collect())
    }

    fn describe() -> String {
        let names = Figure::ALL.map(Figure::short);
        format!("{{{}}}", names.join(", "))
    }
}

impl BundleFile {
    /// Reads a bundle's bytes.
    ///
    /// # Errors
    /// The first fault in bytes, limits or form.
    pub(super) fn parse(bytes: &[u8]) -> Result<BundleFile, Refused> {
        if bytes.len() > MAX_FILE {
            let found = format!("a bundle of {} bytes", bytes.len());
            return Err(FormError::limit(found, format!("at most {MAX_FILE} bytes")).into());
        }
        let values = most_values(bytes);
        if values > MAX_VALUES {
            let found = format!("a bundle of up to {values} values");
            return Err(FormError::limit(found, format!("at most {MAX_VALUES}")).into());
        }
        let json = Json::parse(bytes)?;
        let file = BundleFile::read(&json)?;
        file.is_in_order()?;
        Ok(file)
    }

    fn is_in_order(&self) -> Result<(), FormError> {
        if self.v != VERSION {
            return Err(FormError::schema(self.v.to_string(), "1").inside("v"));
        }
        rising(&self.entries.0, |line| line.index).map_err(|error| error.inside("entries"))?;
        let subjects: Vec<String> = (self.streams.0.iter())
            .map(|stream| stream.subject.to_string())
            .collect();
        rising(&subjects, Clone::clone).map_err(|error| error.inside("streams"))?;
        let empty = self.streams.0.iter().position(|stream| {
            let leaf = stream.leaf.as_ref();
            leaf.is_some_and(|leaf| leaf.length == 0)
        });
        match empty {
            None => Ok(()),
            Some(position) => Err(FormError::schema("0", "an integer from 1")
                .inside(&format!("streams[{position}].leaf.length"))),
        }
    }
}

fn rising<T, K: Ord + std::fmt::Display>(
    items: &[T],
    key: impl Fn(&T) -> K,
) -> Result<(), FormError> {
    let falls = items.windows(2).find(|pair| key(&pair[0]) >= key(&pair[1]));
    match falls {
        None => Ok(()),
        Some(pair) => Err(FormError::schema(
            format!("{} after {}", key(&pair[1]), key(&pair[0])),
            "a sorted list, each item once",
        )),
    }
}

impl StreamLeaf {
    /// As the map has it.
    pub(super) fn map_leaf(&self) -> MapLeaf {
        MapLeaf {
            stream_len: self.length,
            last_event: self.last.0,
            entry: self.entry,
        }
    }
}

impl ProofForm {
    pub(super) fn proof(&self) -> MapProof {
        MapProof {
            bitmap: self.bitmap.0,
            siblings: self.siblings.0.clone(),
        }
    }
}

impl From<MapProof> for ProofForm {
    fn from(proof: MapProof) -> ProofForm {
        ProofForm {
            bitmap: Hash(proof.bitmap),
            siblings: AnyList(proof.siblings),
        }
    }
}

impl From<Coverage> for CoverageForm {
    fn from(coverage: Coverage) -> CoverageForm {
        CoverageForm {
            present: coverage.present.into(),
            whole: coverage.whole.into(),
        }
    }
}

impl ClaimedProfile {
    /// What a bundle says of a profile that was worked out.
    pub(super) fn of(profile: &Profile) -> Result<ClaimedProfile, FormError> {
        Ok(ClaimedProfile {
            assumed: AnyList(profile.assumed.clone()),
            coverage: CoverageForms {
                supp: profile.coverage.supp.into(),
                fron: profile.coverage.fron.into(),
                stab: profile.coverage.stab.into(),
            },
            figures: profile.figures,
            model: Line::parse(&profile.model)?,
        })
    }
}

/// An index as the file has it.
pub(super) fn map_at(index: Index) -> MapAt {
    MapAt { index }
}
