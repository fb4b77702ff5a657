//! As much of HTTP/1.1 as a client of Vault uses: bodies with a length or in chunks, connections that stay open.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

/// One request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    /// Decoded, without `/v1/`.
    pub path: String,
    pub query: BTreeMap<String, String>,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The token, by either of its headers.
    pub fn token(&self) -> Option<&str> {
        let bearer = || self.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        self.header("x-vault-token").filter(|token| !token.is_empty()).or_else(bearer)
    }

    /// The body as JSON; null when there is none or it is something else.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or(serde_json::Value::Null)
    }

    /// The method with `?list=true` seen as LIST, and PUT as POST.
    pub fn verb(&self) -> &str {
        match self.method.as_str() {
            "GET" if self.query.get("list").is_some_and(|value| value == "true") => "LIST",
            "PUT" => "POST",
            method => method,
        }
    }

    /// Reads the next request; none at the end of the connection.
    pub fn read(from: &mut impl BufRead) -> Option<Request> {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let mut words = line.split_whitespace();
        let method = words.next()?.to_string();
        let (path, query) = split_once(words.next()?, '?');
        let mut request = Request { method, ..Request::default() };
        request.path = decode(path.strip_prefix("/v1/").unwrap_or(path));
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = split_once(pair, '=');
            request.query.insert(decode(name), decode(value));
        }
        loop {
            let mut line = String::new();
            from.read_line(&mut line).ok()?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            let (name, value) = split_once(line, ':');
            request.headers.insert(name.to_ascii_lowercase(), value.trim().to_string());
        }
        if request.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            request.body = chunked(from)?;
            return Some(request);
        }
        let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        request.body = vec![0; length];
        from.read_exact(&mut request.body).ok()?;
        Some(request)
    }
}

/// A body in chunks: what a client sends that does not know the length, or a POST without a body as some see it. Left
/// unread, its end would be taken for the next request.
fn chunked(from: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        from.read_line(&mut line).ok()?;
        let length = usize::from_str_radix(line.trim_end().split(';').next()?, 16).ok()?;
        let mut chunk = vec![0; length + 2];
        from.read_exact(&mut chunk).ok()?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk.get(..length)?);
    }
}

fn split_once(text: &str, at: char) -> (&str, &str) {
    text.split_once(at).unwrap_or((text, ""))
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) if byte == b'%' => {
                bytes.push(decoded);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One answer.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// None is an empty body.
    pub body: Option<serde_json::Value>,
}

impl Response {
    /// 204.
    pub fn nothing() -> Self {
        Response { status: 204, body: None }
    }

    /// The usual envelope around `data`.
    pub fn data(status: u16, data: serde_json::Value) -> Self {
        Response::envelope(status, data, serde_json::Value::Null, serde_json::Value::Null)
    }

    /// The envelope of a login.
    pub fn auth(auth: serde_json::Value) -> Self {
        Response::envelope(200, serde_json::Value::Null, auth, serde_json::Value::Null)
    }

    pub fn envelope(
        status: u16,
        data: serde_json::Value,
        auth: serde_json::Value,
        warnings: serde_json::Value,
    ) -> Self {
        let body = serde_json::json!({
            "request_id": super::world::uuid(), "lease_id": "", "renewable": false, "lease_duration": 0,
            "data": data, "wrap_info": null, "warnings": warnings, "auth": auth,
        });
        Response { status, body: Some(body) }
    }

    pub fn errors(status: u16, errors: &[&str]) -> Self {
        Response { status, body: Some(serde_json::json!({ "errors": errors })) }
    }

    /// The answer to a bad token.
    pub fn bad_token() -> Self {
        Response::errors(403, &["permission denied"])
    }

    /// The answer of a policy.
    pub fn denied() -> Self {
        Response::errors(403, &["1 error occurred:\n\t* permission denied\n\n"])
    }

    /// The usual 404.
    pub fn missing() -> Self {
        Response::errors(404, &[])
    }

    pub fn write(&self, to: &mut impl Write) -> std::io::Result<()> {
        let body = self.body.as_ref().map(|body| format!("{body}\n")).unwrap_or_default();
        let head =
            format!("HTTP/1.1 {} -\r\nCache-Control: no-store\r\nContent-Type: application/json\r\n", self.status);
        let length = if self.status == 204 { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        to.write_all(format!("{head}{length}\r\n{body}").as_bytes())?;
        to.flush()
    }
}

#[test]
fn a_body_in_chunks_is_read_to_its_end() {
    let mut bytes: &[u8] = b"POST /v1/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n\
        POST /v1/b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/c HTTP/1.1\r\n\r\n";
    let mut next = || Request::read(&mut bytes).map(|request| (request.path, request.body));
    assert_eq!(next(), Some(("a".to_string(), b"abc".to_vec())));
    assert_eq!(next(), Some(("b".to_string(), Vec::new())));
    assert_eq!(next(), Some(("c".to_string(), Vec::new())));
    assert_eq!(next(), None);
}
