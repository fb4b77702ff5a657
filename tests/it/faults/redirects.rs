//! Redirects: a standby's is followed once, to an address that is listed. The token goes nowhere else.

use std::sync::{Arc, OnceLock};

use super::stand::{Front, Reply, Stand, healthy, json};
use super::{TOKEN, refused, succeeds, with_addresses, with_role, with_token};
use crate::support::tls::Authority;

/// A server that sends every request on: to the origin that is set, with the path as it came.
fn redirecting(authority: &Authority) -> (Stand, Arc<OnceLock<String>>) {
    let target = Arc::new(OnceLock::new());
    let to: Arc<OnceLock<String>> = Arc::clone(&target);
    let stand = Stand::start(authority, move |request, _| {
        json(307, &format!("Location: {}/v1/{}\r\n", to.get().unwrap(), request.path), "")
    });
    (stand, target)
}

#[test]
fn another_origin_gets_nothing() {
    let authority = Authority::new();
    let elsewhere = Stand::start(&authority, |request, _| healthy(request));
    let plain = Stand::with(Front::Plain, |request, _| healthy(request));
    for (name, target) in [("redirect-elsewhere", elsewhere.url()), ("redirect-to-plain", plain.url())] {
        let (stand, to) = redirecting(&authority);
        to.set(target).unwrap();
        refused(name, with_token(&stand.url(), &authority), 69);
        assert_eq!(stand.seen().len(), 2);
        // The secret_id neither.
        with_role(&stand.url(), &authority).probe(&["report"]).run().expect(69);
        assert_eq!(stand.count("POST auth/approle/login"), 1);
    }
    assert_eq!((elsewhere.connections(), plain.connections()), (0, 0));
}

#[test]
fn from_tls_to_plain_is_not_followed_even_when_it_is_listed() {
    let authority = Authority::new();
    let plain = Stand::with(Front::Plain, |request, _| healthy(request));
    let (stand, to) = redirecting(&authority);
    to.set(plain.url()).unwrap();
    let run = with_addresses(&[&stand.url(), &plain.url()], &authority);
    refused("redirect-to-listed-plain", run, 69);
    assert_eq!(plain.connections(), 0);
}

#[test]
fn a_loop_ends() {
    let authority = Authority::new();
    let (stand, to) = redirecting(&authority);
    to.set(stand.url()).unwrap();
    refused("redirect-loop", with_token(&stand.url(), &authority), 69);
    assert_eq!(stand.seen().len(), 4, "each of the two requests once more");
}

#[test]
fn another_path_is_not_taken_for_the_answer() {
    let authority = Authority::new();
    let stand = Stand::start(&authority, |_, _| json(302, "Location: /ui/login\r\n", ""));
    refused("redirect-to-another-path", with_token(&stand.url(), &authority), 69);
    assert_eq!(stand.seen().len(), 2);
}

#[test]
fn a_standby_sends_on_to_an_address_that_is_listed() {
    let authority = Authority::new();
    let active = Stand::start(&authority, |request, _| healthy(request));
    let (standby, to) = redirecting(&authority);
    to.set(active.url()).unwrap();
    succeeds(with_addresses(&[&standby.url(), &active.url()], &authority));
    assert!(active.seen().iter().all(|seen| seen.token.as_deref() == Some(TOKEN)));
    assert!((2..=4).contains(&(standby.seen().len() + active.seen().len())));
}

/// A redirect without a target, and one that is not for us to understand.
#[test]
fn a_redirect_to_nowhere() {
    let authority = Authority::new();
    let stand = Stand::start(&authority, |_, _| Reply::Bytes(b"HTTP/1.1 307 -\r\nContent-Length: 0\r\n\r\n".to_vec()));
    refused("redirect-to-nowhere", with_token(&stand.url(), &authority), 69);
    assert_eq!(stand.seen().len(), 2);
}
