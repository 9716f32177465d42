//! Words with one spelling: dates, times, ratios, ids, text.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{NaiveDate, NaiveDateTime};
use grounds::hash::Hash;
use grounds::value::{
    CommitId, Date, Doi, EventId, KeyId, Line, Moment, Origin, PublicKey, Ratio, Slug, Subject,
    Text, Time, Url,
};

/// What is read is written back letter for letter; a second reading of dates, times and ratios by
/// other means agrees; times sort as their text does.
pub fn run(data: &[u8]) {
    numbers(data);
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    words(text);
    let (first, second) = text.split_once('\n').unwrap_or((text, ""));
    date(first);
    time(first);
    ratio(first);
    order(first, second);
}

fn again<T: FromStr + Display>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string(), text);
    }
}

fn words(text: &str) {
    again::<CommitId>(text);
    again::<EventId>(text);
    again::<KeyId>(text);
    again::<PublicKey>(text);
    again::<Hash>(text);
    again::<Origin>(text);
    again::<Subject>(text);
    again::<Moment>(text);
    if let Ok(slug) = text.parse::<Slug>() {
        assert_eq!(slug.as_str(), text);
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        assert!(text.bytes().all(plain), "{text:?} is a slug");
    }
    let kept = [
        Text::<300>::parse(text).map(|kept| kept.to_string()),
        Line::<300>::parse(text).map(|kept| kept.to_string()),
        Url::parse(text).map(|kept| kept.to_string()),
        Doi::parse(text).map(|kept| kept.to_string()),
    ];
    for kept in kept.into_iter().flatten() {
        assert_eq!(kept, text);
        assert!(!text.contains(['\0', '\u{7f}', '\u{202e}', '\u{2066}', '\u{feff}', '\r']));
    }
    if Line::<300>::parse(text).is_ok() {
        assert!(text.len() <= 300 && !text.contains('\n'));
        assert!(Text::<300>::parse(text).is_ok(), "a line is a text");
    }
}

fn date(text: &str) {
    // `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, by another reader of dates.
    let shape = text.bytes().map(|byte| match byte {
        b'0'..=b'9' => '0',
        _ => byte as char,
    });
    let whole = match shape.collect::<String>().as_str() {
        "0000" => format!("{text}-01-01"),
        "0000-00" => format!("{text}-01"),
        "0000-00-00" => text.to_owned(),
        _ => String::new(),
    };
    let expected = NaiveDate::parse_from_str(&whole, "%Y-%m-%d").ok();
    let expected = expected.filter(|_| !text.starts_with("0000"));
    let found = text.parse::<Date>();
    assert_eq!(found.is_ok(), expected.is_some(), "{text:?}: {found:?}");
    if let (Ok(found), Some(expected)) = (found, expected) {
        assert_eq!(found.to_string(), text);
        assert_eq!(found.start().day().to_string(), whole);
        assert_eq!(expected.format("%Y-%m-%d").to_string(), whole);
        assert!(found.start() < found.end());
    }
}

fn time(text: &str) {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    for (found, shown, format) in [
        (
            Time::parse_seconds(text),
            "0000-00-00T00:00:00Z",
            "%Y-%m-%dT%H:%M:%SZ",
        ),
        (
            Time::parse_micros(text),
            "0000-00-00T00:00:00.000000Z",
            "%Y-%m-%dT%H:%M:%S%.6fZ",
        ),
    ] {
        // The other reader also takes a 60th second and the year 0.
        let is_ours = shape == shown && !text.starts_with("0000") && &text[17..19] != "60";
        let expected = NaiveDateTime::parse_from_str(text, format).ok();
        let expected = expected.filter(|_| is_ours);
        let expected = expected.map(|time| time.and_utc().timestamp_micros());
        assert_eq!(
            found.as_ref().ok().map(|time| time.micros()),
            expected,
            "{text:?}"
        );
        if let Ok(time) = found {
            assert!([time.seconds_text(), time.micros_text()].contains(&text.to_owned()));
        }
    }
}

/// A ratio is 0, 1, or `0.` and one to six digits of which the last is none; worked out in integers.
fn ratio(text: &str) {
    let expected = match text {
        "0" => Some(0),
        "1" => Some(1_000_000),
        _ => text.strip_prefix("0.").and_then(|digits| {
            let is_short = (1..=6).contains(&digits.len()) && !digits.ends_with('0');
            let is_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
            let scale = 10_u32.pow(6_u32.checked_sub(digits.len() as u32)?);
            (is_short && is_digits).then(|| digits.parse::<u32>().ok().map(|n| n * scale))?
        }),
    };
    let found = text.parse::<Ratio>();
    assert_eq!(
        found.as_ref().ok().map(|ratio| ratio.ppm()),
        expected,
        "{text:?}"
    );
    if let Ok(ratio) = found {
        assert_eq!(ratio.to_string(), text);
    }
}

fn order(first: &str, second: &str) {
    if let (Ok(a), Ok(b)) = (Time::parse_micros(first), Time::parse_micros(second)) {
        assert_eq!(a.cmp(&b), first.cmp(second));
    }
    if let (Ok(a), Ok(b)) = (first.parse::<Date>(), second.parse::<Date>()) {
        assert!(a == b || first != second);
        if a.end() <= b.start() {
            assert!(first < second, "{first} ends before {second} begins");
        }
    }
    if let (Ok(a), Ok(b)) = (first.parse::<Ratio>(), second.parse::<Ratio>()) {
        assert_eq!(a == b, first == second);
    }
}

/// From a number to its text and back.
fn numbers(data: &[u8]) {
    let mut eight = [0; 8];
    let taken = data.len().min(8);
    eight[..taken].copy_from_slice(&data[..taken]);
    let number = i64::from_le_bytes(eight);
    if let Some(time) = Time::from_micros(number) {
        assert_eq!(Time::parse_micros(&time.micros_text()), Ok(time));
        let second = Time::parse_seconds(&time.seconds_text()).expect("a time in seconds");
        assert!(second <= time && time.micros() - second.micros() < 1_000_000);
        let day = time.day();
        assert!(day.start() <= time && time < day.end() || time == day.end());
        assert_eq!(day.to_string().parse(), Ok(day));
    }
    let _ = Time::EPOCH.plus_micros(number);
    let ppm = number as u32;
    match Ratio::from_ppm(ppm) {
        Some(ratio) => assert_eq!(ratio.to_string().parse(), Ok(ratio)),
        None => assert!(ppm > 1_000_000),
    }
    if let Some(year) = Date::of_year(number as u16) {
        assert_eq!(year.to_string().parse(), Ok(year));
    }
}
