//! Going through the names of objects.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::StreamExt;
use object_store::{ObjectMeta, ObjectStore, path::Path};
use tokio::sync::mpsc;

use crate::{Name, ObjectError, s3, wire};

/// Names that are fetched ahead of whoever reads them.
const AHEAD: usize = 2048;

/// An object without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What it is called.
    pub name: Name,
    /// Bytes in it.
    pub length: u64,
    /// When it was made, by the clock of the place.
    pub made: SystemTime,
}

/// All objects under a prefix, in no promised order; those made meanwhile may be among them or not.
#[derive(Debug)]
pub struct Listing {
    found: mpsc::Receiver<Result<Listed, ObjectError>>,
    patience: Duration,
}

impl Listing {
    pub(crate) fn start(
        wire: &wire::Wire,
        store: Result<Arc<dyn ObjectStore>, ObjectError>,
        prefix: String,
        under: Path,
        patience: Duration,
    ) -> Self {
        let (tell, found) = mpsc::channel(AHEAD);
        wire.spawn(async move {
            let store = match store {
                Ok(store) => store,
                Err(ObjectError::Missing) => return,
                // Nobody may want to know any more.
                Err(error) => return drop(tell.send(Err(error)).await),
            };
            let under = Some(under).filter(|path| !path.as_ref().is_empty());
            let mut stream = store.list(under.as_ref());
            while let Some(next) = stream.next().await {
                let next = match next {
                    Ok(meta) => match listed(&meta, &prefix) {
                        Some(listed) => Ok(listed),
                        None => continue,
                    },
                    // A folder that nobody has put anything into is not there.
                    Err(object_store::Error::NotFound { .. }) => break,
                    Err(error) => Err(s3::meant(&error)),
                };
                let over = next.is_err();
                // Nobody may want to know any more.
                if tell.send(next).await.is_err() || over {
                    break;
                }
            }
        });
        Self { found, patience }
    }
}

impl Iterator for Listing {
    type Item = Result<Listed, ObjectError>;

    fn next(&mut self) -> Option<Self::Item> {
        wire::park(self.found.recv(), self.patience).unwrap_or_else(|| {
            self.found.close();
            Some(Err(ObjectError::Silent(self.patience.as_secs())))
        })
    }
}

pub(crate) fn listed(meta: &ObjectMeta, prefix: &str) -> Option<Listed> {
    Some(Listed {
        name: Name::of(&meta.location, prefix)?,
        length: meta.size,
        made: SystemTime::from(meta.last_modified),
    })
}
