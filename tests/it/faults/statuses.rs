//! Every status that a store, or what stands in front of it, answers with.

use super::stand::json;
use super::{AGAIN, Case, all};

fn always(name: &'static str, status: u16, code: i32, requests: std::ops::RangeInclusive<usize>) -> Case {
    Case::new(name, code, requests, move |_, _| json(status, "", r#"{"errors":["v4lue"]}"#))
}

#[test]
fn refusals_are_not_asked_again() {
    all(vec![
        always("400", 400, 69, 2..=4),
        always("401", 401, 69, 2..=2),
        always("403", 403, 77, 2..=2),
        always("404", 404, 66, 2..=4),
        always("405", 405, 69, 2..=4),
        always("472", 472, 69, 2..=2),
        always("473", 473, 69, 2..=2),
        always("501", 501, 69, 2..=2),
    ]);
}

#[test]
fn what_may_pass_is_asked_again() {
    all(vec![
        always("412", 412, 69, AGAIN),
        always("429", 429, 69, AGAIN),
        always("500", 500, 69, AGAIN),
        always("502", 502, 69, AGAIN),
        always("503", 503, 69, AGAIN),
        Case::new("sealed", 69, AGAIN, |_, _| json(503, "", r#"{"errors":["Vault is sealed"]}"#)),
        // A standby that cannot reach its active node, as Vault and OpenBao say it.
        Case::new("standby", 69, AGAIN, |_, _| {
            json(500, "", r#"{"errors":["local node not active but active cluster node not found"]}"#)
        }),
    ]);
}
