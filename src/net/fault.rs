//! What went wrong on the wire, as a [`Failure`]: its kind, our words for it, and whether another attempt makes sense.

use super::transport::NotSent;
use crate::attempt::{Failure, Retry};
use crate::exit::Kind;
use rustls::{AlertDescription, CertificateError, PeerIncompatible};
use std::io;
use ureq::{Error, Timeout};

/// How careful a request must be about being sent twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// Sending it twice does no harm.
    Repeatable,
    /// It may use something up or create something: it is sent again only when the first one surely did nothing, that is,
    /// when it was never sent, or on 412, 429 and 503.
    Once,
}

/// What to do where a proxy is in the way.
const PROXY_CURE: &str =
    "see whether the proxy of HTTPS_PROXY is up and lets this host pass, or put the host in NO_PROXY";

/// The failure of an attempt that was to go through a proxy; the arguments are those of [`failure`].
pub fn through_proxy(error: &Error, care: Care, trust_cure: &str) -> Failure {
    let failure = failure(error, care, trust_cure);
    // Past the proxy the way is the store's own; TLS that fails may be the proxy's doing, and the cure is the same.
    match error {
        Error::Other(inner) => match inner.downcast_ref::<NotSent>() {
            Some(NotSent { error: Error::ConnectProxyFailed(_), .. }) | None => failure,
            Some(inner) if tls_error(&inner.error).is_some() => {
                Failure { answered: format!("through a proxy: {}", failure.answered), ..failure }
            }
            Some(_) if failure.kind == Kind::Unavailable => Failure {
                answered: format!("through a proxy: {}", failure.answered),
                cure: Some(PROXY_CURE.to_owned()),
                ..failure
            },
            Some(_) => failure,
        },
        _ => failure,
    }
}

/// The failure of an attempt that got no response. `trust_cure` says how to name a CA for this store.
pub fn failure(error: &Error, care: Care, trust_cure: &str) -> Failure {
    let (error, sent, resolving) = match error {
        Error::Other(inner) => match inner.downcast_ref::<NotSent>() {
            Some(inner) => (&inner.error, false, inner.resolving),
            None => (error, true, false),
        },
        error => (error, true, false),
    };
    // What was never sent can be sent again, however careful one must be.
    let again = if sent && care == Care::Once { Retry::Never } else { Retry::After(None) };
    let unavailable = |answered: &str, cure: Option<String>, retry| Failure {
        kind: Kind::Unavailable,
        answered: answered.to_owned(),
        cure,
        retry,
    };
    if let Some(error) = tls_error(error) {
        return match error {
            rustls::Error::InvalidCertificate(reason) => {
                let answered = format!("its certificate could not be verified: {}", certificate(reason));
                let cure = certificate_cure(reason).unwrap_or(trust_cure);
                unavailable(&answered, Some(cure.to_owned()), Retry::Never)
            }
            rustls::Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13)
            | rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) => {
                let cure = "let the server, or what stands in front of it, speak TLS 1.2 or 1.3";
                unavailable("it speaks no TLS newer than 1.1", Some(cure.to_owned()), Retry::Never)
            }
            rustls::Error::AlertReceived(alert) => {
                unavailable(&format!("it broke off TLS with the alert {alert:?}"), None, Retry::Never)
            }
            rustls::Error::InvalidMessage(_) => {
                let cure = "a server that speaks plain HTTP has an address that begins with http://";
                unavailable("it does not speak TLS on this port", Some(cure.to_owned()), Retry::Never)
            }
            _ => unavailable("TLS could not be agreed on", None, Retry::Never),
        };
    }
    let there = Some("see whether the address is right, and whether it can be reached from this container".to_owned());
    let up = Some("see whether the address and its port are right, and whether the store is up".to_owned());
    match error {
        Error::Timeout(Timeout::Connect) => unavailable("no connection within 10 s", there, again),
        Error::Timeout(Timeout::Resolve) => unavailable("its name could not be resolved within 10 s", there, again),
        Error::Timeout(_) => Failure::deadline(),
        Error::Io(error) if !resolving => unavailable(&io_text(error, sent), up, again),
        Error::Io(_) => {
            let cure = "see whether the name servers of this container (/etc/resolv.conf) can be reached".to_owned();
            unavailable("its name could not be resolved: no name server gave an answer", Some(cure), again)
        }
        Error::HostNotFound => {
            let cure = "see whether the address is right; a name may be known to some networks only".to_owned();
            unavailable("its name could not be resolved: no address is known for it", Some(cure), again)
        }
        Error::ConnectProxyFailed(_) => {
            unavailable("the proxy did not connect to it", Some(PROXY_CURE.to_owned()), again)
        }
        Error::ConnectionFailed => unavailable("the connection failed", None, again),
        // What is left is a server that does not speak HTTP as the RFC has it, or a request that cannot be sent.
        Error::LargeResponseHeader(..) => {
            unavailable("the head of its answer is longer than 16 KiB", None, Retry::Never)
        }
        Error::Tls(text) => unavailable(text, None, Retry::Never),
        _ => unavailable("it did not answer in HTTP", None, Retry::Never),
    }
}

