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
    /// What changed for it between two states.
    Diff(&'p Slug, Ends<'p>),
    /// Who last changed each field and figure.
    Blame(&'p Slug),
    /// An artifact, an agent, a context or a view; a claim as it stands; the ledger is the audit.
    Subject(&'p Subject),
    /// What happened: the newest entries, or a part of the log of [`LOG_CHUNK`] entries.
    Log(Option<u64>),
    /// What was checked, and the ledger itself.
    Audit,
}

/// Between which states a claim is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends<'p> {
    /// What an entry changed: the state with it against the state before.
    Entry(Index),
    /// Two states that somebody names; only a server answers.
    Asked(Compared<'p>),
}

/// Two states as they are named in an address; nothing is the newest one, by the model in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compared<'p> {
    /// From here: an entry, an event, a date or a time in UTC.
    pub from: Option<&'p str>,
    /// To here.
    pub to: Option<&'p str>,
    /// Whether both are meant by when it held in the world, not by when it was recorded.
    pub is_effective: bool,
    /// The model at the first, as `name@version`.
    pub model: Option<&'p str>,
    /// The model at the second.
    pub model2: Option<&'p str>,
}

/// Which claims are listed, how, and which part of the list.
///
/// A folder of files has the lists by one facet or none, in order of [`super::ORDERS`]; a server
/// answers for all that can be put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<'p> {
    /// Words that all must occur.
    pub search: Option<&'p str>,
    /// Lifecycles and standings, by their words: all of them.
    pub status: Vec<&'p str>,
    /// A domain, by its name (ledger text); names that differ in case only are one.
    pub domain: Option<&'p str>,
    /// A view and its verdict; without a verdict: included or downweighted.
    pub view: Option<(&'p Slug, Option<ViewVerdict>)>,
    /// In which order.
    pub order: Order,
    /// Whether in the reverse of that order.
    pub reverse: bool,
    /// Which part, from 1.
    pub part: usize,
}

/// By what claims are picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facet<'p> {
    /// A lifecycle or a standing, by its word.
    Status(&'p str),
    /// A domain, by its name (ledger text).
    Domain(&'p str),
    /// A verdict of a view; none: included or downweighted.
    View(&'p Slug, Option<ViewVerdict>),
}

impl<'p> Listing<'p> {
    /// All claims, by slug.
    #[must_use]
    pub fn all() -> Listing<'p> {
        Listing {
            search: None,
            status: Vec::new(),
            domain: None,
            view: None,
            order: Order::Slug,
            reverse: false,
            part: 1,
        }
    }

    /// The claims of one facet, by slug.
    #[must_use]
    pub fn of(facet: Facet<'p>) -> Listing<'p> {
        Listing::all().with(facet)
    }

    /// These claims, as far as they are of a facet as well; a list has one domain and one view.
    #[must_use]
    pub fn with(&self, facet: Facet<'p>) -> Listing<'p> {
        let mut listing = self.without(facet);
        match facet {
            Facet::Status(word) => listing.status.push(word),
            Facet::Domain(name) => listing.domain = Some(name),
            Facet::View(view, verdict) => listing.view = Some((view, verdict)),
        }
        listing
    }

    /// These claims, whether they are of a facet or not.
    #[must_use]
    pub fn without(&self, facet: Facet<'p>) -> Listing<'p> {
        let mut listing = self.clone();
        listing.part = 1;
        match facet {
            Facet::Status(word) => listing.status.retain(|one| *one != word),
            Facet::Domain(_) => listing.domain = None,
            Facet::View(..) => listing.view = None,
        }
        listing
    }

    /// The facets that it is picked by.
    #[must_use]
    pub fn facets(&self) -> Vec<Facet<'p>> {
        let status = self.status.iter().map(|word| Facet::Status(word));
        let domain = self.domain.map(Facet::Domain);
        let view = self.view.map(|(view, verdict)| Facet::View(view, verdict));
        status.chain(domain).chain(view).collect()
    }

    /// Whether it is picked by this facet.
    #[must_use]
    pub fn is_of(&self, facet: &Facet<'_>) -> bool {
        match facet {
            Facet::Status(word) => self.status.contains(word),
            Facet::Domain(name) => self.domain.is_some_and(|one| folded(one) == folded(name)),
            Facet::View(view, verdict) => self.view == Some((view, *verdict)),
        }
    }

    /// Whether it is picked by nothing.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.search.is_none() && self.facets().is_empty()
    }

    /// The name of its order in an address, a minus before it where it is turned.
    #[must_use]
    pub fn order_name(&self) -> String {
        let sign = if self.reverse { "-" } else { "" };
        let name = match self.order {
            Order::Slug => "slug",
            Order::Updated => "updated",
            Order::Figure(figure) => figure.short(),
        };
        format!("{sign}{name}")
    }
}

/// Text in one case; a final sigma is a sigma.
fn folded(text: &str) -> String {
    text.to_lowercase().replace('ς', "σ")
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
    /// Linked data in the terms of schema.org and PROV-O, as JSON-LD 1.1.
    Jsonld,
}

impl Format {
    /// The end of its address.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Jsonl => "jsonl",
            Format::Atom => "atom",
            Format::Jsonld => "jsonld",
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Jsonl => "application/jsonl",
            Format::Atom => "application/atom+xml",
            Format::Jsonld => "application/ld+json",
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
    /// On a server, within the state that somebody asked for: every link stays in it.
    Within(Within),
}

/// Which state was asked for, as it is spelled in an address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Within {
    /// As the ledger knew it: an entry, an event, a date or a time in UTC.
    pub as_of: Option<String>,
    /// Only what held in the world by then.
    pub effective: Option<String>,
    /// A model as `name@version`.
    pub model: Option<String>,
}

impl Within {
    /// Whether the newest state is asked for, by the model in force.
    #[must_use]
    pub fn is_newest(&self) -> bool {
        *self == Within::default()
    }

    /// What it is in the query of an address, in this order.
    #[must_use]
    pub fn asked(&self) -> Vec<(&'static str, &str)> {
        let asked = [
            ("as-of", &self.as_of),
            ("effective", &self.effective),
            ("model", &self.model),
        ];
        let given = asked
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_deref()?)));
        given.collect()
    }
}

