//! The load generator: one thread, sockets that never block, one request under way on each.
//!
//! It shares the processors with the server, so it does as little as it can: requests come from
//! templates, and of an answer it reads the status and the length.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use memchr::memmem::Finder;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The requests of a load, and the use of the answers.
pub(crate) trait Work {
    /// Appends the next request of this connection; false if there is none left.
    fn ask(&mut self, connection: usize, now: Instant, out: &mut Vec<u8>) -> bool;
    /// Takes the answer to it.
    fn on_reply(&mut self, connection: usize, status: u16, body: &[u8]);
}

/// Turns of connections at things that are shared out among them: each has every so-manieth one.
#[derive(Debug)]
pub(crate) struct SharedOut {
    things: usize,
    connections: usize,
    /// The one that each connection had last.
    last: Vec<usize>,
}

impl SharedOut {
    /// Shares so many things out among so many connections.
    pub(crate) fn new(things: usize, connections: usize) -> SharedOut {
        // The first question moves on to the thing after the last one.
        let last = (0..connections).map(|at| at + things).collect();
        SharedOut { things, connections, last }
    }

    /// The next one of this connection, after its last the first one again.
    pub(crate) fn next(&mut self, connection: usize) -> usize {
        let next = self.last[connection] + self.connections;
        self.last[connection] = if next < self.things { next } else { connection };
        self.last[connection]
    }

    /// The one that this connection had last.
    pub(crate) fn last(&self, connection: usize) -> usize {
        self.last[connection]
    }
}

/// The result of a load.
#[derive(Debug, Default)]
pub(crate) struct LoadResult {
    /// Answers with status 200 within the time.
    pub answers: u64,
    /// Answers with another status.
    pub refused: u64,
    /// The time.
    pub took: Duration,
    /// Microseconds that each good answer took, ascending.
    latencies: Vec<u32>,
}

impl LoadResult {
    /// Good answers in a second.
    pub(crate) fn rate(&self) -> f64 {
        // Counts stay far below 2^52.
        #[expect(clippy::cast_precision_loss)]
        let answers = self.answers as f64;
        answers / self.took.as_secs_f64().max(1e-9)
    }

    /// The latency that so many of a hundred answers did not exceed, in microseconds.
    pub(crate) fn percentile(&self, percent: usize) -> u32 {
        let at = self.latencies.len() * percent / 100;
        self.latencies.get(at.min(self.latencies.len().saturating_sub(1))).copied().unwrap_or(0)
    }
}

/// Runs the work over so many connections until the time is up or nothing is left to ask.
pub(crate) fn run(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    work: &mut impl Work,
) -> io::Result<LoadResult> {
    run_at_all(&[address], connections, time, work)
}

/// The same, the connections shared out among these addresses.
pub(crate) fn run_at_all(
    addresses: &[SocketAddr],
    connections: usize,
    time: Duration,
    work: &mut impl Work,
) -> io::Result<LoadResult> {
    let generator = Generator::connect(addresses, connections)?;
    let began = Instant::now();
    generator.run(began, began + time, work)
}

struct Generator {
    poll: Poll,
    connections: Vec<Connection>,
    finders: Finders,
    outcome: LoadResult,
    waiting: usize,
}

