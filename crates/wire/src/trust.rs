//! Whom to believe a server's name.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

/// The certificates that are to vouch for a server cannot be used: the file's name, and why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TrustError(String);

/// TLS over rustls and aws-lc, where a server's name is always checked against the certificates (PEM) in this file and no
/// others: the system's own authorities are not asked.
///
/// # Errors
/// The file cannot be read, holds no certificate, or one that is none.
pub fn trust(authority: &Path) -> Result<Arc<ClientConfig>, TrustError> {
    let wrong = |why: &dyn Display| TrustError(format!("{}: {why}", authority.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(authority).map_err(|e| wrong(&e))? {
        roots.add(certificate.map_err(|e| wrong(&e))?).map_err(|e| wrong(&e))?;
    }
    if roots.is_empty() {
        return Err(wrong(&"no certificate in it"));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong(&e))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_with_certificates_vouches_for_anybody() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        assert!(trust(&file).is_err());
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for text in ["", "nothing", broken] {
            std::fs::write(&file, text).unwrap();
            let said = trust(&file).unwrap_err().to_string();
            assert!(said.contains("ca.pem"), "{said}");
        }
        let made = rcgen::generate_simple_self_signed(["db.example".to_owned()]).unwrap();
        std::fs::write(&file, made.cert.pem()).unwrap();
        trust(&file).unwrap();
    }
}
