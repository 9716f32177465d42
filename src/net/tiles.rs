//! A client of C2SP tlog-tiles: fetches the files of a log that any static file server serves.
//! Nothing that it gives is believed; what reads it authenticates every byte.

use std::fmt;
use std::io::{self, Read as _};
use std::thread::sleep;
use std::time::Duration;

use ureq::http::{Response, StatusCode, header};
use ureq::{Agent, Body};

use crate::ledger::SourceError;
use crate::tlog::TileSource;

/// A server has so long to take a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// And so long for a whole answer: a full bundle has up to 16 MiB.
const ANSWER: Duration = Duration::from_secs(120);
/// A file is asked for so many times while the server or the way to it fails.
const TRIES: u32 = 5;
/// The wait after the first failure; each later one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// Text that is not the address of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadUrl(String);

impl fmt::Display for BadUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schemes = if cfg!(feature = "https") {
            "http:// or https://"
        } else {
            "http:// (this build has no https)"
        };
        write!(
            f,
            "{:?}: expected {schemes}, a host, and a path without query",
            self.0
        )
    }
}

impl std::error::Error for BadUrl {}

/// A log's files below an address. A redirect is not followed, an answer is never longer than was
/// asked for, and what fails for a moment is asked for again.
pub struct UrlSource<'t> {
    /// Without a slash at its end.
    prefix: String,
    agent: Agent,
    tell: Box<dyn FnMut(&str) + 't>,
}

impl fmt::Debug for UrlSource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UrlSource({})", self.prefix)
    }
}

/// Why an answer was not had.
enum Failed {
    /// It may be had later.
    ForNow(String),
    /// It will not.
    ForGood(String),
}

impl<'t> UrlSource<'t> {
    /// The log below `prefix`: `http://log.example/l1` has `http://log.example/l1/checkpoint`.
    ///
    /// # Errors
    /// For another scheme than http (or https, where it is built in), and for an address with a
    /// query, a fragment or a user.
    pub fn new(prefix: &str) -> Result<UrlSource<'t>, BadUrl> {
        let config = Agent::config_builder()
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(ANSWER))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("grounds/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(UrlSource {
            prefix: plain_prefix(prefix)?.to_owned(),
            agent: config.into(),
            tell: Box::new(|_| {}),
        })
    }

    /// With somebody to tell why a file is asked for again.
    #[must_use]
    pub fn told_of_retries(mut self, tell: impl FnMut(&str) + 't) -> UrlSource<'t> {
        self.tell = Box::new(tell);
        self
    }

    fn once(&self, url: &str, most: usize) -> Result<Option<Vec<u8>>, Failed> {
        let failed = |error: ureq::Error| Failed::ForNow(error.to_string());
        let mut response = self.agent.get(url).call().map_err(failed)?;
        match response.status() {
            StatusCode::OK => read(&mut response, most).map(Some),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => Err(
                Failed::ForNow(format!("found status {status}, expected 200")),
            ),
            status if status.is_redirection() => {
                let to = response.headers().get(header::LOCATION);
                let to = String::from_utf8_lossy(to.map_or(b"", |to| to.as_bytes())).into_owned();
                Err(Failed::ForGood(format!(
                    "found a redirect to {to:?}, expected the file itself; give the address it leads to"
                )))
            }
            status => Err(Failed::ForGood(format!(
                "found status {status}, expected 200 or 404"
            ))),
        }
    }
}

/// An address that others are made of, without its last slash.
pub(super) fn plain_prefix(prefix: &str) -> Result<&str, BadUrl> {
    let bad = || BadUrl(prefix.to_owned());
    let schemes: &[&str] = if cfg!(feature = "https") {
        &["http://", "https://"]
    } else {
        &["http://"]
    };
    let rest = schemes
        .iter()
        .find_map(|scheme| prefix.strip_prefix(scheme))
        .ok_or_else(bad)?;
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'@');
    if rest.is_empty() || rest.starts_with('/') || !rest.bytes().all(is_plain) {
        return Err(bad());
    }
    Ok(prefix.trim_end_matches('/'))
}

/// The body, as far as one byte more than was asked for.
fn read(response: &mut Response<Body>, most: usize) -> Result<Vec<u8>, Failed> {
    if let Some(coding) = response.headers().get(header::CONTENT_ENCODING)
        && coding != "identity"
    {
        let why =
            format!("found the content coding {coding:?}, expected none, as none was asked for");
        return Err(Failed::ForGood(why));
    }
    let promised = response.body().content_length();
    let failed = |error: io::Error| Failed::ForNow(error.to_string());
    let mut bytes = Vec::new();
    let limit = most as u64 + 1;
    let mut body = response.body_mut().as_reader().take(limit);
    body.read_to_end(&mut bytes).map_err(failed)?;
    match promised {
        Some(promised) if (bytes.len() as u64) < promised.min(limit) => {
            let found = bytes.len();
            Err(Failed::ForNow(format!(
                "found {found} bytes, expected {promised}"
            )))
        }
        _ => Ok(bytes),
    }
}

