//! Reading one path: which API path it is, and what the answer means.

use super::door::{Door, denied, missing, nonsense};
use super::locate::{Reading, encode, is_no_secret, open};
use super::lookup::{Known, Lookup, token_refused};
use super::wire::{self, Engine, Expect, Found, Nonsense};
use crate::exit::Kind;
use crate::net::{Care, Response};
use crate::stores::{Answer, Content, Deadline, Failure, Locator};
use std::sync::Arc;

/// How a path will be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Route {
    /// Beneath a KV v1.
    V1,
    /// Beneath a KV v2.
    V2,
    /// Beneath a mount that the token cannot see: as a KV v2, which most are.
    Unseen,
    /// The API path as it stands; beneath this mount, where it is known.
    Api(Option<String>),
}

/// What a login gives access to.
pub struct Access {
    /// With the token.
    pub door: Arc<Door>,
    /// What is mounted.
    pub lookup: Arc<Lookup>,
    /// Where the token came from, for messages.
    pub token_name: String,
}

/// One question and what it takes to explain its answer.
struct Ask<'a> {
    access: &'a Access,
    route: Route,
    /// As the user wrote it, without a leading slash.
    path: &'a str,
    /// Empty where the path is an API path.
    mount: &'a str,
    version: Option<&'a str>,
}

/// Reads one path; with the answer comes the API path that was asked.
pub fn read(access: &Access, locator: &Locator, deadline: Deadline) -> Result<(Answer, String), Failure> {
    let (reading, path) = open(locator);
    let mount = locator.mount.as_deref().unwrap_or_default();
    let mut ask = Ask { access, route: Route::V2, path, mount, version: locator.version.as_deref() };
    match reading {
        Reading::Api => ask.route = Route::Api(None),
        Reading::V1 => ask.route = Route::V1,
        Reading::V2 => {}
        Reading::Either | Reading::Mount => {
            return ask.with_lookup(reading == Reading::Either, deadline);
        }
    }
    let response = ask.send(deadline)?;
    ask.answer(&response, deadline)
}

