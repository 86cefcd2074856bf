//! Root keys in a PKCS#11 module: one AES-256 object of the token for each root epoch.
//!
//! The keys are made inside, are sensitive and cannot be taken out; wrapping and unwrapping happen inside. So there is no
//! copy of a root key anywhere but in the module and in its own backups, and what is lost with the module is lost: keep
//! its backup as its maker says.
//!
//! A module that is lost, restarted or removed gives a typed error and is looked for again at the next ask. A wrong PIN is
//! tried once. No ask waits longer than [`Pkcs11At::patience`].

mod roots;
mod token;
mod worker;

use super::epochs::Epochs;
use super::{Custodian, DestructionReceipt, Trouble, Worth, owner};
use crate::secret::Secret;
use crate::{Realm, SealError};
use cryptoki::types::AuthPin;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use token::{About, Token, trouble};
use worker::Worker;
use zeroize::Zeroizing;

const WHO: &str = "key module (PKCS#11)";

/// Where a module's root keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pkcs11At {
    /// The module's library, loaded when it is needed.
    pub library: PathBuf,
    /// Label of the token.
    pub token: String,
    /// What this institution's keys are called in the token: several can share one.
    pub name: String,
    /// How long the module is waited for.
    pub patience: Duration,
}

impl Pkcs11At {
    /// Enough for a module across a network that is just starting.
    pub const PATIENCE: Duration = Duration::from_secs(20);
}

/// A custodian that keeps its root keys in a PKCS#11 module.
pub struct Pkcs11 {
    at: Pkcs11At,
    worker: Worker<Token>,
    about: About,
    epochs: Epochs,
}

impl Pkcs11 {
    /// Makes the first root key, of epoch `first`, in an initialised token. Refuses where there are keys of this name.
    pub fn create(at: &Pkcs11At, pin: &str, first: u32) -> Result<Self, SealError> {
        let module = Self::connect(at, pin)?;
        if !module.read()?.is_empty() {
            return Err(SealError::CustodyExists);
        }
        module.make(Vec::new(), first)?;
        Ok(module)
    }

    /// Opens the root keys of this name.
    pub fn open(at: &Pkcs11At, pin: &str) -> Result<Self, SealError> {
        let module = Self::connect(at, pin)?;
        if module.read()?.is_empty() {
            return Err(trouble(Trouble::NoRoot(at.name.clone())));
        }
        Ok(module)
    }

    /// Whether the token holds root keys of this name.
    pub fn exists(at: &Pkcs11At, pin: &str) -> Result<bool, SealError> {
        Ok(!Self::connect(at, pin)?.read()?.is_empty())
    }

    /// What the token says of itself: maker, model, serial number, label.
    pub fn about(&self) -> &str {
        &self.about.words
    }

    fn connect(at: &Pkcs11At, pin: &str) -> Result<Self, SealError> {
        let (theirs, pin) = (at.clone(), AuthPin::from(pin));
        let worker = Worker::start(WHO, at.patience, move || Token::new(theirs, pin))?;
        let about = worker.ask(Token::about)?;
        Ok(Self { at: at.clone(), worker, about, epochs: Epochs::default() })
    }

    /// Looks which epochs there are.
    fn read(&self) -> Result<Vec<u32>, SealError> {
        let at = self.at.clone();
        let look = move |token: &mut Token| {
            token.look(|session| Ok(roots::finished(session, &at)?.iter().map(|root| root.epoch).collect::<Vec<_>>()))
        };
        let epochs = self.worker.ask(look)?;
        self.epochs.keep(epochs.clone());
        Ok(epochs)
    }

    fn make(&self, known: Vec<u32>, epoch: u32) -> Result<u32, SealError> {
        let at = self.at.clone();
        let made = known.iter().copied().chain([epoch]).collect();
        self.worker.ask(move |token| token.with(|session| roots::make(session, &at, &known, epoch)))?;
        self.epochs.keep(made);
        Ok(epoch)
    }

