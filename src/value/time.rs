//! Times and dates. Every form is checked by its width first: calendars are lenient, ledgers are not.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};
use serde::{Serialize, Serializer};

use super::{FormCode, FormError, excerpt};

/// An instant, in microseconds since 1970-01-01T00:00:00Z; years 0001 to 9999, no leap seconds.
///
/// Commits carry whole seconds ([`Time::parse_seconds`]), entries microseconds
/// ([`Time::parse_micros`]).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

const SECOND: i64 = 1_000_000;

impl Time {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Time = Time(0);

    /// The instant so many microseconds after 1970; none outside years 0001 to 9999.
    #[must_use]
    pub fn from_micros(micros: i64) -> Option<Time> {
        let year = DateTime::from_timestamp_micros(micros)?.year();
        (1..=9999).contains(&year).then_some(Time(micros))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Reads the time of a commit: `2026-03-09T19:58:00Z`.
    ///
    /// # Errors
    /// `time` for any other form, or a time that is none.
    pub fn parse_seconds(text: &str) -> Result<Time, FormError> {
        whole_seconds(text.as_bytes())
            .filter(|_| text.len() == 20)
            .ok_or_else(|| {
                not_a_time(
                    text,
                    "a time in UTC in whole seconds, such as 2026-03-09T19:58:00Z",
                )
            })
    }

    /// Reads the time of an entry: `2026-03-09T19:58:00.000000Z`.
    ///
    /// # Errors
    /// `time` for any other form, or a time that is none.
    pub fn parse_micros(text: &str) -> Result<Time, FormError> {
        microseconds(text).ok_or_else(|| {
            not_a_time(
                text,
                "a time in UTC in microseconds, such as 2026-03-09T19:58:00.000000Z",
            )
        })
    }

    /// The whole second it lies in, as a commit writes it.
    #[must_use]
    pub fn seconds_text(self) -> String {
        self.calendar().format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// With microseconds, as an entry writes it.
    #[must_use]
    pub fn micros_text(self) -> String {
        let at = self.calendar();
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.nanosecond() / 1000
        )
    }

    /// As people read it: `2026-03-09 19:58 UTC`.
    #[must_use]
    pub fn minute_text(self) -> String {
        self.calendar().format("%Y-%m-%d %H:%M UTC").to_string()
    }

    /// The day it lies on, in UTC.
    #[must_use]
    pub fn day(self) -> Date {
        let at = self.calendar();
        Date {
            year: year_of(at.date()),
            month: month_of(at.date()),
            day: day_of(at.date()),
        }
    }

    /// Later by this many microseconds, up to the end of year 9999.
    #[must_use]
    pub fn plus_micros(self, micros: i64) -> Time {
        self.0
            .checked_add(micros)
            .and_then(Time::from_micros)
            .unwrap_or(LAST)
    }

    fn calendar(self) -> NaiveDateTime {
        DateTime::from_timestamp_micros(self.0)
            .expect("a Time lies in years 0001 to 9999")
            .naive_utc()
    }
}

/// 9999-12-31T23:59:59.999999Z.
const LAST: Time = Time(253_402_300_799_999_999);

fn not_a_time(text: &str, expected: &'static str) -> FormError {
    FormError::new(FormCode::Time, excerpt(text), expected)
}

/// `2026-03-09T19:58:00` and one more byte, which is the caller's.
fn whole_seconds(text: &[u8]) -> Option<Time> {
    let form = b"0000-00-00T00:00:00";
    let fits = text.len() > form.len()
        && text.iter().zip(form).all(|(found, wanted)| match wanted {
            b'0' => found.is_ascii_digit(),
            _ => found == wanted,
        });
    if !fits || text[text.len() - 1] != b'Z' {
        return None;
    }
    let number = |from: usize, to: usize| digits(&text[from..to]);
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(number(0, 4)).ok()?,
        number(5, 7),
        number(8, 10),
    )?;
    let time = date.and_hms_opt(number(11, 13), number(14, 16), number(17, 19))?;
    Time::from_micros(time.and_utc().timestamp_micros())
}

