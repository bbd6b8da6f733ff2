//! Hears from other servers that something changed which this one keeps in memory.
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

/// Says so, when the transaction commits.
pub(super) const NOTIFY: &str = "NOTIFY diskdock_keys";
const LISTEN: &str = "LISTEN diskdock_keys";
/// How long the listener rests before it connects again.
const REST: Duration = Duration::from_secs(2);
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Listens for ever, and tells who waits for it; also after each time in which it could not.
pub(super) async fn listen(address: PostgresAddress, changed: Arc<Notify>) {
    loop {
        // A database that is away is in the log already.
        let _ = until_lost(&address, &changed).await;
        tokio::time::sleep(REST).await;
    }
}

async fn until_lost(
    address: &PostgresAddress,
    changed: &Arc<Notify>,
) -> Result<(), tokio_postgres::Error> {
    match &address.tls {
        Some(tls) => {
            let (client, connection) = address.config.connect(tls.clone()).await?;
            hear(client, connection, changed).await
        }
        None => {
            let (client, connection) = address.config.connect(NoTls).await?;
            hear(client, connection, changed).await
        }
    }
}

/// Hears what comes on one connection until it ends.
async fn hear<S, T>(
    client: Client,
    mut connection: Connection<S, T>,
    changed: &Arc<Notify>,
) -> Result<(), tokio_postgres::Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let heard = Arc::clone(changed);
    let mut heard_all = tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(_) = message {
                heard.notify_one();
            }
        }
    });
    let listening = tokio::time::timeout(CONNECT_TIMEOUT, client.batch_execute(LISTEN)).await;
    if let Ok(Ok(())) = listening {
        changed.notify_one();
        // It ends with the connection.
        let _ = (&mut heard_all).await;
    }
    heard_all.abort();
    Ok(())
}
