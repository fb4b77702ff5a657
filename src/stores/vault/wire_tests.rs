use super::wire::*;
use crate::secret::Secret;

fn shown(body: &str, expect: Expect) -> String {
    match found(body.as_bytes(), expect) {
        Err(Nonsense) => "nonsense".to_owned(),
        Ok(Found::Nothing) => "nothing".to_owned(),
        Ok(Found::Destroyed { version }) => format!("destroyed {version}"),
        Ok(Found::Deleted { version, when }) => format!("deleted {version} {when}"),
        Ok(Found::Fields { fields, version, leased }) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|field| {
                    let sign = if field.json { ":=" } else { "=" };
                    format!("{}{sign}{}", field.name, String::from_utf8_lossy(field.value.expose()))
                })
                .collect();
            format!("{} v{version:?}{}", fields.join(" "), if leased { " leased" } else { "" })
        }
    }
}

#[test]
fn answers_to_a_read() {
    let v2 = |data: &str, metadata: &str| format!(r#"{{"data":{{"data":{data},"metadata":{metadata}}}}}"#);
    let live = r#"{"created_time":"x","custom_metadata":null,"deletion_time":"","destroyed":false,"version":3}"#;
    let later = r#"{"deletion_time":"2099-01-01T00:00:00Z","destroyed":false,"version":3}"#;
    let deleted = r#"{"deletion_time":"2024-01-01T00:00:00Z","destroyed":false,"version":3}"#;
    let destroyed = r#"{"deletion_time":"2024-01-01T00:00:00Z","destroyed":true,"version":3}"#;
    let lease = r#"{"lease_id":"database/creds/a/1","data":{"username":"u","password":"p"}}"#;
    for (body, expect, result) in [
        (v2(r#"{"b":"1","a":"2"}"#, live), Expect::Versioned, "b=1 a=2 vSome(3)"),
        (v2(r#"{"b":"1"}"#, later), Expect::Versioned, "b=1 vSome(3)"),
        (v2("{}", live), Expect::Versioned, " vSome(3)"),
        (v2("null", live), Expect::Versioned, " vSome(3)"),
        (v2("null", deleted), Expect::Versioned, "deleted 3 2024-01-01T00:00:00Z"),
        (v2("null", destroyed), Expect::Versioned, "destroyed 3"),
        (v2("null", destroyed), Expect::Either, "destroyed 3"),
        (v2(r#"{"b":"1"}"#, live), Expect::Either, "b=1 vSome(3)"),
        (v2(r#"{"b":"1"}"#, live), Expect::Plain, &format!(r#"data:={{"b":"1"}} metadata:={live} vNone"#)),
        (v2("[]", live), Expect::Versioned, "nonsense"),
        (r#"{"data":{"k":"v"}}"#.to_owned(), Expect::Versioned, "nonsense"),
        (r#"{"data":{"k":"v"}}"#.to_owned(), Expect::Plain, "k=v vNone"),
        (r#"{"data":{"data":"x","metadata":"y"}}"#.to_owned(), Expect::Either, "data=x metadata=y vNone"),
        (lease.to_owned(), Expect::Either, "username=u password=p vNone leased"),
        (r#"{"errors":[]}"#.to_owned(), Expect::Versioned, "nothing"),
        (r#"{"data":null,"lease_id":null}"#.to_owned(), Expect::Plain, "nothing"),
        ("".to_owned(), Expect::Plain, "nonsense"),
        ("<html>".to_owned(), Expect::Plain, "nonsense"),
        (r#"{"data":"x"}"#.to_owned(), Expect::Plain, "nonsense"),
        (r#"[]"#.to_owned(), Expect::Plain, "nonsense"),
    ] {
        assert_eq!(shown(&body, expect), result, "{body} {expect:?}");
    }
}

#[test]
fn what_is_no_string_is_compact_json() {
    let body = r#"{"data":{"n":1.10,"big":123456789012345678901,"t":true,"z":null,"e":"a\n\u00e9\"","o": { "a" : [ 1, "x y\u003c\\u003c\"" ] },"n":2}}"#;
    let result = r#"big:=123456789012345678901 t:=true z:=null e="#.to_owned()
        + "a\né\" "
        + r#"o:={"a":[1,"x y<\\u003c\""]} n:=2 vNone"#;
    assert_eq!(shown(body, Expect::Plain), result);
}

#[test]
fn answers_to_a_login() {
    let shown = |body: &str| match granted(body.as_bytes()) {
        Ok(Granted::Token(token)) => String::from_utf8_lossy(token.expose()).into_owned(),
        Ok(Granted::SecondFactor) => "second factor".to_owned(),
        Err(Nonsense) => "nonsense".to_owned(),
    };
    for (body, result) in [
        (r#"{"auth":{"client_token":"hvs.x","mfa_requirement":null,"lease_duration":1}}"#, "hvs.x"),
        (r#"{"auth":{"client_token":"","mfa_requirement":{"mfa_request_id":"u"}}}"#, "second factor"),
        (r#"{"auth":{"client_token":""}}"#, "nonsense"),
        (r#"{"auth":{"client_token":"a\nb"}}"#, "nonsense"),
        (r#"{"auth":null}"#, "nonsense"),
        (r#"{}"#, "nonsense"),
        ("", "nonsense"),
    ] {
        assert_eq!(shown(body), result, "{body}");
    }
}

#[test]
fn the_body_of_a_login() {
    let body = approle(&Secret::copy_of(br#"r"\"#), Some(&Secret::copy_of(b"s")));
    assert_eq!(body.expose(), br#"{"role_id":"r\"\\","secret_id":"s"}"#);
    assert_eq!(approle(&Secret::copy_of(b"r"), None).expose(), br#"{"role_id":"r"}"#);
}

#[test]
fn mounts_and_their_versions() {
    let body = r#"{"data":{"auth":{},"secret":{
        "kv1/":{"type":"kv","options":{"version":"1"}},"old/":{"type":"kv","options":null},"gen/":{"type":"generic"},
        "team/kv/":{"type":"kv","options":{"version":"2"}},"database/":{"type":"database","options":null}}}}"#;
    let mounts = mounts(body.as_bytes()).unwrap();
    let engines: Vec<(&str, &Engine)> = mounts.iter().map(|(path, engine)| (path.as_str(), engine)).collect();
    let other = Engine::Other("database".to_owned());
    let expected = [
        ("database/", &other),
        ("gen/", &Engine::V1),
        ("kv1/", &Engine::V1),
        ("old/", &Engine::V1),
        ("team/kv/", &Engine::V2),
    ];
    assert_eq!(engines, expected);

    let body = r#"{"data":{"path":"team/kv/","type":"kv","options":{"version":"2"}}}"#;
    assert_eq!(mount(body.as_bytes()), Ok(("team/kv/".to_owned(), Engine::V2)));
    assert_eq!(mount(b"{\"data\":{}}"), Err(Nonsense));
    assert_eq!(super::wire::mounts(b"{\"data\":{}}"), Err(Nonsense));
}

#[test]
fn hints_of_errors() {
    for (body, no_namespace, passing) in [
        (r#"{"errors":["namespace not found"]}"#, true, false),
        (r#"{"errors":["Upgrading from non-versioned to versioned data."]}"#, false, true),
        (r#"{"errors":["local node not active but active cluster node not found"]}"#, false, true),
        (r#"{"errors":[]}"#, false, false),
        (r#"{"errors":null}"#, false, false),
        ("bad gateway", false, false),
    ] {
        assert_eq!(
            hints(body.as_bytes()),
            Hints { vault: body.starts_with(r#"{"errors":["#), no_namespace, passing },
            "{body}"
        );
    }
}
