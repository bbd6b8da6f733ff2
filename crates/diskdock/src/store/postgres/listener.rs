//! Hears from other servers that something changed which this one keeps in memory, or that there
//! is work for hosts.
//!
//! There is one connection for it in each process, and one empty notification for a batch of
//! writes, since each wakes every listener of the database. Changes that are not heard are
//! found by the regular looks all the same.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls};

use super::address::PostgresAddress;

/// Says that access keys changed, when the transaction commits.
pub(super) const NOTIFY_KEYS: &str = "NOTIFY diskdock_keys";
/// Says that there is work for hosts, when the transaction commits.
pub(super) const NOTIFY_WORK: &str = "NOTIFY diskdock_work";
/// The channel of work.
const WORK: &str = "diskdock_work";
const LISTEN_KEYS: &str = "LISTEN diskdock_keys";
/// A process that is no host hears of no work, since each notification costs its listeners.
const LISTEN_ALL: &str = "LISTEN diskdock_keys; LISTEN diskdock_work";
/// How long the listener rests before it connects again.
const REST: Duration = Duration::from_secs(2);
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The notices of other servers, for those who wait for them.
#[derive(Clone, Default)]
pub(super) struct Notices {
    /// Access keys changed.
    pub(super) changed_keys: Arc<Notify>,
    /// There is work for hosts.
    pub(super) new_work: Arc<Notify>,
    /// Whether this process is a host, which wants to hear of work.
    pub(super) hears_of_work: bool,
}

/// Listens for ever, and tells who waits for it; also after each time in which it could not.
pub(super) async fn listen(address: PostgresAddress, notices: Notices) {
    loop {
        // A database that is away is in the log already.
        let _ = until_lost(&address, &notices).await;
        tokio::time::sleep(REST).await;
    }
}

async fn until_lost(
    address: &PostgresAddress,
    notices: &Notices,
) -> Result<(), tokio_postgres::Error> {
    match &address.tls {
        Some(tls) => {
            let (client, connection) = address.config.connect(tls.clone()).await?;
            hear(client, connection, notices).await
        }
        None => {
            let (client, connection) = address.config.connect(NoTls).await?;
            hear(client, connection, notices).await
        }
    }
}

/// Hears what comes on one connection until it ends.
async fn hear<S, T>(
    client: Client,
    mut connection: Connection<S, T>,
    notices: &Notices,
) -> Result<(), tokio_postgres::Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let heard = notices.clone();
    let mut heard_all = tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(about) = message {
                let of_work = about.channel() == WORK;
                if of_work { heard.new_work.notify_one() } else { heard.changed_keys.notify_one() }
            }
        }
    });
    let listen = if notices.hears_of_work { LISTEN_ALL } else { LISTEN_KEYS };
    let listening = tokio::time::timeout(CONNECT_TIMEOUT, client.batch_execute(listen)).await;
    if let Ok(Ok(())) = listening {
        notices.changed_keys.notify_one();
        notices.new_work.notify_one();
        // It ends with the connection.
        let _ = (&mut heard_all).await;
    }
    heard_all.abort();
    Ok(())
}
