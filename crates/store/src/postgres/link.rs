//! One connection: statements prepared once, questions sent together.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tacebo_wire::block_on;
use tokio_postgres::{
    Client, Error, Row, Statement,
    types::{ToSql, Type},
};

use super::{
    failure::Failure,
    together::{Asked, send_only, together},
};
use crate::{Prepared, conn::Value};

/// A value and what it is sent as.
pub(crate) type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// One thing to send.
pub(crate) enum Step<'a> {
    /// Commands without values.
    Plain(&'a str),
    /// A statement with its values.
    Ask(&'static str, Vec<Param<'a>>),
}

impl<'a> Step<'a> {
    pub(crate) fn ask(text: &'static str, values: &'a [Value<'a>]) -> Self {
        Self::Ask(text, values.iter().map(|value| (value as &(dyn ToSql + Sync), value.ty())).collect())
    }
}

/// A connection to the server.
pub(crate) struct Link {
    client: Client,
    prepared: Prepared,
    statements: Mutex<BTreeMap<&'static str, Statement>>,
    lost: AtomicBool,
}

impl Link {
    pub(crate) fn new(client: Client, prepared: Prepared) -> Self {
        Self { client, prepared, statements: Mutex::default(), lost: AtomicBool::new(false) }
    }

    /// Whether nothing can be asked over it any more.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire) || self.client.is_closed()
    }

    /// Gives it up: what is on its way may or may not happen.
    pub(crate) fn give_up(&self) {
        self.lost.store(true, Ordering::Release);
    }

    /// Sends the steps together and waits for all answers, at most so long; the first that failed is the failure.
    pub(crate) fn run(&self, steps: &[Step<'_>], longest: Duration) -> Result<Vec<Vec<Row>>, Failure> {
        self.run_to_end(steps, longest).map_err(|(_, failure)| failure)
    }

    /// The same, and says which step failed: the last one may have done its work all the same.
    pub(crate) fn run_to_end(&self, steps: &[Step<'_>], longest: Duration) -> Result<Vec<Vec<Row>>, (usize, Failure)> {
        if self.is_lost() {
            return Err((0, Failure::Lost("the connection is closed".to_owned())));
        }
        let done = match block_on(self.send(steps), longest) {
            Some(Ok(answers)) => {
                let placed = answers.into_iter().enumerate().map(|(n, answer)| answer.map_err(|e| (n, e.into())));
                placed.collect()
            }
            Some(Err(e)) => Err((0, e.into())),
            None => Err((0, Failure::Lost(format!("no answer within {} s", longest.as_secs())))),
        };
        if matches!(done, Err((_, Failure::Lost(_)))) {
            self.give_up();
        }
        done
    }

    /// Sends commands whose answer nobody needs.
    pub(crate) fn send_only(&self, commands: &str) {
        send_only(self.client.batch_execute(commands));
    }

    async fn send(&self, steps: &[Step<'_>]) -> Result<Vec<Result<Vec<Row>, Error>>, Error> {
        self.prepare(steps).await?;
        let asked = steps.iter().map(|step| -> Asked<'_, Result<Vec<Row>, Error>> {
            match step {
                Step::Plain(commands) => {
                    Box::pin(async { self.client.batch_execute(commands).await.map(|()| Vec::new()) })
                }
                Step::Ask(text, params) => match self.statement(text) {
                    Some(statement) => Box::pin(async move {
                        let values: Vec<_> = params.iter().map(|(value, _)| *value).collect();
                        self.client.query(&statement, &values).await
                    }),
                    None => Box::pin(self.client.query_typed(text, params)),
                },
            }
        });
        Ok(together(asked.collect()).await)
    }

    fn statement(&self, text: &'static str) -> Option<Statement> {
        self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(text).cloned()
    }

    /// Prepares what was not asked before. Done for all steps before the first is sent, or a step that waits for its
    /// statement would be overtaken by those behind it.
    async fn prepare(&self, steps: &[Step<'_>]) -> Result<(), Error> {
        if self.prepared == Prepared::Unnamed {
            return Ok(());
        }
        let mut missing: BTreeMap<&'static str, Vec<Type>> = BTreeMap::new();
        for step in steps {
            if let Step::Ask(text, params) = step
                && self.statement(text).is_none()
            {
                missing.entry(text).or_insert_with(|| params.iter().map(|(_, ty)| ty.clone()).collect());
            }
        }
        let asked = missing.iter().map(|(text, types)| -> Asked<'_, _> {
            Box::pin(async move { Ok::<_, Error>((*text, self.client.prepare_typed(text, types).await?)) })
        });
        for made in together(asked.collect()).await {
            let (text, statement) = made?;
            self.statements.lock().unwrap_or_else(PoisonError::into_inner).insert(text, statement);
        }
        Ok(())
    }
}
