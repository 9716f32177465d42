//! Lines: JSON-RPC over standard input and output, a message a line.
//!
//! A line that is no message is answered, too: whoever waits for it is told why there is nothing to
//! wait for. Reading and writing have a thread each, so that no message is ever half written and a
//! read that nobody ends keeps nobody from ending.

use std::io::{self, BufRead, BufReader, Read as _, Write};
use std::sync::mpsc;
use std::thread::JoinHandle;

use rmcp::model::{ErrorData, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::{RoleServer, serde_json};
use tokio::sync::{mpsc as soon, oneshot};

/// A message has at most so many bytes: a signed commit has 128 KiB, and its escapes may double it.
pub(super) const MAX_LINE: usize = 1 << 20;

type Incoming = RxJsonRpcMessage<RoleServer>;
type Outgoing = TxJsonRpcMessage<RoleServer>;

/// A line that came in.
enum Line {
    Whole(Vec<u8>),
    TooLong,
}

/// Bytes to write, and whom to tell that they were.
struct Leaving {
    bytes: Vec<u8>,
    written: Option<oneshot::Sender<io::Result<()>>>,
}

/// The two ends of one client.
pub(super) struct Lines {
    incoming: soon::Receiver<Line>,
    outgoing: mpsc::Sender<Leaving>,
}

/// What writes to standard output until the last message has left.
pub(super) struct Leaves(JoinHandle<()>);

impl Lines {
    /// Over the standard streams of this process.
    pub(super) fn standard() -> (Lines, Leaves) {
        let (to_read, incoming) = soon::channel(16);
        let (outgoing, to_write) = mpsc::channel();
        std::thread::spawn(move || read(BufReader::new(io::stdin()), &to_read));
        let writing = std::thread::spawn(move || write(&mut io::stdout(), &to_write));
        (Lines { incoming, outgoing }, Leaves(writing))
    }

    fn refuse(&self, error: ErrorData, id: Option<RequestId>) {
        let bytes = bytes_of(&Outgoing::error(error, id));
        let written = None;
        // The next answer finds out that nobody reads any more.
        let _ = self.outgoing.send(Leaving { bytes, written });
    }
}

impl Leaves {
    /// Waits until everything is written.
    pub(super) fn wait(self) {
        let _ = self.0.join();
    }
}

impl Transport<RoleServer> for Lines {
    type Error = io::Error;

    fn send(
        &mut self,
        item: Outgoing,
    ) -> impl Future<Output = Result<(), io::Error>> + Send + 'static {
        let (written, is_written) = oneshot::channel();
        let leaving = Leaving {
            bytes: bytes_of(&item),
            written: Some(written),
        };
        let sent = self.outgoing.send(leaving);
        async move {
            sent.map_err(|_| gone())?;
            is_written.await.map_err(|_| gone())?
        }
    }

    async fn receive(&mut self) -> Option<Incoming> {
        while let Some(line) = self.incoming.recv().await {
            match message(line) {
                Ok(Some(message)) => return Some(message),
                Ok(None) => {}
                Err((error, id)) => self.refuse(error, id),
            }
        }
        None
    }

    async fn close(&mut self) -> Result<(), io::Error> {
        self.incoming.close();
        Ok(())
    }
}

/// The message of a line; none of an empty one, or of a notification that nobody knows.
fn message(line: Line) -> Result<Option<Incoming>, (ErrorData, Option<RequestId>)> {
    let Line::Whole(bytes) = line else {
        let found =
            format!("found a message of more than {MAX_LINE} bytes, expected a shorter one");
        return Err((ErrorData::invalid_request(found, None), None));
    };
    let bytes = bytes.trim_ascii();
    if bytes.is_empty() {
        return Ok(None);
    }
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| {
        (
            ErrorData::parse_error(format!("found no JSON: {error}"), None),
            None,
        )
    })?;
    let id = value
        .get("id")
        .and_then(|id| serde_json::from_value(id.clone()).ok());
    let is_notification = value.get("method").is_some() && value.get("id").is_none();
    match serde_json::from_value(value) {
        Ok(message) => Ok(Some(message)),
        Err(_) if is_notification => Ok(None),
        Err(_) => Err((
            ErrorData::invalid_request(
                "found JSON of another form, expected a JSON-RPC 2.0 message",
                None,
            ),
            id,
        )),
    }
}

fn bytes_of(message: &Outgoing) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(message).expect("messages have names of text");
    bytes.push(b'\n');
    bytes
}

fn gone() -> io::Error {
    io::Error::from(io::ErrorKind::BrokenPipe)
}

fn read(mut from: impl BufRead, to: &soon::Sender<Line>) {
    while let Ok(Some(line)) = next_line(&mut from) {
        if to.blocking_send(line).is_err() {
            return;
        }
    }
}

/// The next line, its end or the end of the stream after it; never more than the limit in memory.
fn next_line(from: &mut impl BufRead) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    from.by_ref()
        .take(MAX_LINE as u64 + 1)
        .read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') || (line.len() <= MAX_LINE && !line.is_empty()) {
        return Ok(Some(Line::Whole(line)));
    }
    if line.is_empty() {
        return Ok(None);
    }
    skip_line(from)?;
    Ok(Some(Line::TooLong))
}

fn skip_line(from: &mut impl BufRead) -> io::Result<()> {
    loop {
        let there = from.fill_buf()?;
        if there.is_empty() {
            return Ok(());
        }
        let end = there.iter().position(|byte| *byte == b'\n');
        let skipped = end.map_or(there.len(), |end| end + 1);
        from.consume(skipped);
        if end.is_some() {
            return Ok(());
        }
    }
}

fn write(to: &mut impl Write, from: &mpsc::Receiver<Leaving>) {
    for Leaving { bytes, written } in from {
        let result = to.write_all(&bytes).and_then(|()| to.flush());
        if let Some(written) = written {
            // Whoever no longer waits need not be told.
            let _ = written.send(result);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<Option<usize>> {
        let mut from = BufReader::with_capacity(7, bytes);
        let mut lines = Vec::new();
        while let Some(line) = next_line(&mut from).unwrap() {
            lines.push(match line {
                Line::Whole(bytes) => Some(bytes.trim_ascii().len()),
                Line::TooLong => None,
            });
        }
        lines
    }

    #[test]
    fn a_line_that_is_too_long_is_told_apart_and_the_next_one_is_read() {
        let whole = vec![b'a'; MAX_LINE];
        let long = vec![b'a'; MAX_LINE + 1];
        for (last, found) in [(&b"\n"[..], Some(2)), (b"", Some(2))] {
            let bytes = [&whole[..], b"\n", &long, b"\n\n", b"ok", last].concat();
            assert_eq!(lines(&bytes), [Some(MAX_LINE), None, Some(0), found]);
        }
        assert_eq!(lines(&long), [None]);
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn what_is_no_message_is_refused_under_its_id_and_an_unknown_notification_is_nothing() {
        let refused = |text: &str| {
            let (error, id) = message(Line::Whole(text.into())).unwrap_err();
            (error.code.0, id.map(|id| id.to_string()))
        };
        assert_eq!(refused("{"), (-32700, None));
        assert_eq!(refused(&"[".repeat(100_000)), (-32700, None));
        assert_eq!(refused("[]"), (-32600, None));
        assert_eq!(
            refused(r#"{"jsonrpc":"1.0","id":7,"method":"tools/list"}"#),
            (-32600, Some("7".to_owned()))
        );
        for nothing in ["", " \r\n", r#"{"jsonrpc":"2.0","method":5}"#] {
            assert!(message(Line::Whole(nothing.into())).unwrap().is_none());
        }
    }
}
