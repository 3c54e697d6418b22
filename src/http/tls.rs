//! HTTPS: a certificate of the device's own, made at its first start. No authority vouches for it: who connects for the
//! first time compares its fingerprint with the one on the device's screen.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;

use super::guard;
use super::listen::Place;
use crate::records::CERTIFICATE;
use crate::records::key::keep_secret;

/// The device's certificate, and what it serves by.
pub(super) struct Identity {
    pub acceptor: TlsAcceptor,
    pub fingerprint: String,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// It could not be made.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// It is there, but nothing can be served by it.
    #[error("cannot serve by the certificate: {0}")]
    Serve(#[from] rustls::Error),
    /// The file holds none.
    #[error("{CERTIFICATE} holds no certificate with its key: {0}")]
    Read(#[from] rustls::pki_types::pem::Error),
}

impl Identity {
    /// The one that is kept in a folder; it is made where there is none that can be used. Where it cannot be kept, it
    /// lasts until the device stops.
    pub fn of(folder: &Path, names: &[String], places: &[Place]) -> Result<Self, TlsError> {
        let path = folder.join(CERTIFICATE);
        if let Ok(pem) = fs::read(&path) {
            match Self::from_pem(&pem) {
                Ok(kept) => return Ok(kept),
                Err(error) => tracing::error!("{}: {error}; a new one is made", path.display()),
            }
        }
        let pem = make(subjects(names, places))?;
        let kept = fs::create_dir_all(folder).map_err(|cause| cause.to_string()).and_then(|()| {
            keep_secret(folder, CERTIFICATE, pem.as_bytes()).map_err(|error| error.to_string())
        });
        if let Err(error) = kept {
            tracing::error!("HTTPS: its certificate lasts until the device stops: {error}");
        }
        Self::from_pem(pem.as_bytes())
    }

    fn from_pem(pem: &[u8]) -> Result<Self, TlsError> {
        let certificate = CertificateDer::from_pem_slice(pem)?;
        let key = PrivateKeyDer::from_pem_slice(pem)?;
        let fingerprint = fingerprint(&certificate);
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: Arc::new(config).into(), fingerprint })
    }
}

/// The fingerprint of the certificate that is kept in a folder, where there is one that can be read.
pub fn kept_fingerprint(folder: &Path) -> Option<String> {
    let pem = fs::read(folder.join(CERTIFICATE)).ok()?;
    CertificateDer::from_pem_slice(&pem).ok().map(|certificate| fingerprint(&certificate))
}

/// The SHA-256 of a certificate, as browsers show it: `AB:CD:...`.
fn fingerprint(certificate: &CertificateDer) -> String {
    let bytes: Vec<_> = Sha256::digest(certificate).iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}

/// What the certificate is for: the names that the device is called by, and the addresses that the configuration has.
fn subjects(names: &[String], places: &[Place]) -> Vec<String> {
    let mut subjects: Vec<String> = vec!["localhost".into(), "127.0.0.1".into()];
    subjects.extend(guard::names(names).iter().map(|name| super::access::host_of(name).to_string()));
    subjects.extend(places.iter().filter_map(|place| match place {
        Place::At(address) if address.ip().is_unspecified() => None,
        Place::At(address) => Some(address.ip().to_string()),
        Place::Named { host, .. } => Some(host.clone()),
    }));
    subjects.sort();
    subjects.dedup();
    subjects
}

/// A new certificate and its key (ECDSA, P-256), in PEM. It does not expire while the device lasts: its clock may be
/// wrong, and nobody renews it.
fn make(subjects: Vec<String>) -> Result<String, TlsError> {
    let mut params = CertificateParams::new(subjects)?;
    params.distinguished_name.push(DnType::CommonName, "dermascope");
    (params.not_before, params.not_after) = (date_time_ymd(2025, 1, 1), date_time_ymd(2049, 12, 31));
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok(format!("{}{}", certificate.pem(), key.serialize_pem()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_certificate_is_made_once_and_its_key_is_read_by_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let of = |names: &[String]| Identity::of(folder.path(), names, &[]).unwrap().fingerprint;
        let first = of(&[]);
        assert_eq!(first.len(), 32 * 3 - 1);
        assert_eq!(of(&["derma.example".into()]), first, "it stays, so that who has seen it knows it");
        assert_eq!(kept_fingerprint(folder.path()), Some(first.clone()));
        let path = folder.path().join(CERTIFICATE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for damaged in [&b""[..], b"noise", &fs::read(&path).unwrap()[..200]] {
            fs::write(&path, damaged).unwrap();
            let made = of(&[]);
            assert_ne!(made, first);
            assert_eq!(of(&[]), made, "and is kept again");
        }
    }

    #[test]
    fn where_none_can_be_kept_there_is_one_all_the_same() {
        let nowhere = Path::new("/dev/null/records");
        assert_eq!(Identity::of(nowhere, &[], &[]).unwrap().fingerprint.len(), 95);
        assert_eq!(kept_fingerprint(nowhere), None);
    }
}
