//! The eleven figures of a trust profile: their names, their order and what each one says.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One figure of a trust profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Figure {
    /// How much weighed evidence supports the claim.
    Evidence,
    /// How well the supporting findings replicate.
    Replication,
    /// How far support outweighs dispute and doubt.
    Consensus,
    /// How sound the methods behind the evidence are.
    Methodology,
    /// How credible the sources of the evidence are.
    Credibility,
    /// How broad the conditions are under which the claim holds.
    Scope,
    /// How far the evidence is spread over communities.
    Bridge,
    /// How evenly support and dispute are matched.
    Contestation,
    /// Derived: evidence, replication and consensus.
    Support,
    /// Derived: bridge, contestation and lack of consensus.
    Frontier,
    /// Derived: replication, consensus and lack of contestation.
    Stability,
}

impl Figure {
    /// Every figure, in the order in which a profile shows them: eight dimensions, three derived.
    pub const ALL: [Figure; 11] = [
        Figure::Evidence,
        Figure::Replication,
        Figure::Consensus,
        Figure::Methodology,
        Figure::Credibility,
        Figure::Scope,
        Figure::Bridge,
        Figure::Contestation,
        Figure::Support,
        Figure::Frontier,
        Figure::Stability,
    ];

    /// Four letters: `evid`.
    #[must_use]
    pub fn short(self) -> &'static str {
        match self {
            Figure::Evidence => "evid",
            Figure::Replication => "repl",
            Figure::Consensus => "cons",
            Figure::Methodology => "meth",
            Figure::Credibility => "cred",
            Figure::Scope => "scop",
            Figure::Bridge => "brdg",
            Figure::Contestation => "cont",
            Figure::Support => "supp",
            Figure::Frontier => "fron",
            Figure::Stability => "stab",
        }
    }

    /// The whole word: `evidence`.
    #[must_use]
    pub fn long(self) -> &'static str {
        match self {
            Figure::Evidence => "evidence",
            Figure::Replication => "replication",
            Figure::Consensus => "consensus",
            Figure::Methodology => "methodology",
            Figure::Credibility => "credibility",
            Figure::Scope => "scope",
            Figure::Bridge => "bridge",
            Figure::Contestation => "contestation",
            Figure::Support => "support",
            Figure::Frontier => "frontier",
            Figure::Stability => "stability",
        }
    }

    /// The figure of this name, short or long.
    #[must_use]
    pub fn named(name: &str) -> Option<Figure> {
        Figure::ALL
            .into_iter()
            .find(|figure| figure.short() == name || figure.long() == name)
    }

    /// Whether it is computed from other figures.
    #[must_use]
    pub fn is_derived(self) -> bool {
        matches!(self, Figure::Support | Figure::Frontier | Figure::Stability)
    }

    /// What it says, in one sentence.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Figure::Evidence => {
                "How much supporting evidence there is, each piece weighed by its strength and its source's quality; more always helps, ever less."
            }
            Figure::Replication => {
                "How well the supporting findings have been replicated, on average, heavier evidence counting more."
            }
            Figure::Consensus => {
                "The share of all weighed evidence and attestations that is for the claim, with one unit of doubt added so that little evidence never looks like agreement."
            }
            Figure::Methodology => {
                "How sound the methods of the cited sources are, on average, heavier evidence counting more."
            }
            Figure::Credibility => {
                "How credible the cited sources are, on average, heavier evidence counting more."
            }
            Figure::Scope => {
                "How broad the conditions are under which the claim is said to hold, less those under which it is said to fail."
            }
            Figure::Bridge => {
                "The chance that two pieces of evidence picked by weight come from different communities."
            }
            Figure::Contestation => {
                "How evenly the weight for and the weight against are matched: 0 when one side is empty, 100 % when both are equal."
            }
            Figure::Support => {
                "How well the claim is supported overall: four parts evidence, three replication, three consensus."
            }
            Figure::Frontier => {
                "How much the claim lies where communities meet and disagree: bridge, contestation and lack of consensus in equal parts."
            }
            Figure::Stability => {
                "How likely the picture is to stay: two parts replication, one consensus, one lack of contestation."
            }
        }
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.short())
    }
}

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Figure, D::Error> {
        let name = String::deserialize(deserializer)?;
        Figure::named(&name).ok_or_else(|| serde::de::Error::custom("not the name of a figure"))
    }
}

/// A profile's eleven figures in ppm, 0 to 1,000,000; none where not assessed, which is never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "net", derive(utoipa::ToSchema))]
pub struct Figures {
    /// Evidence.
    pub evid: Option<u32>,
    /// Replication.
    pub repl: Option<u32>,
    /// Consensus.
    pub cons: Option<u32>,
    /// Methodology.
    pub meth: Option<u32>,
    /// Credibility.
    pub cred: Option<u32>,
    /// Scope.
    pub scop: Option<u32>,
    /// Bridge.
    pub brdg: Option<u32>,
    /// Contestation.
    pub cont: Option<u32>,
    /// Support, derived.
    pub supp: Option<u32>,
    /// Frontier, derived.
    pub fron: Option<u32>,
    /// Stability, derived.
    pub stab: Option<u32>,
}

impl Figures {
    /// One of them, in ppm; none where not assessed.
    #[must_use]
    pub fn get(&self, figure: Figure) -> Option<u32> {
        match figure {
            Figure::Evidence => self.evid,
            Figure::Replication => self.repl,
            Figure::Consensus => self.cons,
            Figure::Methodology => self.meth,
            Figure::Credibility => self.cred,
            Figure::Scope => self.scop,
            Figure::Bridge => self.brdg,
            Figure::Contestation => self.cont,
            Figure::Support => self.supp,
            Figure::Frontier => self.fron,
            Figure::Stability => self.stab,
        }
    }
}

/// Whole percent, half up: 715,909 ppm is 72.
#[must_use]
pub fn percent(ppm: u32) -> u32 {
    ppm.saturating_add(5_000) / 10_000
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_found_by_both_names_and_says_one_sentence() {
        for figure in Figure::ALL {
            assert_eq!(Figure::named(figure.short()), Some(figure));
            assert_eq!(Figure::named(figure.long()), Some(figure));
            assert!(figure.long().starts_with(&figure.short()[..2]));
            assert_eq!(figure.meaning().matches(". ").count(), 0);
            assert!(figure.meaning().ends_with('.'));
        }
        assert_eq!(Figure::named("truth"), None);
        assert_eq!(Figure::ALL.iter().filter(|f| f.is_derived()).count(), 3);
    }

    #[test]
    fn figures_serialize_by_their_short_names_and_missing_is_null() {
        let figures = Figures {
            evid: Some(0),
            ..Figures::default()
        };
        let json = serde_json::to_value(figures).unwrap();
        let names: Vec<&str> = Figure::ALL.map(Figure::short).to_vec();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), sorted);
        assert_eq!(json["evid"], 0);
        assert!(json["repl"].is_null());
    }

    #[test]
    fn percents_are_rounded_half_up() {
        assert_eq!(
            [0, 4_999, 5_000, 14_999, 995_000, 1_000_000].map(percent),
            [0, 0, 1, 1, 100, 100]
        );
    }
}
