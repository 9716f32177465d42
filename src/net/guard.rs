//! The stream below hyper: it lets whole request heads through that mean one thing only, and after
//! each as many bytes as it announced.
//!
//! hyper takes what other readers take differently (Content-Length beside Transfer-Encoding, bare
//! line feeds, requests without a host). The guard reads each head first, and counts the body
//! itself, so that it knows where the next head begins: also on a connection that is kept alive,
//! and where requests are sent without waiting for answers.
//!
//! **Why nothing slips past.** Only four kinds of bytes reach hyper: a head that was examined; the
//! body bytes that follow it by the one framing that the head has; nothing, while a request is
//! being answered (the next head is not even looked at before); and, in place of a head that is
//! refused, one fixed request, after which nothing follows. hyper can take no byte for the
//! beginning of a request that the guard took for something else, since between two heads both have
//! counted the same bytes: a Content-Length without a second meaning, or chunks of the strictest
//! form. The fixed request is answered with the refusal, in its turn, by whoever answers.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use hyper::rt::ReadBufCursor;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::head::{Chunks, Framing, Refused, end_of_head, examine};

/// What stands in for a head that is refused.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nHost: refused\r\nConnection: close\r\n\r\n";

/// Bytes asked of the stream at a time.
const PIECE: usize = 16 * 1024;

/// What guard and answerer of a connection tell each other.
#[derive(Debug, Default)]
pub(super) struct Flow {
    state: Mutex<FlowState>,
    /// The connection is to make room if it is idle.
    pub(super) make_room: tokio::sync::Notify,
}

#[derive(Debug, Default)]
struct FlowState {
    /// Requests that were let through and are not answered to the end.
    open: u32,
    refused: Option<Refused>,
    waiting: Option<Waker>,
}

impl Flow {
    fn state(&self) -> MutexGuard<'_, FlowState> {
        // Nothing is left half done where a holder panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no request is being read or answered.
    pub(super) fn is_idle(&self) -> bool {
        self.state().open == 0
    }

    /// What the guard refused, where the request at hand stands in for it.
    pub(super) fn refused(&self) -> Option<Refused> {
        self.state().refused.clone()
    }

    fn begin(&self) {
        self.state().open += 1;
    }

    fn end(&self) {
        let mut state = self.state();
        state.open = state.open.saturating_sub(1);
        if let Some(waker) = state.waiting.take() {
            waker.wake();
        }
    }

