//! One connection to the database, and what its errors mean.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use futures_util::future::{MaybeDone, maybe_done};
use tokio::time::Instant;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Row, Statement};

use super::super::StoreError;
use super::address::PostgresAddress;
use super::command::{GUARD_FAILS_WITH, SqlCommand};
use super::value::SqlValue;
use super::wait::ConnectionDriver;

/// How long an answer may take, connecting aside. Longer than the server's own bound below, so that
/// only a server that is silent is given up here.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(6);
/// How long connecting may take, with all hosts, encryption and the first statement: those who wait
/// for a connection that is silent wait for this as well before they are told.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// Prepared statements that a connection keeps; the few beyond are prepared again.
const STATEMENTS: usize = 256;

/// Settings of every connection, in one statement. Nothing that was acknowledged may be lost by a
/// crash, and no transaction is left open by a server of ours that stands still.
const SETTINGS: &str = "SELECT set_config('statement_timeout', '5s', false), \
     set_config('lock_timeout', '2s', false), \
     set_config('idle_in_transaction_session_timeout', '10s', false), \
     set_config('client_min_messages', 'warning', false), \
     CASE WHEN current_setting('synchronous_commit') = 'off' \
     THEN set_config('synchronous_commit', 'on', false) END";

/// A connection with its prepared statements.
pub(super) struct Session {
    client: Client,
    driver: ConnectionDriver,
    statements: RefCell<HashMap<String, Statement>>,
    /// Nothing more may be asked on it: it was lost, or an answer is still to come.
    is_lost: Cell<bool>,
    /// When the question was asked whose answer did not come in time.
    unanswered_since: Cell<Option<Instant>>,
    /// The first error since the transaction began: the server commits nothing after one, and says
    /// so only in passing.
    first_error: RefCell<Option<StoreError>>,
}

impl Session {
    /// Connects. Fails within seconds if the database is away.
    pub(super) fn connect(
        address: &PostgresAddress,
        driver: ConnectionDriver,
    ) -> Result<Session, ConnectFault> {
        let connected = driver.wait(CONNECT_TIMEOUT, open(address));
        let client = connected.unwrap_or_else(|| Err("it does not answer".to_owned()));
        let client = client.map_err(ConnectFault)?;
        Ok(Session {
            client,
            driver,
            statements: RefCell::default(),
            is_lost: Cell::new(false),
            unanswered_since: Cell::new(None),
            first_error: RefCell::default(),
        })
    }

    /// When the question was asked whose answer did not come in time, if there is one.
    pub(super) fn unanswered_since(&self) -> Option<Instant> {
        self.unanswered_since.get()
    }

    /// Begins a transaction.
    pub(super) fn begin(&self, sql: &str) -> Result<(), StoreError> {
        self.forget_error();
        self.batch(sql)
    }

    /// Forgets the errors of earlier transactions.
    pub(super) fn forget_error(&self) {
        self.first_error.replace(None);
    }

    /// Fails if anything failed since the transaction began.
    pub(super) fn first_error(&self) -> Result<(), StoreError> {
        self.first_error.borrow().clone().map_or(Ok(()), Err)
    }

    /// Whether this connection is of no use any more.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost.get() || self.client.is_closed()
    }

    fn answer<T>(
        &self,
        future: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, StoreError> {
        self.answer_to(future, None)
    }

    /// The answer to a statement. A guard that does not hold means what it is for.
    fn answer_to<T>(
        &self,
        future: impl Future<Output = Result<T, tokio_postgres::Error>>,
        guard: Option<&StoreError>,
    ) -> Result<T, StoreError> {
        if self.is_lost() {
            self.is_lost.set(true);
            return Err(StoreError::Unavailable);
        }
        let asked_at = Instant::now();
        let Some(answer) = self.driver.wait(ANSWER_TIMEOUT, future) else {
            self.is_lost.set(true);
            self.unanswered_since.set(Some(asked_at));
            return Err(StoreError::Unavailable);
        };
        answer.map_err(|error| {
            let is_guard = error.code().is_some_and(|code| code.code() == GUARD_FAILS_WITH);
            let guard = guard.filter(|_| is_guard);
            let meant = guard.cloned().unwrap_or_else(|| meaning(&error));
            if error.is_closed() || matches!(meant, StoreError::Unavailable) {
                self.is_lost.set(true);
            }
            self.first_error.borrow_mut().get_or_insert_with(|| meant.clone());
            meant
        })
    }

    fn prepared(&self, sql: &str) -> Result<Statement, StoreError> {
        if let Some(known) = self.statements.borrow().get(sql) {
            return Ok(known.clone());
        }
        let statement = self.answer(self.client.prepare(sql))?;
        let mut statements = self.statements.borrow_mut();
        if statements.len() >= STATEMENTS {
            statements.clear();
        }
        statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Statements without values, in one message.
    pub(super) fn batch(&self, sql: &str) -> Result<(), StoreError> {
        self.answer(self.client.batch_execute(sql))
    }

    /// How many rows a statement changed.
    pub(super) fn execute(&self, sql: &str, values: &[SqlValue]) -> Result<u64, StoreError> {
        let statement = self.prepared(sql)?;
        self.answer(self.client.execute_raw(&statement, as_sql(values)))
    }

    /// All rows that a statement finds.
    pub(super) fn query(&self, sql: &str, values: &[SqlValue]) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepared(sql)?;
        let values: Vec<_> = as_sql(values).collect();
        self.answer(self.client.query(&statement, &values))
    }

    /// The row that a statement finds, if there is one.
    pub(super) fn one(&self, sql: &str, values: &[SqlValue]) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, values)?.into_iter().next())
    }
}