impl Ask<'_> {
    /// Asks as if the mount were a KV v2 while the look-up runs beside it, and asks again if it turns out otherwise.
    fn with_lookup(mut self, either: bool, deadline: Deadline) -> Result<(Answer, String), Failure> {
        let lookup = &self.access.lookup;
        if let Some(known) = lookup.known() {
            self.route = self.route(&known, either, deadline)?;
            let response = self.send(deadline)?;
            return self.answer(&response, deadline).map_err(|failure| self.explain(failure, &known));
        }
        lookup.start(&self.access.door, deadline);
        let guess = self.send(deadline);
        let known = match lookup.wait(deadline) {
            Ok(known) => known,
            // Without the look-up a v2 answer with data is one all the same.
            Err(failure) => {
                return match &guess {
                    Ok(response) if response.status == 200 => self.answer(response, deadline).map_err(|_| failure),
                    _ => Err(failure),
                };
            }
        };
        self.route = self.route(&known, either, deadline)?;
        let response = match self.route {
            Route::V2 | Route::Unseen => guess?,
            Route::V1 | Route::Api(_) => self.send(deadline)?,
        };
        self.answer(&response, deadline).map_err(|failure| self.explain(failure, &known))
    }

    fn route(&self, known: &Known, either: bool, deadline: Deadline) -> Result<Route, Failure> {
        let Ask { access, path, mount, .. } = self;
        let above = |path: &str| access.lookup.above(path, &access.door, deadline);
        let list = match known {
            Known::List(list) => Some(list),
            Known::Unlisted => None,
            Known::Refused => return Ok(Route::Unseen),
        };
        // `sys/` is listed for some tokens; a path that begins like it is still meant to be beneath the mount.
        if either && !is_no_secret(path) {
            let foreign = match list {
                Some(list) => longest(list.iter(), path).map(|(at, engine)| (at.clone(), engine.clone())),
                None => above(path)?.filter(|(at, _)| covers(at, path)),
            };
            if let Some((at, Engine::Other(_))) = foreign {
                return Ok(Route::Api(Some(at)));
            }
        }
        let at = format!("{mount}/");
        let engine = match list.and_then(|list| list.get(&at)) {
            Some(engine) => Some(engine.clone()),
            // The list leaves out what lies in a namespace beneath this one; the form with a path tells.
            None => above(mount)?.map(|(_, engine)| engine),
        };
        Ok(match engine {
            Some(Engine::V1) => Route::V1,
            Some(Engine::V2) => Route::V2,
            Some(Engine::Other(_)) => Route::Api(Some(at)),
            None => Route::Unseen,
        })
    }

    /// The API path, as policies name it.
    fn api_path(&self) -> String {
        let Ask { path, mount, .. } = self;
        match &self.route {
            Route::V2 | Route::Unseen => format!("{mount}/data/{path}"),
            Route::V1 => format!("{mount}/{path}"),
            Route::Api(Some(at)) if !covers(at, path) => format!("{at}{path}"),
            Route::Api(_) => (*path).to_owned(),
        }
    }

    /// KV reads change nothing; what lies at another path may be made by reading it.
    fn care(&self) -> Care {
        if matches!(self.route, Route::Api(_)) { Care::Once } else { Care::Repeatable }
    }

    fn send(&self, deadline: Deadline) -> Result<Response, Failure> {
        if let (Route::V1, Some(_)) = (&self.route, self.version) {
            let cure = "leave the version out, or turn the mount into a KV v2".to_owned();
            return Err(missing(format!("`{}` is a KV v1, which keeps no versions", self.mount), Some(cure)));
        }
        let query = self.version.map(|version| format!("?version={version}")).unwrap_or_default();
        self.access.door.get(&format!("{}{query}", encode(&self.api_path())), self.care(), deadline)
    }

    fn answer(&self, response: &Response, deadline: Deadline) -> Result<(Answer, String), Failure> {
        let expect = match self.route {
            Route::V2 | Route::Unseen => Expect::Versioned,
            Route::V1 => Expect::Plain,
            Route::Api(_) => Expect::Either,
        };
        let body = response.body.expose();
        let status = response.status;
        match status {
            200 => {}
            404 if !wire::hints(body).no_namespace => {}
            204 => {
                return Err(missing("HTTP 204: there is nothing at this path to read".to_owned(), None));
            }
            403 => return Err(self.refused()),
            _ => return Err(self.access.door.trouble(response, self.care())),
        }
        match wire::found(body, expect) {
            Ok(Found::Fields { fields, version, leased }) if status == 200 => {
                if self.version.is_some() && version.is_none() {
                    let cure = "leave the version out".to_owned();
                    return Err(missing("what lies at this path has no versions".to_owned(), Some(cure)));
                }
                let version = version.map(|version| version.to_string());
                Ok((Answer { content: Content::Fields(fields), version, leased }, self.api_path()))
            }
            Ok(Found::Deleted { version, when }) => Err(missing(
                format!("HTTP {status}: version {version}{} was deleted at {}", self.newest(), to_the_second(&when)),
                Some(format!("undelete version {version}, or name another version")),
            )),
            Ok(Found::Destroyed { version }) => Err(missing(
                format!("HTTP {status}: version {version}{} was destroyed", self.newest()),
                Some("write the secret anew, or name another version".to_owned()),
            )),
            Ok(Found::Nothing) if status == 200 => Err(missing("HTTP 200, but without data".to_owned(), None)),
            Err(Nonsense) if status == 200 => Err(nonsense(status)),
            // A 404 need not be JSON: the page of a proxy is one too.
            _ => Err(self.absent(deadline)),
        }
    }

    fn newest(&self) -> &'static str {
        if self.version.is_some() { "" } else { ", the newest," }
    }

    fn refused(&self) -> Failure {
        let path = self.api_path();
        let namespace =
            self.access.door.namespace().map(|name| format!(" in the namespace `{name}`")).unwrap_or_default();
        denied(
            "HTTP 403".to_owned(),
            &format!("the token's policies need: path \"{path}\" {{ capabilities = [\"read\"] }}{namespace}"),
        )
    }

    /// A 404 without data. The server answers alike for a path and for a version that it does not have, so where a version
    /// was asked for, the newest is asked for too.
    fn absent(&self, deadline: Deadline) -> Failure {
        let path = self.api_path();
        if let Some(version) = self.version {
            let newest: Result<Response, Failure> = self.access.door.get(&encode(&path), self.care(), deadline);
            let newest = newest.ok().and_then(|response| wire::found(response.body.expose(), Expect::Versioned).ok());
            let newest = match newest {
                Some(Found::Fields { version: Some(newest), .. }) => Some(newest),
                Some(Found::Deleted { version, .. } | Found::Destroyed { version }) => Some(version),
                _ => None,
            };
            if let Some(newest) = newest {
                return missing(
                    format!("HTTP 404: `{path}` has no version {version}"),
                    Some(format!("the newest is {newest}; old ones go when there are too many")),
                );
            }
        }
        missing(format!("HTTP 404: there is nothing at `{path}`"), self.misspelt())
    }

    /// What people write who know the path from the API or from the CLI.
    fn misspelt(&self) -> Option<String> {
        if matches!(self.route, Route::Api(_)) {
            return None;
        }
        let data = matches!(self.route, Route::V2 | Route::Unseen) && self.path.starts_with("data/");
        let within = self.path.strip_prefix(self.mount).and_then(|rest| rest.strip_prefix('/'));
        match within {
            Some(rest) => Some(format!(
                "leave out `{}/`: paths are relative to the mount, so write `{}`",
                self.mount,
                undata(rest)
            )),
            None if data => Some(format!("leave out `data/`: write `{}`", undata(self.path))),
            None => None,
        }
    }

    /// Adds to a failure what the list of mounts tells about it.
    fn explain(&self, failure: Failure, known: &Known) -> Failure {
        let mount = self.mount;
        match (known, &self.route, failure.kind) {
            (Known::Refused, _, Kind::Denied) => token_refused(&self.access.token_name),
            (Known::List(list), Route::V1 | Route::V2, Kind::Missing) if failure.cure.is_none() => {
                let other = longest(list.iter(), self.path);
                let cure = other.map(|(at, _)| {
                    let at = at.trim_end_matches('/');
                    format!(
                        "`{at}` is a KV mount of its own, and this path was read beneath `{mount}`: set `mount: {at}`"
                    )
                });
                Failure { cure, ..failure }
            }
            (Known::List(_) | Known::Unlisted, Route::Unseen, Kind::Denied) => Failure {
                cure: Some(format!(
                    "the token sees no mount `{mount}/`: {}, or correct `mount`",
                    failure.cure.unwrap_or_default()
                )),
                ..failure
            },
            (Known::List(_) | Known::Unlisted, Route::Unseen, Kind::Missing) => Failure {
                answered: format!("HTTP 404: there is no mount `{mount}/` that the token can see"),
                cure: Some("correct `mount`; for a path of the API as it stands, begin it with a slash".to_owned()),
                ..failure
            },
            (_, Route::Api(Some(at)), Kind::Denied | Kind::Missing) if covers(at, self.path) => {
                let also = format!(
                    "`{at}` is no KV mount, so the path was read as it stands; `mount: {mount}` reads it beneath `{mount}`"
                );
                let cure = failure.cure.map_or_else(|| also.clone(), |cure| format!("{cure}; {also}"));
                Failure { cure: Some(cure), ..failure }
            }
            _ => failure,
        }
    }
}

fn undata(path: &str) -> &str {
    path.strip_prefix("data/").unwrap_or(path)
}

/// Whether `path` lies beneath the mount `at`, which ends in a slash.
fn covers(at: &str, path: &str) -> bool {
    path.starts_with(at)
}

/// The mount that `path` begins with, the longest of several.
fn longest<'a>(mounts: impl Iterator<Item = (&'a String, &'a Engine)>, path: &str) -> Option<(&'a String, &'a Engine)> {
    mounts.filter(|(at, _)| covers(at, path)).max_by_key(|(at, _)| at.len())
}

/// An RFC 3339 time without its fraction: nobody undeletes by the nanosecond.
fn to_the_second(time: &str) -> String {
    match time.split_once('.') {
        Some((seconds, _)) if time.ends_with('Z') => format!("{seconds}Z"),
        _ => time.to_owned(),
    }
}
