//! The listener: connections with limits, and in front of every route the same checks.
//!
//! A request reaches a route only as a whole: its head was examined ([`super::guard`]), its host is
//! one of ours, and its body came in time and within the route's limit. So a route is a function
//! from a request to an answer, and none has to think of slow or hostile peers.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{HOST, HeaderValue, ORIGIN, X_CONTENT_TYPE_OPTIONS};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::answer::{Answer, refusal};
use super::guard::{Flow, Guard, Turn};
use super::head::Refused;

/// How long what a peer still sends is read after the last answer, so that he gets to read it.
const LINGER: Duration = Duration::from_secs(1);

/// How much of it: bytes.
const MOST_LINGERED: u64 = 1 << 20;

/// The routes of a server.
pub trait Routes: Send + Sync + 'static {
    /// The most bytes that the body of this request may have.
    fn body_limit(&self, _head: &Parts) -> usize {
        1 << 20
    }

    /// So many connections are open now.
    fn connections(&self, _open: usize) {}

    /// Nothing new is accepted from now on, and answers that would go on for ever are to end.
    fn stopping(&self) {}

    /// The answer to a request; its extensions have the [`Peer`]. Nothing that a peer can send makes it panic or fail with 5xx.
    fn answer(&self, request: Request<Bytes>) -> impl Future<Output = Answer> + Send;
}

/// Where a request came from. Behind a proxy, that is the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// What a connection may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a request's head may take, and a connection be idle.
    pub head: Duration,
    /// How long a request's body may take, and a peer to take the next bytes of an answer.
    pub body: Duration,
    /// Connections at a time; where they are all taken, an idle one makes room.
    pub connections: usize,
    /// How long answers may take after the stop.
    pub stop: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            head: Duration::from_secs(10),
            body: Duration::from_secs(15),
            connections: 512,
            stop: Duration::from_secs(20),
        }
    }
}

/// A bound address at which nothing is answered yet.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
    hosts: Hosts,
    limits: Limits,
}

