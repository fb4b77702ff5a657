//! A private certificate authority, and servers that only it vouches for.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;

/// A CA with its certificate in a file.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // A name of its own: to a CA of the same name the signature, not the issuer, would be what is wrong.
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        params.distinguished_name.push(DnType::CommonName, format!("keyinit tests {number}"));
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Authority { issuer, folder }
    }

    /// The CA certificate in PEM.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A server with a certificate for 127.0.0.1 and localhost.
    pub fn server(&self) -> Arc<rustls::ServerConfig> {
        self.server_with(CertificateParams::new(vec!["127.0.0.1".into(), "localhost".into()]).unwrap())
    }

    /// A server with a certificate of any kind.
    pub fn server_with(&self, params: CertificateParams) -> Arc<rustls::ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        config(vec![certificate.der().clone()], &key)
    }

    /// A server with a certificate by an intermediate CA, which it shows or keeps to itself.
    pub fn server_below(&self, shown: bool) -> Arc<rustls::ServerConfig> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "keyinit tests, intermediate");
        let middle = CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), &self.issuer).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap();
        let mut chain = vec![params.signed_by(&key, &middle).unwrap().der().clone()];
        if shown {
            chain.push(middle.der().clone());
        }
        config(chain, &key)
    }
}

/// A server with a certificate that vouches for itself, of a CA or not; and the certificate in PEM.
pub fn self_signed(is_ca: bool) -> (Arc<rustls::ServerConfig>, String) {
    let mut params = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap();
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (config(vec![certificate.der().clone()], &key), certificate.pem())
}

fn config(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Arc<rustls::ServerConfig> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    Arc::new(config)
}
