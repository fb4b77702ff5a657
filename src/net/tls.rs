//! Whom to trust, and the TLS configuration that follows from it.

use crate::attempt::reason;
use crate::attempt::{Failure, Retry};
use crate::environment::Environment;
use crate::exit::Kind;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the usual distributions keep their bundle: Debian and Alpine, Fedora, openSUSE, old RHEL, new RHEL, the BSD way.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Whom to trust for a server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The certificates of this PEM text and no others.
    Pem(String),
    /// The certificates of this PEM file and no others.
    File(PathBuf),
    /// The certificates of the PEM files of this directory and no others.
    Directory(PathBuf),
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR`, else the system's bundle, else the roots built in.
    System,
    /// Anybody. Warned of at each start.
    Anyone,
}

/// A certificate to show to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// PEM file of the certificate chain.
    pub certificate: PathBuf,
    /// PEM file of its key.
    pub key: PathBuf,
}

/// The configuration for connections that trust `trust` and show `identity`. Reads the files that are named.
///
/// # Errors
///
/// A file that cannot be read or holds no certificate: 69, never to be tried again.
pub fn config(
    trust: &Trust,
    identity: Option<&Identity>,
    environment: &Environment<'_>,
) -> Result<ClientConfig, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| broken("no TLS version in common with ourselves", None))?;
    let builder = match trust {
        Trust::Anyone => builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone { algorithms })),
        trust => builder.with_root_certificates(roots(trust, environment)?),
    };
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = certificates(&read(&identity.certificate)?);
            if chain.is_empty() {
                return Err(empty(&identity.certificate));
            }
            // The key's text is wiped by the allocator; rustls keeps the key itself for as long as it is in use.
            let key = PrivateKeyDer::from_pem_slice(&read(&identity.key)?)
                .map_err(|_| broken(&format!("{} holds no private key in PEM", identity.key.display()), None))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|_| broken("the client certificate and its key do not go together", None))?
        }
    };
    // One protocol, so nothing to choose: a server that insists on ALPN gets the one we speak.
    // All connections of a start are opened at once, so that none comes late enough to resume another.
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn roots(trust: &Trust, environment: &Environment<'_>) -> Result<RootCertStore, Failure> {
    match trust {
        Trust::Pem(text) => Some(text.as_bytes().to_vec())
            .map(|pem| store([pem]))
            .filter(|store| !store.is_empty())
            .ok_or_else(|| broken("`ca_cert` holds no certificate in PEM", None)),
        Trust::File(path) => Some(store([read(path)?])).filter(|store| !store.is_empty()).ok_or_else(|| empty(path)),
        Trust::Directory(path) => {
            Some(store(files(path)?)).filter(|store| !store.is_empty()).ok_or_else(|| empty(path))
        }
        Trust::System | Trust::Anyone => system(environment),
    }
}

/// `SSL_CERT_FILE` and `SSL_CERT_DIR` as in OpenSSL; the directories are split at colons.
fn system(environment: &Environment<'_>) -> Result<RootCertStore, Failure> {
    let file = environment.filled("SSL_CERT_FILE").map(Path::new);
    let directories = environment.filled("SSL_CERT_DIR");
    if file.is_some() || directories.is_some() {
        let mut pems = Vec::new();
        if let Some(file) = file {
            pems.push(read(file)?);
        }
        for directory in directories.into_iter().flat_map(|list| list.split(':')).filter(|path| !path.is_empty()) {
            pems.extend(files(Path::new(directory))?);
        }
        return Some(store(pems))
            .filter(|store| !store.is_empty())
            .ok_or_else(|| broken("SSL_CERT_FILE and SSL_CERT_DIR lead to no certificate", None));
    }
    let bundle = BUNDLES.iter().filter_map(|path| std::fs::read(path).ok()).map(|pem| store([pem]));
    // An image FROM scratch has no bundle: the roots built in are what is left.
    let built_in = || RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    Ok(bundle.into_iter().find(|store| !store.is_empty()).unwrap_or_else(built_in))
}

fn store(pems: impl IntoIterator<Item = Vec<u8>>) -> RootCertStore {
    let mut store = RootCertStore::empty();
    for pem in pems {
        // Bundles hold a few certificates that webpki cannot use; the others count.
        store.add_parsable_certificates(certificates(&pem));
    }
    store
}

fn certificates(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| {
        let cure = "the path is one inside the container, and must be readable for this user";
        broken(&format!("cannot read {}: {}", path.display(), reason(&error)), Some(cure))
    })
}

fn files(path: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let entries = std::fs::read_dir(path)
        .map_err(|error| broken(&format!("cannot read {}: {}", path.display(), reason(&error)), None))?;
    Ok(entries.filter_map(Result::ok).filter_map(|entry| std::fs::read(entry.path()).ok()).collect())
}

fn empty(path: &Path) -> Failure {
    broken(&format!("{} holds no certificate in PEM", path.display()), None)
}

fn broken(what: &str, cure: Option<&str>) -> Failure {
    Failure { kind: Kind::Unavailable, answered: what.to_owned(), cure: cure.map(str::to_owned), retry: Retry::Never }
}

/// Accepts every certificate, as `skip_tls_verify` asks. Signatures of the handshake are still checked: they cost nothing.
#[derive(Debug)]
struct Anyone {
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
