//! Pages for people with a session: who has none is sent to the log-in before the handler begins, and why a handler
//! has nothing to show is said after it.

use std::pin::Pin;

use tacebo_vault::Door;

use crate::app::App;
use crate::doors::session::{Halt, Inside};
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

/// A handler that borrows the person inside: `async fn page(inside: &Inside) -> Result<Reply, Halt>`.
pub(super) trait Handler<'a> {
    type Answer: Answer + Send;
    type Answering: Future<Output = Self::Answer> + Send + 'a;

    fn begin(&self, inside: &'a Inside) -> Self::Answering;
}

impl<'a, F, R> Handler<'a> for F
where
    F: Fn(&'a Inside) -> R,
    R: Future<Output: Answer + Send> + Send + 'a,
{
    type Answer = R::Output;
    type Answering = R;

    fn begin(&self, inside: &'a Inside) -> R {
        self(inside)
    }
}

type Answering = Pin<Box<dyn Future<Output = Reply> + Send>>;
type Enter = fn(App, Incoming, Door) -> Result<Inside, Box<Reply>>;

fn entered<H>(enter: Enter, handler: H) -> impl Fn(App, Incoming) -> Answering
where
    H: for<'a> Handler<'a> + Copy + Send + Sync + 'static,
{
    move |app, incoming| {
        Box::pin(async move {
            let inside = match enter(app, incoming, Door::Console) {
                Ok(inside) => inside,
                Err(reply) => return *reply,
            };
            Box::pin(handler.begin(&inside)).await.reply(&inside).await
        })
    }
}

/// For whoever has a session and owes no change of secrets.
pub(super) fn inside<H>(handler: H) -> impl Fn(App, Incoming) -> Answering
where
    H: for<'a> Handler<'a> + Copy + Send + Sync + 'static,
{
    entered(Inside::enter, handler)
}

/// For whoever has a session: the pages on which secrets are changed.
pub(super) fn owing<H>(handler: H) -> impl Fn(App, Incoming) -> Answering
where
    H: for<'a> Handler<'a> + Copy + Send + Sync + 'static,
{
    entered(Inside::enter_owing, handler)
}
