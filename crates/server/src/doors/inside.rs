//! Pages for people with a session: who has none is sent to the log-in before the handler begins, and why a handler
//! has nothing to show is said after it.

use std::borrow::Borrow;
use std::future::ready;
use std::pin::Pin;

use tacebo_identity::IdentityError;
use tacebo_vault::Door;

use super::session::{Halt, Inside};
use crate::app::App;
use crate::http::{Incoming, Reply};

/// What a handler answers with: a page, or why there is none.
pub(super) trait Answer {
    fn reply(self, inside: &Inside) -> impl Future<Output = Reply> + Send;
}

impl Answer for Reply {
    async fn reply(self, _: &Inside) -> Reply {
        self
    }
}

impl<E: Into<Halt> + Send> Answer for Result<Reply, E> {
    async fn reply(self, inside: &Inside) -> Reply {
        match self {
            Ok(reply) => reply,
            Err(why) => inside.halted(&why.into()).await,
        }
    }
}

impl Answer for Result<Reply, IdentityError> {
    async fn reply(self, inside: &Inside) -> Reply {
        match self {
            Ok(reply) => reply,
            Err(error) => inside.identity_error(&error).await,
        }
    }
}

/// A handler that borrows the person inside: `async fn page(inside: &Inside) -> Result<Reply, Halt>`.
pub(super) trait Handler<'a, P: 'a> {
    type Answer: Answer + Send;
    type Answering: Future<Output = Self::Answer> + Send + 'a;

    fn begin(&self, person: &'a P) -> Self::Answering;
}

impl<'a, P, F, R> Handler<'a, P> for F
where
    P: 'a,
    F: Fn(&'a P) -> R,
    R: Future<Output: Answer + Send> + Send + 'a,
{
    type Answer = R::Output;
    type Answering = R;

    fn begin(&self, person: &'a P) -> R {
        self(person)
    }
}

pub(super) type Answering = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// For whoever `enter` lets in.
pub(super) fn entered<P, E, R, H>(enter: E, handler: H) -> impl Fn(App, Incoming) -> Answering
where
    P: Borrow<Inside> + Send + Sync + 'static,
    E: Fn(App, Incoming) -> R,
    R: Future<Output = Result<P, Reply>> + Send + 'static,
    H: for<'a> Handler<'a, P> + Copy + Send + Sync + 'static,
{
    move |app, incoming| {
        let entering = enter(app, incoming);
        Box::pin(async move {
            match entering.await {
                Ok(person) => Box::pin(handler.begin(&person)).await.reply(person.borrow()).await,
                Err(reply) => reply,
            }
        })
    }
}

/// For whoever has a session and owes no change of secrets.
pub(super) fn inside<H>(handler: H) -> impl Fn(App, Incoming) -> Answering
where
    H: for<'a> Handler<'a, Inside> + Copy + Send + Sync + 'static,
{
    entered(|app, incoming| ready(Inside::enter(app, incoming, Door::Console).map_err(|reply| *reply)), handler)
}

/// For whoever has a session: the pages on which secrets are changed.
pub(super) fn owing<H>(handler: H) -> impl Fn(App, Incoming) -> Answering
where
    H: for<'a> Handler<'a, Inside> + Copy + Send + Sync + 'static,
{
    entered(|app, incoming| ready(Inside::enter_owing(app, incoming, Door::Console).map_err(|reply| *reply)), handler)
}