impl Generator {
    fn connect(addresses: &[SocketAddr], count: usize) -> io::Result<Generator> {
        let poll = Poll::new()?;
        let mut connections = Vec::with_capacity(count);
        for (at, address) in (0..count).zip(addresses.iter().cycle()) {
            let stream = std::net::TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(at), interest)?;
            connections.push(Connection::new(stream));
        }
        let (finders, outcome) = (Finders::new(), LoadResult::default());
        Ok(Generator { poll, connections, finders, outcome, waiting: 0 })
    }

    fn run(
        mut self,
        began: Instant,
        until: Instant,
        work: &mut impl Work,
    ) -> io::Result<LoadResult> {
        let mut events = Events::with_capacity(256);
        for at in 0..self.connections.len() {
            self.ask(at, Instant::now(), until, work)?;
        }
        let mut last = Instant::now();
        while self.waiting > 0 {
            self.poll.poll(&mut events, Some(TIMEOUT))?;
            if events.is_empty() {
                return Err(io::Error::new(ErrorKind::TimedOut, "no answer came"));
            }
            for event in &events {
                let at = event.token().0;
                self.connections[at].flush()?;
                if !event.is_readable() || !self.connections[at].receive(&self.finders)? {
                    continue;
                }
                let now = Instant::now();
                if self.take(at, now, until, work) {
                    last = now;
                }
                self.ask(at, now, until, work)?;
            }
        }
        self.outcome.took = if last < until { last - began } else { until - began };
        self.outcome.latencies.sort_unstable();
        Ok(self.outcome)
    }

    fn ask(
        &mut self,
        at: usize,
        now: Instant,
        until: Instant,
        work: &mut impl Work,
    ) -> io::Result<()> {
        let connection = &mut self.connections[at];
        connection.output.clear();
        connection.sent = 0;
        if now < until && work.ask(at, now, &mut connection.output) {
            connection.asked_at = now;
            self.waiting += 1;
            connection.flush()?;
        }
        Ok(())
    }

    /// Takes a complete answer in; true if it counts.
    fn take(&mut self, at: usize, now: Instant, until: Instant, work: &mut impl Work) -> bool {
        let connection = &mut self.connections[at];
        let Some(head) = connection.head.take() else { return false };
        work.on_reply(at, head.status, &connection.input[head.body..head.end]);
        connection.filled = 0;
        self.waiting -= 1;
        if now > until {
            return false;
        }
        if head.status == 200 {
            self.outcome.answers += 1;
            let took = now.duration_since(connection.asked_at).as_micros();
            self.outcome.latencies.push(u32::try_from(took).unwrap_or(u32::MAX));
        } else {
            self.outcome.refused += 1;
        }
        true
    }
}

struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    filled: usize,
    head: Option<Head>,
    output: Vec<u8>,
    sent: usize,
    asked_at: Instant,
}

/// Status of an answer, and where its body lies.
#[derive(Clone, Copy)]
struct Head {
    status: u16,
    body: usize,
    end: usize,
}

impl Connection {
    fn new(stream: TcpStream) -> Connection {
        Connection {
            stream,
            input: vec![0; 16 * 1024],
            filled: 0,
            head: None,
            output: Vec::with_capacity(1024),
            sent: 0,
            asked_at: Instant::now(),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.sent < self.output.len() {
            match self.stream.write(&self.output[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads what is there; true once the answer is complete.
    fn receive(&mut self, finders: &Finders) -> io::Result<bool> {
        loop {
            match self.stream.read(&mut self.input[self.filled..]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
            if self.head.is_none() {
                self.head = finders.head(&self.input[..self.filled]);
            }
            match self.head {
                Some(head) if self.filled >= head.end => return Ok(true),
                Some(head) if head.end > self.input.len() => self.input.resize(head.end, 0),
                _ => {}
            }
        }
    }
}

struct Finders {
    end: Finder<'static>,
    length: Finder<'static>,
}

impl Finders {
    fn new() -> Finders {
        Finders { end: Finder::new(b"\r\n\r\n"), length: Finder::new(b"content-length: ") }
    }

    /// The head of an answer, if it is there as a whole.
    fn head(&self, input: &[u8]) -> Option<Head> {
        let body = self.end.find(input)? + 4;
        let status = number(input.get(9..)?);
        let at = self.length.find(&input[..body]);
        let length = at.map_or(0, |at| number(&input[at + 16..]));
        Some(Head { status: u16::try_from(status).unwrap_or(0), body, end: body + length })
    }
}

/// The number at the beginning.
fn number(text: &[u8]) -> usize {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_status_and_length() {
        let finders = Finders::new();
        let text = b"HTTP/1.1 404 Not Found\r\ncontent-length: 12\r\n\r\nabcdefghijkl";
        let head = finders.head(text).unwrap();
        assert_eq!((head.status, &text[head.body..head.end]), (404, &b"abcdefghijkl"[..]));
        assert!(finders.head(&text[..30]).is_none());
    }
}
