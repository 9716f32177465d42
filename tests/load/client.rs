//! A client of HTTP/1.1 that costs little: one connection that is kept, requests as bytes.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take at most.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request as it is sent.
#[derive(Clone)]
pub(crate) struct Request(pub(crate) Vec<u8>);

impl Request {
    pub(crate) fn get(path: &str) -> Request {
        Request(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes())
    }

    pub(crate) fn post(path: &str, body: &[u8]) -> Request {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        Request([head.as_bytes(), body].concat())
    }
}

/// An answer.
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// A connection, opened again where the server has closed it.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) fn to(address: SocketAddr) -> Connection {
        Connection {
            address,
            stream: None,
            buffer: Vec::with_capacity(1 << 16),
        }
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn ask(&mut self, request: &Request) -> io::Result<Answered> {
        let answered = timeout(PATIENCE, self.asked(request)).await;
        let answered = answered.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        if answered.is_err() {
            self.stream = None;
        }
        answered
    }

    async fn asked(&mut self, request: &Request) -> io::Result<Answered> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                stream
            }
        };
        stream.write_all(&request.0).await?;
        let buffer = &mut self.buffer;
        buffer.clear();
        let (head, body) = loop {
            if stream.read_buf(buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break (Head::read(&buffer[..end])?, end + 4);
            }
        };
        let whole = body + head.length;
        while buffer.len() < whole {
            if stream.read_buf(buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        if !head.closes {
            self.stream = Some(stream);
        }
        Ok(Answered {
            status: head.status,
            body: buffer[body..whole].to_vec(),
        })
    }
}

/// What the head of an answer says.
struct Head {
    status: u16,
    length: usize,
    closes: bool,
}

impl Head {
    fn read(bytes: &[u8]) -> io::Result<Head> {
        let odd = || io::Error::new(io::ErrorKind::InvalidData, "an answer of no known form");
        let text = std::str::from_utf8(bytes).map_err(|_| odd())?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.get(9..12)?.parse().ok());
        let mut head = Head {
            status: status.ok_or_else(odd)?,
            length: 0,
            closes: false,
        };
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                head.length = value.parse().map_err(|_| odd())?;
            }
            if name.eq_ignore_ascii_case("transfer-encoding") {
                return Err(odd());
            }
            head.closes |= name.eq_ignore_ascii_case("connection") && value == "close";
        }
        Ok(head)
    }
}