/// The rows that a statement finds, some time.
type PendingRows<'s> = Pin<Box<dyn Future<Output = Result<Vec<Row>, tokio_postgres::Error>> + 's>>;

impl Session {
    /// Sends these commands together and waits for all of them: one round trip. They are carried
    /// out in their order; of several errors the first counts, since it brings the others about.
    pub(super) fn together(&self, commands: &[SqlCommand]) -> Result<Vec<Vec<Row>>, StoreError> {
        let mut answers = Vec::with_capacity(commands.len());
        for command in commands {
            answers.push(maybe_done(self.ask(command)?));
        }
        // What is asked of a future first is to send; answers come in the same order.
        let mut context = Context::from_waker(Waker::noop());
        for answer in &mut answers {
            let _ = Pin::new(answer).poll(&mut context);
        }
        let each = commands.iter().zip(&mut answers);
        each.map(|(command, answer)| self.answer_to(ended(answer), command.guard())).collect()
    }

    fn ask<'s>(&'s self, command: &'s SqlCommand) -> Result<PendingRows<'s>, StoreError> {
        let Some(values) = command.values() else {
            let sent =
                async { self.client.batch_execute(command.sql()).await.map(|()| Vec::new()) };
            return Ok(Box::pin(sent));
        };
        let statement = self.prepared(command.sql())?;
        Ok(Box::pin(async move {
            let values: Vec<_> = as_sql(values).collect();
            self.client.query(&statement, &values).await
        }))
    }
}

/// The end of a future that has been begun.
async fn ended<'s>(
    answer: &mut MaybeDone<PendingRows<'s>>,
) -> Result<Vec<Row>, tokio_postgres::Error> {
    let mut answer = Pin::new(answer);
    answer.as_mut().await;
    answer.take_output().unwrap_or_else(|| Ok(Vec::new()))
}

fn as_sql(values: &[SqlValue]) -> impl ExactSizeIterator<Item = &(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync))
}

/// Why the database cannot be reached, for the log and for who starts a server.
#[derive(Debug)]
pub(super) struct ConnectFault(pub String);

async fn open(address: &PostgresAddress) -> Result<Client, String> {
    let client = match &address.tls {
        Some(tls) => {
            let connected = address.config.connect(tls.clone()).await;
            let (client, connection) = connected.map_err(|error| cause(&error))?;
            tokio::spawn(connection);
            client
        }
        None => {
            let connected = address.config.connect(NoTls).await;
            let (client, connection) = connected.map_err(|error| cause(&error))?;
            tokio::spawn(connection);
            client
        }
    };
    client.batch_execute(SETTINGS).await.map_err(|error| cause(&error))?;
    Ok(client)
}

/// An error with what lies beneath it.
fn cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", cause(source)),
        None => error.to_string(),
    }
}

/// The meaning of an error of the database.
fn meaning(error: &tokio_postgres::Error) -> StoreError {
    let Some(code) = error.code() else { return StoreError::Unavailable };
    let lost_races = [
        &SqlState::T_R_SERIALIZATION_FAILURE,
        &SqlState::T_R_DEADLOCK_DETECTED,
        &SqlState::LOCK_NOT_AVAILABLE,
        &SqlState::UNIQUE_VIOLATION,
    ];
    if lost_races.contains(&code) {
        return StoreError::Conflict;
    }
    // Connections, resources and operators; and a server that has become a standby.
    let passes = ["08", "53", "57"].iter().any(|class| code.code().starts_with(class))
        || *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
        || *code == SqlState::READ_ONLY_SQL_TRANSACTION;
    if passes { StoreError::Unavailable } else { StoreError::Engine(cause(error)) }
}
