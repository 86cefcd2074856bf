//! What every handler holds.

use std::sync::{Arc, Mutex, PoisonError};

use tacebo_fhir::service::Service;
use tacebo_governance::Governance;
use tacebo_identity::Identity;
use tacebo_vault::Vault;

use crate::limit::Limiter;
use crate::metrics::Metrics;

/// Ceilings of one request.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a body.
    pub body: usize,
    /// Log-in and token requests of one address in a minute.
    pub log_ins_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body: 64 << 20, log_ins_per_minute: 60 }
    }
}

/// How the doors are set.
#[derive(Clone, Default)]
pub struct Options {
    /// Ceilings.
    pub limits: Limits,
    /// Bearer token for `/metrics`; without one they are answered on loopback only.
    pub metrics_token: Option<String>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// The rooms below, as the doors use them. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    vault: Vault,
    fhir: Service,
    identity: Identity,
    governance: Governance,
    options: Options,
    metrics: Metrics,
    log_ins: Limiter,
    /// When the log was last verified here, and whether it held.
    verified: Mutex<Option<(i64, bool)>>,
    started_us: i64,
    /// Held by whoever carries out destructions.
    keeping: tokio::sync::Mutex<()>,
    capability: crate::http::Open,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("options", &self.0.options).finish_non_exhaustive()
    }
}

impl App {
    /// Puts the rooms together. The vault is the one under `fhir`.
    pub fn new(fhir: Service, identity: Identity, governance: Governance, options: Options) -> Self {
        let log_ins = Limiter::per_minute(options.limits.log_ins_per_minute);
        let capability = crate::doors::fhir::capability(&fhir);
        let vault = fhir.vault().clone();
        let metrics = Metrics::new();
        let started_us = vault.now_us();
        Self(Arc::new(Inner {
            vault,
            fhir,
            identity,
            governance,
            options,
            metrics,
            log_ins,
            verified: Mutex::default(),
            started_us,
            keeping: tokio::sync::Mutex::new(()),
            capability,
        }))
    }

    /// The one path.
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// FHIR's interactions.
    pub fn fhir(&self) -> &Service {
        &self.0.fhir
    }

    /// Accounts, sessions, tokens.
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// The institution's procedures.
    pub fn governance(&self) -> &Governance {
        &self.0.governance
    }

    /// Ceilings.
    pub fn limits(&self) -> &Limits {
        &self.0.options.limits
    }

    /// How the doors are set.
    pub fn options(&self) -> &Options {
        &self.0.options
    }

    /// Measurements.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Slows down log-ins and token requests, by address.
    pub fn log_ins(&self) -> &Limiter {
        &self.0.log_ins
    }

    /// When the log was last verified since the start (microseconds since the Unix epoch), and whether it held.
    pub(crate) fn verified(&self) -> Option<(i64, bool)> {
        *self.0.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_verified(&self, at_us: i64, held: bool) {
        *self.0.verified.lock().unwrap_or_else(PoisonError::into_inner) = Some((at_us, held));
    }

    pub(crate) fn keeping(&self) -> &tokio::sync::Mutex<()> {
        &self.0.keeping
    }

    /// When the doors were opened, microseconds since the Unix epoch.
    pub(crate) fn started_us(&self) -> i64 {
        self.0.started_us
    }

    /// The CapabilityStatement, made once.
    pub(crate) fn capability(&self) -> crate::http::Open {
        self.0.capability.clone()
    }
}
