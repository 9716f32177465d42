//! Ratios: decimal strings outside, integers in millionths inside.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{FormError, excerpt};

/// One, in millionths (ppm).
pub const ONE: u32 = 1_000_000;

/// A share from 0 to 1, exact to six decimals, kept in millionths (ppm).
///
/// Outside it is a decimal string in its shortest form (`"0"`, `"0.75"`, `"1"`), never a JSON
/// number, so that no reader can round it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ratio(u32);

impl Ratio {
    /// The ratio of this many millionths; none above one.
    #[must_use]
    pub fn from_ppm(ppm: u32) -> Option<Ratio> {
        (ppm <= ONE).then_some(Ratio(ppm))
    }

    /// Millionths, 0 to [`ONE`].
    #[must_use]
    pub fn ppm(self) -> u32 {
        self.0
    }
}

impl FromStr for Ratio {
    type Err = FormError;

    fn from_str(text: &str) -> Result<Ratio, FormError> {
        parse(text).ok_or_else(|| {
            FormError::schema(
                excerpt(text),
                "a ratio from 0 to 1 as a decimal string, at most six decimals, shortest form, such as \"0.75\"",
            )
        })
    }
}

fn parse(text: &str) -> Option<Ratio> {
    match text {
        "0" => return Some(Ratio(0)),
        "1" => return Some(Ratio(ONE)),
        _ => {}
    }
    let decimals = text.strip_prefix("0.")?;
    let plain = decimals.bytes().all(|digit| digit.is_ascii_digit());
    if !plain || decimals.is_empty() || decimals.len() > 6 || decimals.ends_with('0') {
        return None;
    }
    let digits: u32 = decimals.parse().ok()?;
    let places = u32::try_from(decimals.len()).ok()?;
    Some(Ratio(digits * 10_u32.pow(6 - places)))
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("0"),
            ONE => f.write_str("1"),
            ppm => write!(f, "0.{}", format!("{ppm:06}").trim_end_matches('0')),
        }
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Ratio, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_ratio_has_one_spelling_and_survives_it() {
        for ppm in (0..=ONE).step_by(7).chain([1, 10, 100_000, 999_999, ONE]) {
            let ratio = Ratio::from_ppm(ppm).unwrap();
            assert_eq!(ratio.to_string().parse(), Ok(ratio));
        }
        assert_eq!("0.75".parse::<Ratio>().unwrap().ppm(), 750_000);
        assert_eq!("0.000001".parse::<Ratio>().unwrap().ppm(), 1);
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "",
            "1.0000001",
            "0.50",
            ".5",
            "5.",
            "1e-1",
            "-0.1",
            "1.1",
            "+0.5",
            "Infinity",
            "NaN",
            "0.0",
            "1.0",
            "00",
            "0.",
            " 0.5",
            "0.5 ",
            "０.５",
            "0.1234567",
            "2",
            "0x1",
        ] {
            assert!(
                text.parse::<Ratio>().is_err(),
                "{text:?} was taken for a ratio"
            );
        }
        assert_eq!(Ratio::from_ppm(ONE + 1), None);
    }
}