fn microseconds(text: &str) -> Option<Time> {
    let bytes = text.as_bytes();
    if bytes.len() != 27 || bytes[19] != b'.' || !bytes[20..26].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let whole = whole_seconds(bytes)?;
    Some(Time(whole.0 + i64::from(digits(&bytes[20..26]))))
}

fn digits(text: &[u8]) -> u32 {
    text.iter()
        .fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.micros_text())
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.micros_text())
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A date as precise as it is known: `2023`, `2023-10` or `2023-10-04`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Date {
    year: u16,
    /// 1 to 12, or 0 where only the year is known.
    month: u8,
    /// 1 to 31, or 0 where only the month is known.
    day: u8,
}

impl Date {
    /// The year alone; none outside 0001 to 9999.
    #[must_use]
    pub fn of_year(year: u16) -> Option<Date> {
        (1..=9999).contains(&year).then_some(Date {
            year,
            month: 0,
            day: 0,
        })
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> u16 {
        self.year
    }

    /// Its first instant.
    #[must_use]
    pub fn start(self) -> Time {
        instant(self.first_day())
    }

    /// Its last instant: the last microsecond of the day, month or year.
    #[must_use]
    pub fn end(self) -> Time {
        match self.day_after() {
            Some(next) => Time(instant(next).0 - 1),
            None => LAST,
        }
    }

    fn first_day(self) -> NaiveDate {
        let (month, day) = (u32::from(self.month.max(1)), u32::from(self.day.max(1)));
        NaiveDate::from_ymd_opt(i32::from(self.year), month, day)
            .expect("a Date is in the calendar")
    }

    fn day_after(self) -> Option<NaiveDate> {
        let first = self.first_day();
        match (self.month, self.day) {
            (0, _) => first.with_year(first.year() + 1),
            (_, 0) => first.checked_add_months(chrono::Months::new(1)),
            _ => first.succ_opt(),
        }
        .filter(|next| next.year() <= 9999)
    }
}

fn instant(day: NaiveDate) -> Time {
    let midnight = day.and_hms_opt(0, 0, 0).expect("midnight is a time");
    Time(midnight.and_utc().timestamp_micros())
}

fn year_of(date: NaiveDate) -> u16 {
    u16::try_from(date.year()).expect("years 0001 to 9999 fit")
}

fn month_of(date: NaiveDate) -> u8 {
    u8::try_from(date.month()).expect("months fit")
}

fn day_of(date: NaiveDate) -> u8 {
    u8::try_from(date.day()).expect("days fit")
}

impl FromStr for Date {
    type Err = FormError;

