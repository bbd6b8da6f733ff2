//! A link to the database that a test can cut, or make silent.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use diskdock::store::postgres::PostgresAddress;

use crate::harness::postgres::TestDatabase;

/// How often a side looks whether the link is still whole.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Whole,
    /// Connections are refused, and those that there are end.
    Down,
    /// Nothing is carried any more.
    Silent,
    /// The connection that next sends a commit ends, with or without carrying it.
    CutAtCommit {
        gets_there: bool,
    },
}

/// The link.
pub(crate) struct Proxy {
    port: u16,
    link: Arc<Mutex<Link>>,
}

impl Proxy {
    /// A link to this server.
    pub(crate) fn start(server: &str) -> Proxy {
        let target = server.rsplit('@').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, link) =
            (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Link::Whole)));
        let known = Arc::clone(&link);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if *known.lock().unwrap() == Link::Down {
                    continue;
                }
                let database = TcpStream::connect(&target).unwrap();
                let sides = [(&client, &database, true), (&database, &client, false)];
                for (from, to, is_client) in sides {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let link = Arc::clone(&known);
                    std::thread::spawn(move || carry(from, to, &link, is_client));
                }
            }
        });
        Proxy { port, link }
    }

    /// The database through the link.
    pub(crate) fn address(&self, database: &TestDatabase) -> PostgresAddress {
        let text =
            format!("postgres://{}@127.0.0.1:{}/{}", database.user(), self.port, database.name());
        PostgresAddress::new(&text, None).unwrap()
    }

    pub(crate) fn cut_at_commit(&self, gets_there: bool) {
        *self.link.lock().unwrap() = Link::CutAtCommit { gets_there };
    }

    pub(crate) fn take_away(&self, is_silent: bool) {
        *self.link.lock().unwrap() = if is_silent { Link::Silent } else { Link::Down };
    }

    pub(crate) fn bring_back(&self) {
        *self.link.lock().unwrap() = Link::Whole;
    }
}

/// Carries bytes in one direction until the link ends.
fn carry(mut from: TcpStream, mut to: TcpStream, link: &Mutex<Link>, is_client: bool) {
    from.set_read_timeout(Some(LOOK)).unwrap();
    let mut bytes = [0; 16 * 1024];
    loop {
        let read = match from.read(&mut bytes) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => 0,
            Err(_) => break,
        };
        let mut now = link.lock().unwrap();
        match *now {
            Link::Down => break,
            Link::Silent if read > 0 => {
                // What was dropped is never carried: the connection stays, and stays silent.
                drop(now);
                while *link.lock().unwrap() == Link::Silent {
                    std::thread::park_timeout(LOOK);
                }
                break;
            }
            Link::CutAtCommit { gets_there }
                if is_client && bytes[..read].windows(7).any(|found| found == b"COMMIT\0") =>
            {
                *now = Link::Whole;
                // No answer may come back.
                let _ = from.shutdown(Shutdown::Both);
                if gets_there {
                    let _ = to.write_all(&bytes[..read]);
                    let _ = to.shutdown(Shutdown::Write);
                }
                break;
            }
            Link::Whole | Link::Silent | Link::CutAtCommit { .. } => {}
        }
        drop(now);
        if to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Write);
}