    fn receipt(&self, epoch: u32, fingerprint: [u8; 32]) -> DestructionReceipt {
        DestructionReceipt { epoch, fingerprint, worth: self.worth() }
    }
}

impl Custodian for Pkcs11 {
    fn epoch(&self) -> u32 {
        self.epochs.newest()
    }

    fn epochs(&self) -> Vec<u32> {
        self.epochs.all()
    }

    fn look_again(&self) -> Result<(), SealError> {
        self.read().map(drop)
    }

    fn wrap(&self, realm: Realm, epoch: u32, plain: &[u8; 32]) -> Result<Vec<u8>, SealError> {
        let (at, key) = (self.at.clone(), Secret::copy_of(plain)?);
        self.worker.ask(move |token| {
            token.look(|session| roots::wrap(session, &roots::of(session, &at, epoch)?, &owner(realm, epoch), &key))
        })
    }

    fn unwrap(&self, realm: Realm, epoch: u32, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (at, wrapped) = (self.at.clone(), wrapped.to_vec());
        let key = self.worker.ask(move |token| {
            token.look(|session| {
                roots::unwrap(session, &roots::of(session, &at, epoch)?, &owner(realm, epoch), &wrapped)
            })
        })?;
        Ok(Zeroizing::new(key.bytes().to_vec()))
    }

    fn turn(&self) -> Result<u32, SealError> {
        let known = self.epochs();
        let next = self.epoch().checked_add(1).ok_or(SealError::EpochsUsedUp)?;
        self.make(known, next)
    }

    fn destroy(&self, epoch: u32) -> Result<DestructionReceipt, SealError> {
        let (at, known) = (self.at.clone(), self.epochs());
        let (left, fingerprint) = self.worker.ask(move |token| {
            token.with(|session| {
                let roots = roots::finished(session, &at)?;
                let mut left: Vec<u32> = roots.iter().map(|root| root.epoch).collect();
                if left.last() == Some(&epoch) {
                    return Err(SealError::EpochInUse(epoch));
                }
                let root = roots.iter().find(|root| root.epoch == epoch).ok_or(SealError::EpochGone(epoch))?;
                if left != known {
                    return Err(SealError::CustodyChanged);
                }
                left.retain(|other| *other != epoch);
                Ok((left, roots::destroy(session, &at, root)?))
            })
        })?;
        self.epochs.keep(left);
        Ok(self.receipt(epoch, fingerprint))
    }

    fn retire(&self) -> Result<Vec<DestructionReceipt>, SealError> {
        let at = self.at.clone();
        let known = self.epochs();
        let gone = self.worker.ask(move |token| {
            token.with(|session| {
                let roots = roots::finished(session, &at)?;
                if !roots.iter().map(|root| root.epoch).eq(known) {
                    return Err(SealError::CustodyChanged);
                }
                roots::sweep(session, &at)?;
                roots
                    .iter()
                    .map(|root| Ok((root.epoch, roots::destroy(session, &at, root)?)))
                    .collect::<Result<Vec<_>, _>>()
            })
        })?;
        self.epochs.keep(Vec::new());
        Ok(gone.into_iter().map(|(epoch, fingerprint)| self.receipt(epoch, fingerprint)).collect())
    }

    fn fingerprint(&self, epoch: u32) -> Result<[u8; 32], SealError> {
        let at = self.at.clone();
        self.worker
            .ask(move |token| token.look(|session| roots::fingerprint(session, &roots::of(session, &at, epoch)?)))
    }

    fn worth(&self) -> Worth {
        if self.about.hardware { Worth::Module } else { Worth::Software }
    }
}

impl Drop for Pkcs11 {
    /// Logs out before the program goes on: whoever opens the module next shows the PIN anew.
    fn drop(&mut self) {
        drop(self.worker.ask(|token| {
            token.close();
            Ok(())
        }));
    }
}

impl fmt::Debug for Pkcs11 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs11").field("at", &self.at).finish_non_exhaustive()
    }
}