fn tls_error(error: &Error) -> Option<&rustls::Error> {
    match error {
        Error::Rustls(error) => Some(error),
        Error::Io(error) => error.get_ref().and_then(|inner| inner.downcast_ref()),
        _ => None,
    }
}

fn io_text(error: &io::Error, sent: bool) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "connection reset".to_owned(),
        io::ErrorKind::UnexpectedEof if sent => "it closed the connection without an answer".to_owned(),
        io::ErrorKind::UnexpectedEof => "it closed the connection at once".to_owned(),
        // The kind's own text, never the error's: what an inner error says is not ours to vouch for.
        kind => kind.to_string(),
    }
}

/// What to do about a certificate that another CA would not cure.
fn certificate_cure(error: &CertificateError) -> Option<&'static str> {
    match error {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            Some("renew the server's certificate, or set this machine's clock")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Some("use an address whose host stands in the server's certificate")
        }
        CertificateError::Other(_) => Some(
            "let a CA sign a certificate for the server: one that is a CA's own, as `openssl req -x509` makes it, is no server's",
        ),
        _ => None,
    }
}

fn certificate(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::UnknownIssuer => "its issuer is unknown",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => "it is for another name",
        CertificateError::Revoked => "it has been revoked",
        CertificateError::BadSignature => "its signature does not fit",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => "it is not for servers",
        _ => "it is not one that can be used",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> Error {
        Error::Io(io::Error::from(io::ErrorKind::ConnectionRefused))
    }

    fn before(error: Error, resolving: bool) -> Error {
        Error::Other(Box::new(NotSent { error, resolving }))
    }

    fn untrusted() -> Error {
        let inner = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        Error::Io(io::Error::new(io::ErrorKind::InvalidData, inner))
    }

    #[test]
    fn what_was_not_sent_is_tried_again() {
        let reset = || Error::Io(io::Error::from(io::ErrorKind::ConnectionReset));
        let again = Retry::After(None);
        for (error, care, kind, answered, retry) in [
            (before(refused(), false), Care::Once, Kind::Unavailable, "connection refused", again),
            (
                before(refused(), true),
                Care::Once,
                Kind::Unavailable,
                "its name could not be resolved: no name server gave an answer",
                again,
            ),
            (
                before(Error::HostNotFound, true),
                Care::Once,
                Kind::Unavailable,
                "its name could not be resolved: no address is known for it",
                again,
            ),
            (reset(), Care::Once, Kind::Unavailable, "connection reset", Retry::Never),
            (reset(), Care::Repeatable, Kind::Unavailable, "connection reset", again),
            (
                before(Error::Timeout(Timeout::Connect), false),
                Care::Once,
                Kind::Unavailable,
                "no connection within 10 s",
                again,
            ),
            (Error::Timeout(Timeout::Global), Care::Repeatable, Kind::Deadline, "", Retry::Never),
            (before(Error::Timeout(Timeout::Global), false), Care::Once, Kind::Deadline, "", Retry::Never),
            (
                before(untrusted(), false),
                Care::Repeatable,
                Kind::Unavailable,
                "its certificate could not be verified: its issuer is unknown",
                Retry::Never,
            ),
        ] {
            let failure = failure(&error, care, "set ca_cert");
            assert_eq!(
                (failure.kind, failure.answered.as_str(), failure.retry),
                (kind, answered, retry),
                "{error:?} {care:?}"
            );
        }
        assert_eq!(failure(&untrusted(), Care::Once, "set ca_cert").cure.as_deref(), Some("set ca_cert"));
    }
}
