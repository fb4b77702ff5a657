//! Silence, and answers that are none.

use std::time::Duration;

use super::stand::{Front, Reply, Stand, healthy, json, response};
use super::{AGAIN, Case, all, succeeds, with_token};
use crate::support::tls::Authority;

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

fn says(text: &str) -> Vec<u8> {
    format!("{HEAD}{text}").into_bytes()
}

#[test]
fn a_server_that_falls_silent() {
    all(vec![
        Case::new("silent-after-accept", 75, 0..=0, |_, _| Reply::Last(Vec::new())).front(Front::Raw(None)),
        Case::new("silent-after-handshake", 75, 2..=2, |_, _| Reply::Silence(Vec::new())),
        Case::new("silent-in-headers", 75, 2..=2, |_, _| Reply::Silence(says("Content-Le"))),
        Case::new("silent-in-body", 75, 2..=2, |_, _| Reply::Silence(says("Content-Length: 100\r\n\r\n{\"data\":"))),
        Case::new("drip-fed", 75, 2..=2, |_, _| {
            Reply::Forever(says("Content-Length: 100\r\n\r\n"), b" ".to_vec(), Duration::from_secs(1))
        }),
    ]);
}

#[test]
fn a_server_that_goes_in_the_middle() {
    all(vec![
        Case::new("ends-before-answer", 69, AGAIN, |_, _| Reply::Last(Vec::new())),
        Case::new("ends-in-headers", 69, AGAIN, |_, _| Reply::Last(says("Content-Le"))),
        Case::new("ends-in-body", 69, AGAIN, |_, _| Reply::Last(says("Content-Length: 100\r\n\r\n{\"data\":"))),
        Case::new("ends-in-chunk", 69, AGAIN, |_, _| {
            Reply::Last(says("Transfer-Encoding: chunked\r\n\r\n64\r\n{\"da"))
        }),
    ]);
}

#[test]
fn a_server_that_never_stops() {
    let at_once = Duration::ZERO;
    let chunk = [b"1000\r\n".to_vec(), vec![b' '; 4096], b"\r\n".to_vec()].concat();
    all(vec![
        Case::new("100-megabytes", 69, 2..=3, move |_, _| {
            Reply::Forever(says("Content-Length: 104857600\r\n\r\n"), vec![b' '; 1 << 16], at_once)
        }),
        Case::new("endless-chunks", 69, 2..=3, move |_, _| {
            Reply::Forever(says("Transfer-Encoding: chunked\r\n\r\n"), chunk.clone(), at_once)
        }),
        Case::new("endless-body", 69, 2..=3, move |_, _| {
            Reply::Forever(says("Connection: close\r\n\r\n"), vec![b' '; 1 << 16], at_once)
        }),
        Case::new("endless-headers", 69, 2..=3, move |_, _| {
            Reply::Forever(says(""), b"X-More: and more\r\n".repeat(64), at_once)
        }),
    ]);
}

#[test]
fn a_server_that_talks_nonsense() {
    // The head of a gzip file, and what must not be taken for text.
    let packed = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\x56\x4a\x49\x2c\x49\x54\xb2\xaa\xae\x05\x00".to_vec();
    let page = b"<!doctype html><title>Sign in</title><form action=/login></form>".to_vec();
    all(vec![
        Case::new("gzip", 69, 2..=3, move |_, _| {
            Reply::Bytes(response(200, "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", &packed))
        }),
        Case::new("broken-json", 69, 2..=3, |_, _| json(200, "", "{\"data\": {\"data\": {\"k\": \"v4lue")),
        Case::new("json-of-another-shape", 69, 2..=3, |_, _| json(200, "", "[{\"data\": \"v4lue\"}]")),
        Case::new("json-with-another-data", 69, 2..=3, |_, _| json(200, "", "{\"data\": [\"v4lue\"]}")),
        Case::new("empty-body", 69, 2..=3, |_, _| json(200, "", "")),
        Case::new("html-page", 69, 2..=3, move |_, _| {
            Reply::Bytes(response(200, "Content-Type: text/html\r\n", &page))
        }),
        Case::new("no-http", 69, 2..=3, |_, _| Reply::Last(b"220 mail.example ESMTP\r\n".to_vec())),
        Case::new("no-tls", 69, 0..=0, |_, _| Reply::Last(Vec::new()))
            .front(Front::Raw(Some(b"HTTP/1.0 400 Bad Request\r\n\r\n".to_vec()))),
    ]);
}

/// What the type says does not matter when the rest is right: some proxies rewrite it.
#[test]
fn the_wrong_content_type_alone_is_no_fault() {
    let authority = Authority::new();
    let stand = Stand::start(&authority, |request, _| match healthy(request) {
        Reply::Bytes(bytes) => {
            let text = String::from_utf8(bytes).unwrap();
            Reply::Bytes(text.replace("application/json", "text/html").into_bytes())
        }
        other => other,
    });
    succeeds(with_token(&stand.url(), &authority));
    assert_eq!(stand.seen().len(), 2);
}
