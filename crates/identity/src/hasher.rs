//! Argon2id behind a gate: memory-hard work is also the cheapest way to exhaust a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::secret::random;
use crate::{IdentityError, Secret};

/// OWASP's smallest Argon2id setting: 19 MiB, two passes, one lane (25 ms).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// How long a log-in waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Hasher {
    gate: Arc<Semaphore>,
    work: AtomicU64,
    nobody: Secret,
}

impl Hasher {
    pub(crate) fn new(permits: usize) -> Result<Self, IdentityError> {
        let nobody = make(&hex::encode(random::<16>()?.as_slice()))?;
        Ok(Self { gate: Arc::new(Semaphore::new(permits.max(1))), work: AtomicU64::new(0), nobody })
    }

    /// How many passwords were hashed or checked since the start.
    pub(crate) fn work(&self) -> u64 {
        self.work.load(Ordering::Relaxed)
    }

    /// Hashes a new password (PHC string).
    pub(crate) async fn hash(&self, form: Zeroizing<String>) -> Result<Secret, IdentityError> {
        self.run(move || make(&form)).await?
    }

    /// Compares a password with a hash; with none, does the same work and says no.
    pub(crate) async fn fits(
        &self,
        form: Option<Zeroizing<String>>,
        hash: Option<&Secret>,
    ) -> Result<bool, IdentityError> {
        let real = form.is_some() && hash.is_some();
        let form = form.unwrap_or_default();
        let hash = hash.unwrap_or(&self.nobody).clone();
        let fits = self.run(move || argon2().is_ok_and(|a| a.verify_password(form.as_bytes(), hash.expose()).is_ok()));
        Ok(fits.await? && real)
    }

    async fn run<R: Send + 'static>(&self, work: impl FnOnce() -> R + Send + 'static) -> Result<R, IdentityError> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.gate).acquire_owned()).await;
        let permit = turn.map_err(|_| IdentityError::Busy)?.map_err(|_| IdentityError::Busy)?;
        self.work.fetch_add(1, Ordering::Relaxed);
        tokio::task::spawn_blocking(move || {
            // Held until the work is done, even when the caller has gone.
            let _permit = permit;
            work()
        })
        .await
        .map_err(|_| IdentityError::Crypto("password hashing"))
    }
}

fn argon2() -> Result<Argon2<'static>, IdentityError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| IdentityError::Crypto("argon2 settings"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn make(form: &str) -> Result<Secret, IdentityError> {
    let salt = random::<16>()?;
    let hash = argon2()?
        .hash_password_with_salt(form.as_bytes(), salt.as_slice())
        .map_err(|_| IdentityError::Crypto("password hashing"))?;
    Ok(Secret::new(hash.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_is_argon2id_salted_and_fits_only_its_password() {
        let hasher = Hasher::new(2).unwrap();
        let form = || Zeroizing::new("correct horse".to_owned());
        let hash = hasher.hash(form()).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.expose());
        assert_ne!(hash.expose(), hasher.hash(form()).await.unwrap().expose());
        assert!(hasher.fits(Some(form()), Some(&hash)).await.unwrap());
        assert!(!hasher.fits(Some(Zeroizing::new("correct horsf".into())), Some(&hash)).await.unwrap());
    }

    #[tokio::test]
    async fn nobody_costs_as_much_as_somebody_and_never_fits() {
        let hasher = Hasher::new(2).unwrap();
        assert!(!hasher.fits(Some(Zeroizing::new("x".into())), None).await.unwrap());
        assert!(!hasher.fits(None, None).await.unwrap());
        assert_eq!(hasher.work(), 2);
    }
}