    fn from_str(text: &str) -> Result<Date, FormError> {
        date(text.as_bytes()).ok_or_else(|| not_a_time(text, "a date: YYYY, YYYY-MM or YYYY-MM-DD"))
    }
}

fn date(text: &[u8]) -> Option<Date> {
    let form = b"0000-00-00";
    let fits = matches!(text.len(), 4 | 7 | 10)
        && text.iter().zip(form).all(|(found, wanted)| match wanted {
            b'0' => found.is_ascii_digit(),
            _ => found == wanted,
        });
    if !fits {
        return None;
    }
    let year = digits(&text[..4]);
    let month = if text.len() > 4 {
        digits(&text[5..7])
    } else {
        1
    };
    let day = if text.len() > 7 {
        digits(&text[8..10])
    } else {
        1
    };
    let first = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    (year > 0).then_some(Date {
        year: year_of(first),
        month: if text.len() > 4 { month_of(first) } else { 0 },
        day: if text.len() > 7 { day_of(first) } else { 0 },
    })
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        if self.month > 0 {
            write!(f, "-{:02}", self.month)?;
        }
        if self.day > 0 {
            write!(f, "-{:02}", self.day)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A point that a reader names: a date, or a time to the second or with a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Means its last instant.
    Date(Date),
    /// Means its whole second.
    Second(Time),
    /// Means itself.
    Instant(Time),
}

impl Moment {
    /// The last instant that it means.
    #[must_use]
    pub fn last_instant(self) -> Time {
        match self {
            Moment::Date(date) => date.end(),
            Moment::Second(time) => Time(time.0 + SECOND - 1),
            Moment::Instant(time) => time,
        }
    }
}

impl FromStr for Moment {
    type Err = FormError;

    fn from_str(text: &str) -> Result<Moment, FormError> {
        if let Some(date) = date(text.as_bytes()) {
            return Ok(Moment::Date(date));
        }
        if let Ok(time) = Time::parse_seconds(text) {
            return Ok(Moment::Second(time));
        }
        Time::parse_micros(text).map(Moment::Instant).map_err(|_| {
            not_a_time(
                text,
                "a date (2026, 2026-03, 2026-03-09) or a time in UTC (2026-03-09T19:58:00Z)",
            )
        })
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Moment::Date(date) => date.fmt(f),
            Moment::Second(time) => f.write_str(&time.seconds_text()),
            Moment::Instant(time) => f.write_str(&time.micros_text()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_one_spelling() {
        let text = "2026-03-09T19:58:00Z";
        assert_eq!(Time::parse_seconds(text).unwrap().seconds_text(), text);
        let text = "2026-03-09T19:58:00.000001Z";
        assert_eq!(Time::parse_micros(text).unwrap().micros_text(), text);
        assert_eq!(
            Time::parse_seconds("1970-01-01T00:00:01Z")
                .unwrap()
                .micros(),
            1_000_000
        );
        assert_eq!(
            Time::parse_seconds("9999-12-31T23:59:59Z")
                .unwrap()
                .plus_micros(999_999),
            LAST
        );
        for first in ["0001-01-01T00:00:00Z", "0009-01-01T00:00:00Z"] {
            assert_eq!(Time::parse_seconds(first).unwrap().seconds_text(), first);
        }
    }

    #[test]
    fn other_times_are_refused() {
        for text in [
            "",
            "2026-03-09 19:58:00Z",
            "2026-03-09t19:58:00z",
            "2026-03-09T19:58:60Z",
            "2016-12-31T23:59:60Z",
            "2026-03-09T19:58:00-00:00",
            "2026-03-09T19:58:00+00:00",
            "2026-03-09T24:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-03-09T19:58Z",
            "2026-03-09T19:58:00.0Z",
            "2026-03-09T19:58:00,0Z",
            "0000-01-01T00:00:00Z",
            "+12026-01-01T00:00:00Z",
            "-0001-01-01T00:00:00Z",
            "2026-13-01T00:00:00Z",
            " 2026-03-09T19:58:00Z",
            "2026-03-09T19:58:00Z ",
            "2026-03-09T19:58:00",
            "２026-03-09T19:58:00Z",
        ] {
            assert!(Time::parse_seconds(text).is_err(), "{text:?} was taken");
            assert!(Time::parse_micros(text).is_err(), "{text:?} was taken");
        }
        assert!(Time::parse_micros("2026-03-09T19:58:00Z").is_err());
        assert!(Time::parse_seconds("2026-03-09T19:58:00.000000Z").is_err());
    }

    #[test]
    fn a_date_runs_from_its_first_to_its_last_instant() {
        let month: Date = "2024-02".parse().unwrap();
        assert_eq!(month.start().seconds_text(), "2024-02-01T00:00:00Z");
        assert_eq!(month.end().micros_text(), "2024-02-29T23:59:59.999999Z");
        let year: Date = "9999".parse().unwrap();
        assert_eq!(year.end(), LAST);
        let day: Date = "2026-03-09".parse().unwrap();
        assert_eq!(day.end().micros_text(), "2026-03-09T23:59:59.999999Z");
        for text in ["2026", "2026-03", "2026-03-09", "0001"] {
            assert_eq!(text.parse::<Date>().unwrap().to_string(), text);
        }
        for text in [
            "0000",
            "26",
            "2026-3",
            "2026-13",
            "2026-02-30",
            "2026-03-09T",
            "20260309",
            "２０２６",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn a_second_means_all_of_it_and_a_fraction_itself() {
        let end = |text: &str| text.parse::<Moment>().unwrap().last_instant().micros_text();
        assert_eq!(end("2026-03-09T19:58:00Z"), "2026-03-09T19:58:00.999999Z");
        assert_eq!(
            end("2026-03-09T19:58:00.000000Z"),
            "2026-03-09T19:58:00.000000Z"
        );
        assert_eq!(end("2026-03"), "2026-03-31T23:59:59.999999Z");
    }
}
