//! An object that is made in pieces.

use std::{fmt, sync::Arc};

use bytes::{Bytes, BytesMut};
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload, path::Path};
use tokio::sync::Mutex;

use crate::{ObjectError, Objects, s3::meant};

/// Bytes in a piece: S3 takes none below 5 MiB but the last, and no more than 10,000 of them (160 GiB like this).
const PIECE: usize = 16 << 20;

/// An object that is being made. It is there when [`Upload::finish`] has returned, whole and durable; dropped before that, it
/// never was.
pub struct Upload {
    objects: Objects,
    parts: Option<Arc<Mutex<Box<dyn MultipartUpload>>>>,
    waiting: BytesMut,
    length: u64,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("length", &self.length).finish_non_exhaustive()
    }
}

impl Upload {
    pub(crate) fn start(objects: Objects, path: Path) -> Result<Self, ObjectError> {
        let store = objects.made()?;
        let parts = objects.wire().wait(async move { store.put_multipart(&path).await.map_err(|e| meant(&e)) })?;
        Ok(Self { objects, parts: Some(Arc::new(Mutex::new(parts))), waiting: BytesMut::new(), length: 0 })
    }

    /// Adds bytes behind those before. No more than a piece is held.
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<(), ObjectError> {
        self.length += bytes.len() as u64;
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.waiting.len()));
            self.waiting.extend_from_slice(now);
            bytes = later;
            if self.waiting.len() == PIECE {
                let piece = self.waiting.split().freeze();
                self.send(piece)?;
            }
        }
        Ok(())
    }

    /// Bytes written so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Makes the object. After an error it is not there, or not known to be: take another name.
    pub fn finish(mut self) -> Result<(), ObjectError> {
        if !self.waiting.is_empty() || self.length == 0 {
            let piece = self.waiting.split().freeze();
            self.send(piece)?;
        }
        let Some(parts) = self.parts.clone() else { return Err(ObjectError::Missing) };
        self.objects
            .wire()
            .wait(async move { parts.lock().await.complete().await.map(drop).map_err(|e| meant(&e)) })?;
        self.parts = None;
        Ok(())
    }

    fn send(&self, piece: Bytes) -> Result<(), ObjectError> {
        let Some(parts) = self.parts.clone() else { return Err(ObjectError::Missing) };
        self.objects.wire().wait(async move {
            let sending = parts.lock().await.put_part(PutPayload::from_bytes(piece));
            sending.await.map_err(|e| meant(&e))
        })
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(parts) = self.parts.take() {
            let aborted =
                self.objects.wire().wait(async move { parts.lock().await.abort().await.map_err(|e| meant(&e)) });
            if let Err(error) = aborted {
                tracing::warn!(%error, "an unfinished object could not be taken back");
            }
        }
    }
}