impl Links {
    /// The links of a page that is a file in a folder.
    #[must_use]
    pub fn of_file(page: &Page<'_>) -> Links {
        Links::Folder {
            depth: folder(page).matches('/').count(),
        }
    }

    /// The links of a server's page of this state.
    #[must_use]
    pub fn within(within: Within) -> Links {
        match within.is_newest() {
            true => Links::Server,
            false => Links::Within(within),
        }
    }

    /// Whether a reader can ask for a date that no page was written for.
    #[must_use]
    pub fn answers(&self) -> bool {
        !matches!(self, Links::Folder { .. })
    }

    /// Which state they stay in; none: the newest, or that of a file.
    #[must_use]
    pub fn asked(&self) -> Option<&Within> {
        match self {
            Links::Within(within) => Some(within),
            Links::Folder { .. } | Links::Server => None,
        }
    }

    /// The address of a page.
    #[must_use]
    pub fn to(&self, page: &Page<'_>) -> String {
        match self {
            Links::Folder { .. } => self.file(&folder(page)),
            Links::Server => served(page, "", &Within::default()),
            Links::Within(within) => served(page, "", within),
        }
    }

    /// The address of a page of the newest state, whichever state these links stay in.
    #[must_use]
    pub fn newest(&self, page: &Page<'_>) -> String {
        match self {
            Links::Folder { .. } => self.to(page),
            Links::Server | Links::Within(_) => Links::Server.to(page),
        }
    }

