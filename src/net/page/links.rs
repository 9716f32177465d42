//! Links: how the address of a page is spelled, on a server and in a folder of files.
//!
//! A page knows which page it links to, never how that is spelled. In a folder every link is
//! relative, so that any file server carries the site below any path.

use crate::claim::ViewVerdict;
use crate::hash::Hash;
use crate::projection::Order;
use crate::trust::Figure;
use crate::value::{Index, Kind, Slug, Subject};

/// Entries on a page of the log.
pub const LOG_CHUNK: u64 = 250;

/// A page of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page<'p> {
    /// Claims, a line each.
    Claims(Listing<'p>),
    /// Everything else of one kind, a line each.
    Subjects(Kind),
    /// A claim; none: as it stands, else as the ledger knew it up to and with an entry.
    Claim(&'p Slug, Option<Index>),
    /// Where one of its figures comes from; none: where all of them do.
    Why(&'p Slug, Option<Index>, Option<Figure>),
    /// What happened to it, in words, and its figures at every state.
    History(&'p Slug),
    /// What an entry changed: the state with it against the state before.
    Diff(&'p Slug, Index),
    /// Who last changed each field and figure.
    Blame(&'p Slug),
    /// An artifact, an agent, a context or a view; a claim as it stands; the ledger is the audit.
    Subject(&'p Subject),
    /// What happened: the newest entries, or a part of the log of [`LOG_CHUNK`] entries.
    Log(Option<u64>),
    /// What was checked, and the ledger itself.
    Audit,
}

/// Which claims are listed, how, and which part of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<'p> {
    /// Which claims.
    pub facet: Facet<'p>,
    /// In which order.
    pub order: Order,
    /// Which part, from 1.
    pub part: usize,
}

/// By what claims are picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facet<'p> {
    /// All of them.
    All,
    /// A lifecycle or a standing, by its word.
    Status(&'p str),
    /// A domain, by its name (ledger text); names that differ in case only are one.
    Domain(&'p str),
    /// A verdict of a view.
    View(&'p Slug, ViewVerdict),
}

impl Listing<'_> {
    /// All claims, by slug.
    #[must_use]
    pub fn all() -> Listing<'static> {
        Listing {
            facet: Facet::All,
            order: Order::Slug,
            part: 1,
        }
    }
}

/// The same content for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON answer (docs/JSON.md).
    Json,
    /// One event a line.
    Jsonl,
    /// A feed (RFC 4287).
    Atom,
}

impl Format {
    /// The end of its address.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Jsonl => "jsonl",
            Format::Atom => "atom",
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Jsonl => "application/jsonl",
            Format::Atom => "application/atom+xml",
        }
    }
}

/// How addresses are spelled, seen from one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Links {
    /// In a folder of files: relative, from a page so many folders below the top.
    Folder {
        /// Folders between the page and the top.
        depth: usize,
    },
    /// On a server that answers questions in the address, at the top of its host.
    Server,
}

impl Links {
    /// The links of a page that is a file in a folder.
    #[must_use]
    pub fn of_file(page: &Page<'_>) -> Links {
        Links::Folder {
            depth: folder(page).matches('/').count(),
        }
    }

    /// Whether a reader can ask for a date that no page was written for.
    #[must_use]
    pub fn answers(&self) -> bool {
        matches!(self, Links::Server)
    }

    /// The address of a page.
    #[must_use]
    pub fn to(&self, page: &Page<'_>) -> String {
        match self {
            Links::Folder { .. } => self.file(&folder(page)),
            Links::Server => served(page, ""),
        }
    }

    /// The address of the same content for programs.
    #[must_use]
    pub fn data(&self, page: &Page<'_>, format: Format) -> String {
        match self {
            Links::Folder { .. } => self.file(&data_file(page, format)),
            Links::Server => served(page, &format!(".{}", format.suffix())),
        }
    }

    /// The address of where a figure comes from.
    #[must_use]
    pub fn why(&self, claim: &Slug, at: Option<Index>, figure: Figure) -> String {
        match (self, at) {
            // A past state has all its figures on one page.
            (Links::Folder { .. }, Some(_)) => {
                let page = self.to(&Page::Why(claim, at, None));
                format!("{page}#{}", figure.long())
            }
            _ => self.to(&Page::Why(claim, at, Some(figure))),
        }
    }

    /// The address of a claim's bundle: what proves its page.
    #[must_use]
    pub fn bundle(&self, claim: &Slug) -> String {
        self.file(&bundle_file(claim))
    }

    /// The address of an event in the log; `address` as a byline has it: `@41`, `@41.1`.
    #[must_use]
    pub fn event(&self, address: &str) -> String {
        let place = address.trim_start_matches('@');
        let entry = place.split('.').next().unwrap_or_default();
        let chunk = entry.parse::<u64>().unwrap_or_default() / LOG_CHUNK;
        let page = self.to(&Page::Log(Some(chunk)));
        format!("{page}#e{place}")
    }

    /// The address of a file at the top: `checkpoint`, the style sheet.
    #[must_use]
    pub fn file(&self, path: &str) -> String {
        match self {
            Links::Server => format!("/{path}"),
            Links::Folder { depth } => match "../".repeat(*depth) + path {
                here if here.is_empty() => "./".to_owned(),
                there => there,
            },
        }
    }
}

/// The folder of a page, from the top; the page is the `index.html` in it.
#[must_use]
pub fn folder(page: &Page<'_>) -> String {
    match page {
        Page::Claims(listing) => listing_folder(listing),
        Page::Subjects(Kind::Claim) => String::new(),
        Page::Subjects(kind) => format!("{}s/", kind.word()),
        Page::Claim(slug, at) => state_folder(slug, *at),
        Page::Why(slug, at, None) => format!("{}why/", state_folder(slug, *at)),
        Page::Why(slug, at, Some(figure)) => {
            format!("{}why/{}/", state_folder(slug, *at), figure.long())
        }
        Page::History(slug) => format!("claim/{slug}/history/"),
        Page::Diff(slug, at) => format!("{}diff/", state_folder(slug, Some(*at))),
        Page::Blame(slug) => format!("claim/{slug}/blame/"),
        Page::Subject(Subject::Ledger) | Page::Audit => "audit/".to_owned(),
        Page::Subject(subject) => format!("{subject}/"),
        Page::Log(None) => "log/".to_owned(),
        Page::Log(Some(chunk)) => format!("log/{chunk}/"),
    }
}

fn state_folder(slug: &Slug, at: Option<Index>) -> String {
    match at {
        None => format!("claim/{slug}/"),
        Some(index) => format!("claim/{slug}/as-of/{index}/"),
    }
}

fn listing_folder(listing: &Listing<'_>) -> String {
    let facet = match listing.facet {
        Facet::All => String::new(),
        Facet::Status(word) => format!("status/{word}/"),
        Facet::Domain(name) => format!("domain/{}/", domain_name(name)),
        Facet::View(view, verdict) => format!("view/{view}/{verdict}/"),
    };
    let order = match listing.order {
        Order::Slug => String::new(),
        Order::Updated => "by/updated/".to_owned(),
        Order::Figure(figure) => format!("by/{}/", figure.long()),
    };
    let part = match listing.part {
        0 | 1 => String::new(),
        part => format!("part/{part}/"),
    };
    format!("{facet}{order}{part}")
}

/// A domain's name as the name of a folder: itself in small letters where that is plain, else what
/// is plain of it and the first digits of its hash.
fn domain_name(name: &str) -> String {
    let folded = name.to_lowercase().replace('ς', "σ");
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let words: Vec<&str> = folded.split(' ').collect();
    let plain = words
        .iter()
        .all(|word| !word.is_empty() && word.chars().all(is_plain));
    if plain && folded.len() <= 96 {
        return words.join("-");
    }
    let kept: String = folded
        .chars()
        .map(|c| if is_plain(c) { c } else { '-' })
        .take(40)
        .collect();
    let hash = Hash::of(folded.as_bytes()).to_string();
    format!("{}-{}", kept.trim_matches('-'), &hash[..12])
        .trim_start_matches('-')
        .to_owned()
}

/// The file of a claim's bundle, from the top.
#[must_use]
pub fn bundle_file(claim: &Slug) -> String {
    format!("claim/{claim}.claim.json")
}

/// The file with the same content for programs, from the top.
#[must_use]
pub fn data_file(page: &Page<'_>, format: Format) -> String {
    let folder = folder(page);
    let name = match folder.trim_end_matches('/') {
        "" => "claims",
        name => name,
    };
    format!("{name}.{}", format.suffix())
}

/// The address of a page on a server: what a folder has as a folder stands in the query.
fn served(page: &Page<'_>, suffix: &str) -> String {
    let as_of = |at: &Option<Index>| at.map_or_else(String::new, |at| format!("?as-of=@{at}"));
    match page {
        Page::Claims(listing) => served_listing(listing, suffix),
        Page::Claim(slug, at) => format!("/claim/{slug}{suffix}{}", as_of(at)),
        Page::Why(slug, at, figure) => {
            let figure = figure.map_or_else(String::new, |figure| format!("/{}", figure.long()));
            format!("/claim/{slug}/why{figure}{suffix}{}", as_of(at))
        }
        Page::Diff(slug, at) => format!("/claim/{slug}/diff{suffix}?to=@{at}"),
        Page::Log(Some(chunk)) => format!("/log{suffix}?part={chunk}"),
        other => {
            let folder = folder(other);
            format!("/{}{suffix}", folder.trim_end_matches('/'))
        }
    }
}

fn served_listing(listing: &Listing<'_>, suffix: &str) -> String {
    let mut asked = Vec::new();
    match listing.facet {
        Facet::All => {}
        Facet::Status(word) => asked.push(format!("status={word}")),
        Facet::Domain(name) => asked.push(format!("domain={}", percent_encoded(name))),
        Facet::View(view, verdict) => asked.push(format!("view={view}:{verdict}")),
    }
    match listing.order {
        Order::Slug => {}
        Order::Updated => asked.push("sort=updated".to_owned()),
        Order::Figure(figure) => asked.push(format!("sort={}", figure.short())),
    }
    if listing.part > 1 {
        asked.push(format!("part={}", listing.part));
    }
    let name = if suffix.is_empty() { "" } else { "claims" };
    match asked.is_empty() {
        true => format!("/{name}{suffix}"),
        false => format!("/{name}{suffix}?{}", asked.join("&")),
    }
}

/// Text as a part of an address: all but unreserved characters by their bytes (RFC 3986 §2.1).
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_page_has_one_folder_and_links_from_it_are_relative() {
        let slug: Slug = "rare".parse().unwrap();
        let past = Page::Claim(&slug, Some(12));
        let from = Links::of_file(&past);
        assert_eq!(
            from.to(&Page::Claim(&slug, None)),
            "../../../../claim/rare/"
        );
        assert_eq!(from.to(&Page::Claims(Listing::all())), "../../../../");
        assert_eq!(
            from.data(&past, Format::Json),
            "../../../../claim/rare/as-of/12.json"
        );
        assert_eq!(
            from.why(&slug, Some(12), Figure::Scope),
            "../../../../claim/rare/as-of/12/why/#scope"
        );
        assert_eq!(from.event("@251.1"), "../../../../log/1/#e251.1");
        assert_eq!(from.bundle(&slug), "../../../../claim/rare.claim.json");
        let home = Links::of_file(&Page::Claims(Listing::all()));
        assert_eq!(home.to(&Page::Claims(Listing::all())), "./");
        assert_eq!(home.file("checkpoint"), "checkpoint");
        assert_eq!(
            home.data(&Page::Claims(Listing::all()), Format::Json),
            "claims.json"
        );
    }

    #[test]
    fn a_server_is_asked_in_the_query() {
        let slug: Slug = "rare".parse().unwrap();
        let links = Links::Server;
        assert_eq!(
            links.to(&Page::Claim(&slug, Some(12))),
            "/claim/rare?as-of=@12"
        );
        assert_eq!(
            links.data(&Page::Claim(&slug, None), Format::Atom),
            "/claim/rare.atom"
        );
        assert_eq!(links.bundle(&slug), "/claim/rare.claim.json");
        let listing = Listing {
            facet: Facet::Domain("R&D / law"),
            order: Order::Figure(Figure::Support),
            part: 2,
        };
        assert_eq!(
            links.to(&Page::Claims(listing)),
            "/?domain=R%26D%20%2F%20law&sort=supp&part=2"
        );
    }

    proptest! {
        #[test]
        fn no_name_of_a_domain_leads_out_of_the_folder(name in "\\PC{0,60}") {
            let folder = domain_name(&name);
            prop_assert!(!folder.is_empty());
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            prop_assert!(folder.bytes().all(plain), "{folder}");
        }

        #[test]
        fn domains_that_differ_have_folders_that_differ(one in "[aA b.-]{1,6}", other in "[aA b.-]{1,6}") {
            let same = one.to_lowercase() == other.to_lowercase();
            prop_assert_eq!(domain_name(&one) == domain_name(&other), same);
        }
    }
}