impl Listener {
    /// Binds an address. `names` are the host names under which it is reached, besides those of the
    /// machine itself.
    ///
    /// # Errors
    /// What the system says.
    pub async fn bind(
        address: SocketAddr,
        names: &[String],
        limits: Limits,
    ) -> io::Result<Listener> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Listener {
            listener,
            address,
            hosts: Hosts::of(address, names),
            limits,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop`, and then what has been asked, within the time that the limits give.
    pub async fn serve(self, routes: Arc<impl Routes>, stop: impl Future<Output = ()> + Send) {
        let Listener {
            listener,
            hosts,
            limits,
            ..
        } = self;
        let (stopping, stopped) = watch::channel(false);
        let shared = Arc::new(Shared {
            routes: Arc::clone(&routes),
            hosts,
            limits,
        });
        let mut stop = std::pin::pin!(stop);
        let mut tasks = JoinSet::new();
        let mut open: BTreeMap<u64, (tokio::task::Id, Arc<Flow>)> = BTreeMap::new();
        let mut accepted = 0;
        let mut waiting: Option<TcpStream> = None;
        loop {
            if open.len() < limits.connections.max(1)
                && let Some(stream) = waiting.take()
            {
                // Before it can answer: who asks how many there are is one of them.
                routes.connections(open.len() + 1);
                let flow = Arc::new(Flow::default());
                let shared = Arc::clone(&shared);
                let task = connection(stream, Arc::clone(&flow), shared, stopped.clone());
                open.insert(accepted, (tasks.spawn(task).id(), flow));
                accepted += 1;
            }
            // Only for somebody who is there: else who came last would make room for nobody.
            if waiting.is_some() {
                ask_for_room(&open);
            }
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(ended) = tasks.join_next_with_id(), if !tasks.is_empty() => {
                    let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
                    open.retain(|_, (task, _)| *task != id);
                    routes.connections(open.len());
                }
                stream = listener.accept(), if waiting.is_none() => match stream {
                    Ok((stream, _)) => waiting = Some(stream),
                    // Out of file descriptors, or the peer has gone: others may end meanwhile.
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                },
            }
        }
        drop(listener);
        routes.stopping();
        // Nobody listens where no connection is open.
        let _ = stopping.send(true);
        let _ = timeout(limits.stop, async {
            while tasks.join_next().await.is_some() {}
        })
        .await;
        tasks.shutdown().await;
    }
}

/// The oldest idle connection ends.
fn ask_for_room(open: &BTreeMap<u64, (tokio::task::Id, Arc<Flow>)>) {
    if let Some((_, flow)) = open.values().find(|(_, flow)| flow.is_idle()) {
        flow.make_room.notify_one();
    }
}

/// What all connections have in common.
struct Shared<R> {
    routes: Arc<R>,
    hosts: Hosts,
    limits: Limits,
}

/// One connection, to its end.
async fn connection<R: Routes>(
    stream: TcpStream,
    flow: Arc<Flow>,
    shared: Arc<Shared<R>>,
    mut stopped: watch::Receiver<bool>,
) {
    let limits = shared.limits;
    // Answers are written whole; a small one need not wait for the next.
    let _ = stream.set_nodelay(true);
    let Ok(peer) = stream.peer_addr().map(Peer) else {
        return;
    };
    let guard = Guard::new(stream, Arc::clone(&flow), limits.head, limits.body);
    let answer = service_fn(|request| {
        let (shared, flow) = (Arc::clone(&shared), Arc::clone(&flow));
        async move { Ok::<_, Infallible>(shared.answered(request, peer, &flow).await) }
    });
    let mut connection = http1::Builder::new()
        .half_close(true)
        .serve_connection(guard, answer);
    let mut is_stopping = false;
    loop {
        tokio::select! {
            ended = &mut connection => {
                if ended.is_err() {
                    return;
                }
                break;
            }
            () = flow.make_room.notified() => {
                if flow.is_idle() {
                    return;
                }
            }
            _ = stopped.wait_for(|stopped| *stopped), if !is_stopping => {
                if flow.is_idle() {
                    return;
                }
                is_stopping = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
        }
    }
    linger(connection.into_parts().io.into_stream()).await;
}

/// Reads on for a while: a socket that is closed with unread bytes takes the answer back.
async fn linger(stream: TcpStream) {
    let mut rest = stream.take(MOST_LINGERED);
    let mut piece = vec![0; 16 * 1024];
    let read = async { while rest.read(&mut piece).await.is_ok_and(|read| read > 0) {} };
    let _ = timeout(LINGER, read).await;
}

impl<R: Routes> Shared<R> {
    /// The answer to a request, with what every answer has.
    async fn answered(
        &self,
        request: Request<Incoming>,
        peer: Peer,
        flow: &Arc<Flow>,
    ) -> hyper::Response<Tracked> {
        let turn = Turn::of(flow);
        let mut answer = match flow.refused() {
            Some(refused) => refusal(&refused),
            None => match self.whole(request).await {
                Ok(mut request) => {
                    request.extensions_mut().insert(peer);
                    self.routes.answer(request).await
                }
                Err(refused) => refusal(&refused),
            },
        };
        answer
            .headers_mut()
            .insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        answer.map(|body| Tracked { body, _turn: turn })
    }

    /// The request with its whole body, if it may be answered at all.
    async fn whole(&self, request: Request<Incoming>) -> Result<Request<Bytes>, Refused> {
        let (head, body) = request.into_parts();
        self.hosts.admit(&head)?;
        let limit = self.routes.body_limit(&head);
        let too_large = || Refused {
            status: 413,
            code: "limit",
            detail: format!("a body of more than {limit} bytes, expected at most that"),
        };
        if body.size_hint().lower() > limit as u64 {
            return Err(too_large());
        }
        let slow = |_| Refused {
            status: 408,
            code: "slow",
            detail: "a body that does not end, expected it sooner".to_owned(),
        };
        match timeout(self.limits.body, Limited::new(body, limit).collect())
            .await
            .map_err(slow)?
        {
            Ok(body) => Ok(Request::from_parts(head, body.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
            Err(_) => Err(Refused {
                status: 400,
                code: "request",
                detail: "a body that ends early or is not chunked as announced".to_owned(),
            }),
        }
    }
}

/// A body that ends its request's turn when it has been sent.
struct Tracked {
    body: UnsyncBoxBody<Bytes, Infallible>,
    _turn: Turn,
}

impl Body for Tracked {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The names under which we may be asked.
///
/// A page of another site can have its own name resolve to a loopback address, and then read and
/// write here as if it were ours (DNS rebinding); the Host header still has the name.
#[derive(Debug)]
struct Hosts {
    /// Lower-case, without port; none where any name will do.
    names: Option<Vec<String>>,
}

impl Hosts {
    fn of(address: SocketAddr, names: &[String]) -> Hosts {
        if !address.ip().is_loopback() && names.is_empty() {
            return Hosts { names: None };
        }
        let own = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
        let given = names.iter().map(|name| name.to_ascii_lowercase());
        Hosts {
            names: Some(own.into_iter().chain(given).collect()),
        }
    }

    fn admit(&self, head: &Parts) -> Result<(), Refused> {
        let host = head.headers.get(HOST).map(HeaderValue::as_bytes);
        let host = host.map(String::from_utf8_lossy).unwrap_or_default();
        if !self.knows(&host) {
            return Err(Refused {
                status: 421,
                code: "host",
                detail: "a Host that is not this server, expected localhost or a name given to it"
                    .to_owned(),
            });
        }
        if matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(());
        }
        let is_own = |origin: &HeaderValue| {
            let origin = String::from_utf8_lossy(origin.as_bytes());
            let bare = origin
                .strip_prefix("http://")
                .or_else(|| origin.strip_prefix("https://"));
            bare.is_some_and(|bare| bare.eq_ignore_ascii_case(&host))
        };
        if head.headers.get_all(ORIGIN).iter().all(is_own) {
            return Ok(());
        }
        Err(Refused {
            status: 403,
            code: "origin",
            detail: "a request from a page of another site".to_owned(),
        })
    }

    fn knows(&self, host: &str) -> bool {
        let (name, port) = match host.rfind(':') {
            // The colons inside brackets belong to the address.
            Some(at) if !host.ends_with(']') => (&host[..at], &host[at + 1..]),
            _ => (host, "80"),
        };
        let is_port =
            !port.is_empty() && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit());
        let is_known = |names: &Vec<String>| names.contains(&name.to_ascii_lowercase());
        is_port && !name.is_empty() && self.names.as_ref().is_none_or(is_known)
    }
}
