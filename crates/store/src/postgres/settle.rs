//! What became of a commit whose answer was lost: asked, never guessed.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{
    columns::{Column, Put},
    failure::Failure,
    link::Step,
    sql,
    writer::{Outcome, ServerWriter, Token},
};

/// Between two tries to ask.
const WAIT: Duration = Duration::from_millis(100);

/// What is known in the end.
pub(super) enum Settled {
    /// The transaction is durable.
    Committed,
    /// Nothing of it is, and nothing will be.
    NotCommitted,
    /// The server did not come back in time, so nobody knows.
    Never(String),
}

impl ServerWriter {
    /// Takes the parts' locks: whoever still worked on the lost transaction held them, so it is over when they are ours.
    /// Then this node's mark tells whether it was the last that went in.
    pub(super) fn settle(&mut self, outcome: &Outcome, token: &Token) -> Settled {
        let until = Instant::now() + self.server.at.patience;
        loop {
            let why = match self.last_mark(outcome) {
                Ok(mark) if mark.as_deref() == Some(token) => return Settled::Committed,
                Ok(_) => return Settled::NotCommitted,
                Err(Failure::Lost(why)) => why,
                Err(Failure::Again(e)) => Failure::Again(e).words(),
                Err(failure) => return Settled::Never(failure.words()),
            };
            if Instant::now() > until {
                return Settled::Never(format!("what became of a commit could not be found out: {why}"));
            }
            thread::park_timeout(WAIT);
        }
    }

    fn last_mark(&mut self, outcome: &Outcome) -> Result<Option<Vec<u8>>, Failure> {
        let link = self.link()?;
        let parts = outcome.parts.iter().map(|after| after.part.sql()).collect();
        let lock = Put::new(sql::LOCK, [Column::Ints(parts)]);
        // One transaction wrote the marks of all parts: the first tells of all.
        let first = outcome.parts.first().map_or(-1, |after| after.part.sql());
        let mark = Put::new(sql::MARK, [Column::Int(first), Column::Byte(&self.node)]);
        let begin = self.server.begin("READ COMMITTED READ WRITE", false);
        let steps = [Step::Plain(&begin), lock.step(), mark.step(), Step::Plain("ROLLBACK")];
        let answers = match link.run(&steps, self.server.longest()) {
            Ok(answers) => answers,
            Err(failure) => {
                link.send_only("ROLLBACK");
                return Err(failure);
            }
        };
        let row = answers.get(2).and_then(|rows| rows.first());
        Ok(row.map(|row| row.try_get::<_, Vec<u8>>(0)).transpose()?)
    }
}