    /// The address of the same content for programs.
    #[must_use]
    pub fn data(&self, page: &Page<'_>, format: Format) -> String {
        let suffix = format!(".{}", format.suffix());
        match self {
            Links::Folder { .. } => self.file(&data_file(page, format)),
            Links::Server => served(page, &suffix, &Within::default()),
            Links::Within(within) => served(page, &suffix, within),
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
            Links::Server | Links::Within(_) => format!("/{path}"),
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
        Page::Diff(slug, Ends::Entry(at)) => format!("{}diff/", state_folder(slug, Some(*at))),
        Page::Diff(slug, Ends::Asked(_)) => format!("claim/{slug}/diff/"),
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
    let facets: String = listing.facets().iter().map(facet_folder).collect();
    let turned = if listing.reverse { "-" } else { "" };
    let order = match listing.order {
        Order::Slug if !listing.reverse => String::new(),
        Order::Slug => "by/-slug/".to_owned(),
        Order::Updated => format!("by/{turned}updated/"),
        Order::Figure(figure) => format!("by/{turned}{}/", figure.long()),
    };
    let part = match listing.part {
        0 | 1 => String::new(),
        part => format!("part/{part}/"),
    };
    format!("{facets}{order}{part}")
}

fn facet_folder(facet: &Facet<'_>) -> String {
    match facet {
        Facet::Status(word) => format!("status/{word}/"),
        Facet::Domain(name) => format!("domain/{}/", domain_name(name)),
        Facet::View(view, None) => format!("view/{view}/in/"),
        Facet::View(view, Some(verdict)) => format!("view/{view}/{verdict}/"),
    }
}

/// A domain's name as the name of a folder: itself in small letters where that is plain, else what
/// is plain of it and the first digits of its hash.
fn domain_name(name: &str) -> String {
    let folded = folded(name);
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
fn served(page: &Page<'_>, suffix: &str, within: &Within) -> String {
    let mut asked = Asked::default();
    let mut within = within.clone();
    let path = match page {
        Page::Claims(listing) => {
            asked.listing(listing);
            let name = if suffix.is_empty() { "" } else { "claims" };
            format!("/{name}{suffix}")
        }
        Page::Claim(slug, at) => {
            within.pin(*at);
            format!("/claim/{slug}{suffix}")
        }
        Page::Why(slug, at, figure) => {
            within.pin(*at);
            let figure = figure.map_or_else(String::new, |figure| format!("/{}", figure.long()));
            format!("/claim/{slug}/why{figure}{suffix}")
        }
        Page::Diff(slug, ends) => {
            // It names its states itself.
            within = Within::default();
            asked.ends(ends);
            format!("/claim/{slug}/diff{suffix}")
        }
        Page::Log(Some(chunk)) => {
            asked.put("part", &chunk.to_string());
            format!("/log{suffix}")
        }
        other => format!("/{}{suffix}", folder(other).trim_end_matches('/')),
    };
    for (name, value) in within.asked() {
        asked.put(name, value);
    }
    asked.after(path)
}

impl Within {
    /// The state with an entry, seen otherwise as before.
    fn pin(&mut self, at: Option<Index>) {
        if let Some(at) = at {
            self.as_of = Some(format!("@{at}"));
        }
    }
}

/// The query of an address.
#[derive(Default)]
struct Asked(Vec<String>);

impl Asked {
    fn put(&mut self, name: &str, value: &str) {
        self.0.push(format!("{name}={}", query_encoded(value)));
    }

    fn listing(&mut self, listing: &Listing<'_>) {
        if let Some(words) = listing.search {
            self.put("q", words);
        }
        if !listing.status.is_empty() {
            self.put("status", &listing.status.join(","));
        }
        if let Some(name) = listing.domain {
            self.put("domain", name);
        }
        match listing.view {
            Some((view, Some(verdict))) => self.put("view", &format!("{view}:{verdict}")),
            Some((view, None)) => self.put("view", view.as_str()),
            None => {}
        }
        if listing.order != Order::Slug || listing.reverse {
            self.put("sort", &listing.order_name());
        }
        if listing.part > 1 {
            self.put("part", &listing.part.to_string());
        }
    }

    fn ends(&mut self, ends: &Ends<'_>) {
        let compared = match ends {
            Ends::Entry(at) => {
                if let Some(before) = at.checked_sub(1) {
                    self.put("from", &format!("@{before}"));
                }
                self.put("to", &format!("@{at}"));
                return;
            }
            Ends::Asked(compared) => compared,
        };
        let clock = compared.is_effective.then_some("effective");
        let named = [
            ("from", compared.from),
            ("to", compared.to),
            ("clock", clock),
            ("model", compared.model),
            ("model2", compared.model2),
        ];
        for (name, value) in named {
            if let Some(value) = value {
                self.put(name, value);
            }
        }
    }

    fn after(&self, path: String) -> String {
        match self.0.is_empty() {
            true => path,
            false => format!("{path}?{}", self.0.join("&")),
        }
    }
}

/// Text as a value in a query: as [`percent_encoded`], but with what is plain there.
fn query_encoded(text: &str) -> String {
    let plain = |text: String, (code, character): (&str, &str)| text.replace(code, character);
    [("%40", "@"), ("%3A", ":"), ("%2C", ",")]
        .into_iter()
        .fold(percent_encoded(text), plain)
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

/// What [`percent_encoded`] made a part of an address; what is no UTF-8 is replaced.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%');
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
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
            order: Order::Figure(Figure::Support),
            part: 2,
            ..Listing::of(Facet::Domain("R&D / law"))
        };
        assert_eq!(
            links.to(&Page::Claims(listing)),
            "/?domain=R%26D%20%2F%20law&sort=supp&part=2"
        );
        let view: Slug = "strict".parse().unwrap();
        let listing = Listing {
            search: Some("neurons & 100%"),
            reverse: true,
            ..Listing::of(Facet::Status("active"))
                .with(Facet::Status("contested"))
                .with(Facet::View(&view, Some(ViewVerdict::Included)))
        };
        assert_eq!(
            links.data(&Page::Claims(listing), Format::Json),
            "/claims.json?q=neurons%20%26%20100%25&status=active,contested&view=strict:included&sort=-slug"
        );
        assert_eq!(
            links.to(&Page::Diff(&slug, Ends::Entry(12))),
            "/claim/rare/diff?from=@11&to=@12"
        );
        let compared = Compared {
            from: Some("2026-03-01"),
            is_effective: true,
            ..Compared::default()
        };
        assert_eq!(
            links.data(&Page::Diff(&slug, Ends::Asked(compared)), Format::Json),
            "/claim/rare/diff.json?from=2026-03-01&clock=effective"
        );
    }

    #[test]
    fn links_within_a_state_stay_in_it_and_one_leads_to_the_newest() {
        let slug: Slug = "rare".parse().unwrap();
        let links = Links::within(Within {
            as_of: Some("2026-03-05T10:00:00Z".to_owned()),
            effective: Some("2024".to_owned()),
            model: None,
        });
        let all = Page::Claims(Listing::all());
        assert_eq!(
            links.to(&all),
            "/?as-of=2026-03-05T10:00:00Z&effective=2024"
        );
        assert_eq!(
            links.event("@251.1"),
            "/log?part=1&as-of=2026-03-05T10:00:00Z&effective=2024#e251.1"
        );
        assert_eq!(
            links.why(&slug, Some(9), Figure::Scope),
            "/claim/rare/why/scope?as-of=@9&effective=2024"
        );
        assert_eq!(links.newest(&Page::Claim(&slug, None)), "/claim/rare");
        assert_eq!(links.file("checkpoint"), "/checkpoint");
        assert_eq!(Links::within(Within::default()), Links::Server);
    }

    #[test]
    fn a_facet_that_was_taken_is_put_back_and_a_list_has_one_domain() {
        let listing = Listing {
            part: 7,
            ..Listing::of(Facet::Domain("Law"))
        };
        let other = listing
            .with(Facet::Domain("Physics"))
            .with(Facet::Status("active"));
        assert_eq!((other.domain, other.part), (Some("Physics"), 1));
        assert!(other.is_of(&Facet::Domain("PHYSICS")) && !other.is_all());
        let all = other
            .without(Facet::Status("active"))
            .without(Facet::Domain("x"));
        assert_eq!(all, Listing::all());
    }

    proptest! {
        #[test]
        fn text_in_an_address_comes_back(text in "\\PC{0,40}") {
            prop_assert_eq!(percent_decoded(&percent_encoded(&text)), text.clone());
            prop_assert_eq!(percent_decoded(&query_encoded(&text)), text);
        }

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