    /// Idle, or woken when it is.
    fn poll_idle(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.open == 0 {
            return Poll::Ready(());
        }
        state.waiting = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// A request that was let through; it has been answered when this is dropped.
pub(super) struct Turn(Arc<Flow>);

impl Turn {
    pub(super) fn of(flow: &Arc<Flow>) -> Turn {
        Turn(Arc::clone(flow))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// What the next bytes of the stream are.
enum Stage {
    /// A head; so many of its bytes were looked at.
    Head { seen: usize },
    /// So many bytes of a body.
    Body { left: u64 },
    /// Chunks of a body.
    Chunked(Chunks),
    /// Nothing that anybody reads.
    Refused,
}

/// The guard of one connection.
pub(super) struct Guard<S> {
    stream: S,
    flow: Arc<Flow>,
    stage: Stage,
    /// From the stream, not looked at to the end.
    raw: Vec<u8>,
    /// For hyper.
    checked: Vec<u8>,
    given: usize,
    piece: Box<[u8]>,
    /// How long a head may take, from when one is waited for.
    head_patience: Duration,
    head_deadline: Option<Pin<Box<Sleep>>>,
    /// How long a peer may take to make room for the next bytes of an answer.
    write_patience: Duration,
    write_deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> Guard<S> {
    pub(super) fn new(
        stream: S,
        flow: Arc<Flow>,
        head_patience: Duration,
        write_patience: Duration,
    ) -> Guard<S> {
        Guard {
            stream,
            flow,
            stage: Stage::Head { seen: 0 },
            raw: Vec::new(),
            checked: Vec::new(),
            given: 0,
            piece: vec![0; PIECE].into_boxed_slice(),
            head_patience,
            head_deadline: None,
            write_patience,
            write_deadline: None,
        }
    }

    /// The stream, for what is done after the last answer.
    pub(super) fn into_stream(self) -> S {
        self.stream
    }

    /// The first `count` raw bytes are good.
    fn pass(&mut self, count: usize) {
        self.checked.clear();
        self.given = 0;
        self.checked.extend(self.raw.drain(..count));
    }

    fn refuse(&mut self, refused: Refused) {
        self.flow.state().refused = Some(refused);
        self.flow.begin();
        self.stage = Stage::Refused;
        self.raw = Vec::new();
        self.checked = STAND_IN.to_vec();
        self.given = 0;
        self.head_deadline = None;
    }
}

/// What is to be done for more bytes.
enum Next {
    /// Give what is checked.
    Give,
    /// Read from the stream.
    Read,
}

impl<S: AsyncRead + Unpin> Guard<S> {
    /// Looks at the raw bytes, as far as they go.
    fn look(&mut self, cx: &Context<'_>) -> Poll<io::Result<Next>> {
        match &mut self.stage {
            Stage::Head { seen } => {
                ready!(self.flow.poll_idle(cx));
                match end_of_head(&self.raw, *seen) {
                    Ok(None) => {
                        *seen = self.raw.len();
                        return Poll::Ready(Ok(Next::Read));
                    }
                    Ok(Some(end)) => self.admit(end),
                    Err(refused) => self.refuse(refused),
                }
                Poll::Ready(Ok(Next::Give))
            }
            Stage::Body { left } => {
                let here = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(self.raw.len());
                *left -= here as u64;
                if *left == 0 {
                    self.stage = Stage::Head { seen: 0 };
                }
                self.give_or_read(here)
            }
            Stage::Chunked(chunks) => {
                let taken = chunks.take(&self.raw);
                // The request is being answered: its answerer hears that the body is bad.
                let here =
                    taken.map_err(|refused| io::Error::new(io::ErrorKind::InvalidData, refused))?;
                if *chunks == Chunks::Done {
                    self.stage = Stage::Head { seen: 0 };
                }
                self.give_or_read(here)
            }
            Stage::Refused => Poll::Pending,
        }
    }

    fn give_or_read(&mut self, here: usize) -> Poll<io::Result<Next>> {
        if here == 0 {
            return Poll::Ready(Ok(Next::Read));
        }
        self.pass(here);
        Poll::Ready(Ok(Next::Give))
    }

    /// A whole head of so many bytes.
    fn admit(&mut self, end: usize) {
        match examine(&self.raw[..end]) {
            Err(refused) => self.refuse(refused),
            Ok(framing) => {
                self.flow.begin();
                self.head_deadline = None;
                self.stage = match framing {
                    Framing::Length(0) => Stage::Head { seen: 0 },
                    Framing::Length(left) => Stage::Body { left },
                    Framing::Chunked => Stage::Chunked(Chunks::BEGIN),
                };
                self.pass(end);
            }
        }
    }

    /// More raw bytes; 0 at the end of the stream.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut into = ReadBuf::new(&mut self.piece);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut into))?;
        self.raw.extend_from_slice(into.filled());
        Poll::Ready(Ok(into.filled().len()))
    }

    /// Whether the time for a head is over. A body's time is kept by whoever waits for it.
    fn poll_head_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !matches!(self.stage, Stage::Head { .. }) {
            return Poll::Pending;
        }
        let patience = self.head_patience;
        self.head_deadline
            .get_or_insert_with(|| Box::pin(sleep(patience)))
            .as_mut()
            .poll(cx)
    }
}

impl<S: AsyncRead + Unpin> hyper::rt::Read for Guard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let guard = &mut *self;
        loop {
            if guard.given < guard.checked.len() {
                let left = &guard.checked[guard.given..];
                let here = left.len().min(into.remaining());
                into.put_slice(&left[..here]);
                guard.given += here;
                return Poll::Ready(Ok(()));
            }
            if let Next::Give = ready!(guard.look(cx))? {
                continue;
            }
            match guard.poll_more(cx)? {
                // The end of the stream; what hyper makes of it is its business.
                Poll::Ready(0) => return Poll::Ready(Ok(())),
                Poll::Ready(_) => {}
                Poll::Pending => {
                    ready!(guard.poll_head_deadline(cx));
                    if guard.raw.is_empty() {
                        return Poll::Ready(Ok(()));
                    }
                    guard.refuse(Refused {
                        status: 408,
                        code: "slow",
                        detail: "a head that does not end, expected it sooner".to_owned(),
                    });
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> Guard<S> {
    /// A write that waits fails when the peer takes nothing for too long.
    fn in_time<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.write_deadline = None;
            return written;
        }
        let patience = self.write_patience;
        let deadline = self
            .write_deadline
            .get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> hyper::rt::Write for Guard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.in_time(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.in_time(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.in_time(cx, shut)
    }
}
