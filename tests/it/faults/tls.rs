//! Certificates that must not be trusted, and TLS that is too old. None of it is tried again, and nothing is sent.

use rcgen::{CertificateParams, date_time_ymd};

use super::stand::{Front, Reply, Stand, healthy};
use super::{TOKEN, refused, succeeds, with_token};
use crate::support::tls::{Authority, self_signed};

/// A server of that front sees no request, and at most four connections: the two that were opened ahead, and those of the two
/// requests that then connect for themselves.
fn not_trusted(name: &str, authority: &Authority, front: Front) {
    let stand = Stand::with(front, |_, _| Reply::Last(Vec::new()));
    refused(name, with_token(&stand.url(), authority), 69);
    assert_eq!(stand.seen(), [], "{name}: something was sent");
    assert!((1..=4).contains(&stand.connections()), "{name}: {} connections", stand.connections());
}

#[test]
fn certificates() {
    let authority = Authority::new();
    let of = |name: &str, from: i32, to: i32| {
        let mut params = CertificateParams::new(vec![name.to_string()]).unwrap();
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        Front::Tls(authority.server_with(params))
    };
    for (name, front) in [
        ("certificate-expired", of("127.0.0.1", 2019, 2020)),
        ("certificate-not-yet-valid", of("127.0.0.1", 2090, 2091)),
        ("certificate-for-another-name", of("vault.example", 2020, 2090)),
        ("certificate-self-signed", Front::Tls(self_signed(false).0)),
        ("certificate-self-signed-ca", Front::Tls(self_signed(true).0)),
        ("certificate-without-intermediate", Front::Tls(authority.server_below(false))),
    ] {
        not_trusted(name, &authority, front);
    }
}

/// What openssl makes by default is the certificate of a CA, and people name just that as the one to trust.
#[test]
fn a_self_signed_certificate_that_is_named() {
    let authority = Authority::new();
    for (is_ca, works) in [(false, true), (true, false)] {
        let (config, pem) = self_signed(is_ca);
        let stand = Stand::with(Front::Tls(config), |request, _| healthy(request));
        let run = with_token(&stand.url(), &authority).env("VAULT_CACERT", "");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, pem).unwrap();
        let run = run.env("VAULT_CACERT", &file);
        if works {
            succeeds(run);
        } else {
            refused("certificate-of-a-ca", run, 69);
        }
    }
}

#[test]
fn a_chain_with_its_intermediate() {
    let authority = Authority::new();
    let stand = Stand::with(Front::Tls(authority.server_below(true)), |request, _| healthy(request));
    succeeds(with_token(&stand.url(), &authority));
    assert!(stand.seen().iter().all(|seen| seen.token.as_deref() == Some(TOKEN)));
}

/// A server of TLS 1.1 answers our hello with the alert `protocol_version`, or with a hello of its own version.
#[test]
fn tls_1_1_only() {
    let authority = Authority::new();
    let alert = b"\x15\x03\x02\x00\x02\x02\x46".to_vec();
    not_trusted("tls-1-1-alert", &authority, Front::Raw(Some(alert)));
    // ServerHello: version 3.2, a random, no session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression.
    let hello = [b"\x03\x02".to_vec(), vec![7; 32], b"\x00\x00\x2f\x00".to_vec()].concat();
    let length = hello.len() as u8;
    let head = [0x16, 3, 2, 0, length + 4, 2, 0, 0, length];
    not_trusted("tls-1-1-hello", &authority, Front::Raw(Some([&head[..], &hello].concat())));
}
