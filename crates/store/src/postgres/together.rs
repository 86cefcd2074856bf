//! Several questions in one flight.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

/// What is sent in one go: a question whose answer comes in its turn.
pub(crate) type Asked<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends all questions at once, in order, and waits for all answers. A server answers a connection in order, so only the
/// first open one is looked at.
pub(crate) async fn together<T>(asked: Vec<Asked<'_, T>>) -> Vec<T> {
    let mut done = Vec::with_capacity(asked.len());
    let mut early = std::collections::VecDeque::with_capacity(asked.len());
    let mut waiting = std::collections::VecDeque::with_capacity(asked.len());
    let mut asked = asked.into_iter();
    let mut sent = false;
    poll_fn(move |context| {
        if !sent {
            sent = true;
            for mut one in asked.by_ref() {
                match one.as_mut().poll(context) {
                    Poll::Ready(answer) => early.push_back(Some(answer)),
                    Poll::Pending => early.push_back(None),
                }
                waiting.push_back(one);
            }
        }
        while let (Some(answer), Some(one)) = (early.front_mut(), waiting.front_mut()) {
            let answer = match answer.take() {
                Some(answer) => answer,
                None => match one.as_mut().poll(context) {
                    Poll::Ready(answer) => answer,
                    Poll::Pending => return Poll::Pending,
                },
            };
            done.push(answer);
            early.pop_front();
            waiting.pop_front();
        }
        Poll::Ready(std::mem::take(&mut done))
    })
    .await
}

/// Sends something whose answer nobody needs: the connection takes it when it comes.
pub(crate) fn send_only<F: Future>(future: F) {
    let mut future = pin!(future);
    let sent = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    drop(sent);
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Duration};

    use tacebo_wire::block_on;

    use super::*;

    #[test]
    fn answers_come_in_the_order_of_the_questions() {
        let (first, second) = (tokio::sync::oneshot::channel::<u8>(), tokio::sync::oneshot::channel::<u8>());
        second.0.send(2).unwrap();
        let other = thread::spawn(move || first.0.send(1).unwrap());
        let asked: Vec<Asked<'_, u8>> =
            vec![Box::pin(async { first.1.await.unwrap() }), Box::pin(async { second.1.await.unwrap() })];
        assert_eq!(block_on(together(asked), Duration::from_mins(1)).unwrap(), [1, 2]);
        other.join().unwrap();
    }
}
