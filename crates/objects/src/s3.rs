//! A bucket as an object store, and what its failures mean.

use std::{error::Error as StdError, sync::Arc};

use object_store::{
    ObjectStore, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder, S3ConditionalPut},
    client::{HttpError, HttpErrorKind},
};

use crate::{ObjectError, S3At, http::Over, http::root_cause};

/// A bucket twice: what may be asked again without harm, and the making of objects, which is looked at first.
pub(crate) struct Bucket {
    pub(crate) patient: Arc<dyn ObjectStore>,
    pub(crate) once: Arc<dyn ObjectStore>,
}

impl Bucket {
    pub(crate) fn new(at: &S3At) -> Result<Self, ObjectError> {
        let clear = in_clear(&at.endpoint)?;
        if !clear && at.authority.is_none() {
            let why = format!("{}: name the certificates that vouch for the object storage", at.endpoint);
            return Err(ObjectError::Configuration(why));
        }
        let over = Over::new(at.authority.as_deref().filter(|_| !clear), &at.patience)?;
        let patient =
            RetryConfig { max_retries: at.patience.again, retry_timeout: at.patience.whole, ..RetryConfig::default() };
        let once = RetryConfig { max_retries: 0, ..patient.clone() };
        let made = |retry| -> Result<Arc<dyn ObjectStore>, ObjectError> {
            Ok(Arc::new(build(at, clear, over.clone(), retry)?))
        };
        Ok(Self { patient: made(patient)?, once: made(once)? })
    }
}

fn build(at: &S3At, clear: bool, over: Over, retry: RetryConfig) -> Result<AmazonS3, ObjectError> {
    let built = AmazonS3Builder::new()
        .with_endpoint(&at.endpoint)
        .with_allow_http(clear)
        .with_bucket_name(&at.bucket)
        .with_region(&at.region)
        .with_access_key_id(at.access_key.as_str())
        .with_secret_access_key(at.secret_key.as_str())
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        // Not every server knows the call that removes many.
        .with_disable_bulk_delete(true)
        .with_http_connector(over)
        .with_retry(retry)
        .build();
    built.map_err(|error| ObjectError::Configuration(format!("the bucket cannot be used: {}", root_cause(&error))))
}

/// Clear text goes to this very machine only: a proxy with TLS beside the program, or a test.
fn in_clear(endpoint: &str) -> Result<bool, ObjectError> {
    let bad = |why: &str| ObjectError::Configuration(format!("`{endpoint}` {why}"));
    if endpoint.starts_with("https://") {
        return Ok(false);
    }
    let rest = endpoint.strip_prefix("http://").ok_or_else(|| bad("is no address: write https://host:port"))?;
    let host = rest.split('/').next().unwrap_or_default();
    let host = if host.starts_with('[') { host.split_inclusive(']').next() } else { host.split(':').next() };
    if matches!(host, Some("127.0.0.1" | "[::1]" | "localhost")) {
        return Ok(true);
    }
    Err(bad("is in clear: only https, or http on this very machine"))
}

/// What a failure means to whoever asked.
pub(crate) fn meant(error: &object_store::Error) -> ObjectError {
    use object_store::Error;
    match error {
        Error::NotFound { .. } => ObjectError::Missing,
        Error::AlreadyExists { .. } | Error::Precondition { .. } => ObjectError::Taken,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => ObjectError::Denied(root_cause(error)),
        Error::InvalidPath { .. } => ObjectError::Name,
        Error::Generic { store: "LocalFileSystem", .. } => ObjectError::Folder(root_cause(error)),
        Error::Generic { .. } => broken(error),
        _ => ObjectError::Refused(root_cause(error)),
    }
}

/// A connection that failed, or an answer that did.
fn broken(error: &object_store::Error) -> ObjectError {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(http) = error.downcast_ref::<HttpError>() {
            return match http.kind() {
                HttpErrorKind::Timeout => ObjectError::Unreachable("no answer in time".to_owned()),
                HttpErrorKind::Decode => ObjectError::Refused("an answer that is not as it should be".to_owned()),
                _ => ObjectError::Unreachable(root_cause(http)),
            };
        }
        cause = error.source();
    }
    ObjectError::Refused(root_cause(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clear_text_leaves_this_machine_never() {
        for here in ["http://127.0.0.1:8333", "http://localhost", "http://[::1]:9000/"] {
            assert_eq!(in_clear(here), Ok(true), "{here}");
        }
        assert_eq!(in_clear("https://s3.example"), Ok(false));
        for bad in ["http://s3.example", "http://127.0.0.1.example", "s3.example", "http://127.0.0.1@s3.example"] {
            assert!(in_clear(bad).is_err(), "{bad}");
        }
        let at = S3At::new("https://s3.example", "b", "k", "s");
        assert!(matches!(Bucket::new(&at).map(drop), Err(ObjectError::Configuration(_))));
    }
}
