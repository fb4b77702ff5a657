//! The container's own environment as a store: `secret://env/NAME` is the value of `NAME`.
//!
//! # Where it is
//! Nowhere else.
//!
//! # Who logs in
//! Nobody.
//!
//! # What a path is
//! The name of a variable; its value as it is, bytes that are not UTF-8 too.
//!
//! # What is left behind
//! The variable: the user put it into the environment, and the command still gets it.

use super::{
    Answer, Complaint, Content, Context, Ending, Failure, Locator, Retry, Session, Shape, Spec, Store, Wanted,
};
use crate::exit::Kind;
use crate::secret::Secret;
use std::sync::Arc;

/// What the plan may know of it.
pub static SPEC: Spec = Spec {
    kind: "env",
    aliases: &[],
    title: "the environment",
    keys: &[],
    methods: &[],
    credentials: &[],
    shape: Shape::Value,
    configure: |_, _| Ok(Arc::new(Variables)),
};

struct Variables;

impl Store for Variables {
    fn identity(&self) -> String {
        "env".to_owned()
    }

    fn location(&self) -> String {
        "the environment".to_owned()
    }

    fn login_reason(&self) -> String {
        String::new()
    }

    fn credentials(&self) -> Vec<String> {
        Vec::new()
    }

    fn locate(&self, wanted: &Wanted<'_>) -> Result<Locator, Complaint> {
        let complain =
            |what: &str, cure: &str| Err(Complaint { what: what.to_owned(), cure: cure.to_owned(), place: None });
        if wanted.mount.is_some() {
            return complain("the environment has no mounts", "leave `mount` out");
        }
        if wanted.version.is_some_and(|version| version != "0") {
            return complain("the environment keeps no versions", "leave the version out");
        }
        if wanted.path.is_empty() || wanted.path.contains(['=', '\0']) {
            return complain("the path is no name of a variable", "write secret://env/NAME");
        }
        Ok(Locator { path: wanted.path.to_owned(), mount: None, version: None })
    }

    fn login(&self, _: &Context) -> Result<Box<dyn Session>, Failure> {
        Ok(Box::new(Variables))
    }
}

impl Session for Variables {
    fn read(&self, locator: &Locator, context: &Context) -> Result<Answer, Failure> {
        match context.environment.get(&locator.path) {
            Some(value) => Ok(Answer { content: Content::Value(Secret::copy_of(value)), version: None, leased: false }),
            None => Err(Failure {
                kind: Kind::Missing,
                answered: "it is not set".to_owned(),
                cure: Some(format!("set {} in the container's environment", locator.path)),
                retry: Retry::Never,
            }),
        }
    }

    fn close(&self, _: Ending, _: &Context) -> Result<(), Failure> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::report::Log;
    use crate::stores::Deadline;
    use std::time::Duration;

    #[test]
    fn a_variable_is_read_as_it_is() {
        let context = Context {
            environment: Arc::new(Environment::new(vec![c"A=\xff b\n", c"B="])),
            deadline: Deadline::after(Duration::from_secs(1)),
            revoke_timeout: Duration::from_secs(2),
            log: Log::default(),
        };
        let read = |path| {
            let locator = Variables.locate(&Wanted { path, mount: None, version: Some("0") }).unwrap();
            Variables.read(&locator, &context).map(|answer| match answer.content {
                Content::Value(value) => value.expose().to_vec(),
                Content::Fields(_) => panic!(),
            })
        };
        assert_eq!(read("A").unwrap(), b"\xff b\n");
        assert_eq!(read("B").unwrap(), b"");
        assert_eq!(read("C").unwrap_err().kind, Kind::Missing);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for (path, mount, version) in
            [("", None, None), ("A=B", None, None), ("A", Some("m"), None), ("A", None, Some("1"))]
        {
            assert!(Variables.locate(&Wanted { path, mount, version }).is_err(), "{path}");
        }
    }
}
