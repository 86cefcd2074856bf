//! What every handler holds.

use std::sync::Arc;

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
        Self(Arc::new(Inner { vault, fhir, identity, governance, options, metrics, log_ins, capability }))
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

    /// The CapabilityStatement, made once.
    pub(crate) fn capability(&self) -> crate::http::Open {
        self.0.capability.clone()
    }
}