impl TileSource for UrlSource<'_> {
    type Error = SourceError;

    fn fetch(&mut self, path: &str, max_bytes: usize) -> Result<Option<Vec<u8>>, SourceError> {
        let url = format!("{}/{path}", self.prefix);
        let mut wait = FIRST_WAIT;
        for tries in 1.. {
            let why = match self.once(&url, max_bytes) {
                Ok(fetched) => return Ok(fetched),
                Err(Failed::ForNow(why)) if tries < TRIES => why,
                Err(Failed::ForNow(why) | Failed::ForGood(why)) => {
                    return Err(SourceError { place: url, why });
                }
            };
            (self.tell)(&format!("{url}: {why}"));
            sleep(wait);
            wait *= 2;
        }
        unreachable!("the last try gives an answer or fails")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::cell::RefCell;
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// A server that gives these answers, one a connection, and what was asked of it.
    fn served(answers: Vec<Vec<u8>>) -> (String, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let prefix = format!("http://{}/log/", listener.local_addr().unwrap());
        let serving = std::thread::spawn(move || {
            let mut asked = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                asked.push(request_line(&stream));
                // The client may have had enough of it.
                let _ = stream.write_all(&answer);
            }
            asked
        });
        (prefix, serving)
    }

    fn request_line(stream: &TcpStream) -> String {
        let mut lines = BufReader::new(stream).lines();
        let first = lines.next().unwrap().unwrap();
        while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
        first
    }

    fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
        );
        [head.as_bytes(), body].concat()
    }

    #[test]
    fn a_file_is_fetched_and_one_that_is_not_there_is_none() {
        let (prefix, serving) = served(vec![
            answer("200 OK", "", b"tile"),
            answer("404 Not Found", "", b"no"),
        ]);
        let mut source = UrlSource::new(&prefix).unwrap();
        assert_eq!(source.fetch("tile/0/000", 10).unwrap().unwrap(), b"tile");
        assert_eq!(source.fetch("tile/entries/x001/000.p/7", 10).unwrap(), None);
        let asked = [
            "GET /log/tile/0/000 HTTP/1.1",
            "GET /log/tile/entries/x001/000.p/7 HTTP/1.1",
        ];
        assert_eq!(serving.join().unwrap(), asked);
    }

    #[test]
    fn of_a_longer_answer_one_byte_more_is_read() {
        let endless = [
            &b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"[..],
            &[7; 1 << 20],
        ]
        .concat();
        let (prefix, serving) = served(vec![answer("200 OK", "", &[7; 100_000]), endless]);
        let mut source = UrlSource::new(&prefix).unwrap();
        for _ in 0..2 {
            assert_eq!(source.fetch("checkpoint", 32).unwrap().unwrap(), [7; 33]);
        }
        serving.join().unwrap();
    }

    #[test]
    fn what_fails_for_a_moment_is_asked_for_again_and_it_is_told() {
        let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nfi".to_vec();
        let busy = answer("503 Service Unavailable", "", b"");
        let (prefix, serving) = served(vec![busy, cut, Vec::new(), answer("200 OK", "", b"file")]);
        let told = RefCell::new(Vec::new());
        let mut source = UrlSource::new(&prefix)
            .unwrap()
            .told_of_retries(|why| told.borrow_mut().push(why.to_owned()));
        assert_eq!(source.fetch("checkpoint", 10).unwrap().unwrap(), b"file");
        drop(source);
        assert_eq!(serving.join().unwrap().len(), 4);
        assert_eq!(told.borrow().len(), 3, "{told:?}");
        assert!(told.borrow()[0].contains("503"), "{told:?}");
    }

    #[test]
    fn a_server_that_keeps_failing_is_given_up() {
        let (prefix, serving) = served(vec![answer("500 Internal Server Error", "", b""); 5]);
        let error = UrlSource::new(&prefix)
            .unwrap()
            .fetch("checkpoint", 10)
            .unwrap_err();
        assert!(error.to_string().contains("status 500"), "{error}");
        assert_eq!(serving.join().unwrap().len(), 5);
    }

    #[test]
    fn redirects_codings_and_other_answers_are_refused_at_once() {
        for (status, headers, said) in [
            (
                "301 Moved",
                "Location: http://elsewhere.example/\r\n",
                "redirect to \"http://elsewhere.example/\"",
            ),
            ("302 Found", "Location: file:///etc/passwd\r\n", "redirect"),
            ("200 OK", "Content-Encoding: gzip\r\n", "content coding"),
            ("403 Forbidden", "", "status 403"),
        ] {
            let (prefix, serving) = served(vec![answer(status, headers, b"x")]);
            let error = UrlSource::new(&prefix)
                .unwrap()
                .fetch("checkpoint", 10)
                .unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
            assert_eq!(serving.join().unwrap().len(), 1);
        }
    }

    #[test]
    fn only_http_addresses_are_taken() {
        for bad in [
            "file:///etc",
            "ftp://log.example/",
            "log.example",
            "http://",
            "http:///x",
            "http://user@log.example/",
            "http://log.example/?a",
            "http://log.example/#a",
            "http://log.example/a b",
            "",
        ] {
            assert!(UrlSource::new(bad).is_err(), "{bad}");
        }
        assert_eq!(
            UrlSource::new("https://log.example/").is_ok(),
            cfg!(feature = "https")
        );
        let shown = format!("{:?}", UrlSource::new("http://log.example/l1//").unwrap());
        assert_eq!(shown, "UrlSource(http://log.example/l1)");
    }
}
