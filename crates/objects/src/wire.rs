//! The thread that drives requests, and waiting for it from any thread.

use std::{
    future::Future,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use tacebo_wire::block_on;

use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::{Semaphore, oneshot},
};

use crate::ObjectError;

/// The request itself gives up before whoever waits for it.
const GRACE: Duration = Duration::from_secs(1);

/// A runtime of our own: whoever waits here may be on any runtime's thread, or on none.
pub(crate) struct Wire {
    handle: Handle,
    /// Requests that may be on their way.
    places: Arc<Semaphore>,
    whole: Duration,
    driver: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Wire {
    pub(crate) fn new(together: usize, whole: Duration) -> Result<Self, ObjectError> {
        let failed = |e: std::io::Error| ObjectError::Configuration(format!("no thread for the object storage: {e}"));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(together.max(1))
            .thread_name("objects-disk")
            .build()
            .map_err(failed)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let driver = thread::Builder::new()
            .name("objects-wire".to_owned())
            .spawn(move || {
                // Either word means the end.
                let _ = runtime.block_on(stopped);
                runtime.shutdown_timeout(Duration::from_millis(500));
            })
            .map_err(failed)?;
        Ok(Self { handle, places: Arc::new(Semaphore::new(together.max(1))), whole, driver: Some((stop, driver)) })
    }

    /// Runs a request and waits for it, at most for the whole patience.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        request: impl Future<Output = Result<T, ObjectError>> + Send + 'static,
    ) -> Result<T, ObjectError> {
        let (places, whole) = (Arc::clone(&self.places), self.whole);
        let task = self.handle.spawn(async move {
            let asked = async {
                let place = tokio::time::timeout(whole / 2, places.acquire()).await;
                let _place = place.ok().and_then(Result::ok).ok_or(ObjectError::Busy)?;
                request.await
            };
            let done = tokio::time::timeout(whole, asked).await;
            done.unwrap_or_else(|_| Err(ObjectError::Silent(whole.as_secs())))
        });
        match park(task, self.whole + GRACE) {
            Some(Ok(done)) => done,
            Some(Err(_)) => Err(ObjectError::Unreachable("closed".to_owned())),
            None => Err(ObjectError::Silent(self.whole.as_secs())),
        }
    }

    /// Runs something beside the calls.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(task);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let Some((stop, driver)) = self.driver.take() {
            // An error means that it has ended already.
            let _ = stop.send(());
            if driver.thread().id() != thread::current().id() && driver.join().is_err() {
                tracing::error!("the thread that drives the object storage ended by a panic");
            }
        }
    }
}

/// Waits on this thread, at most so long; a runtime that the thread works for goes on without it. A storage that does not
/// answer must not stop those who ask for something else.
pub(crate) fn park<F: Future>(future: F, longest: Duration) -> Option<F::Output> {
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(|| block_on(future, longest))
        }
        _ => block_on(future, longest),
    }
}
