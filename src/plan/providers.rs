//! The stores of a plan: providers of the manifest, and types with their default configuration.

use super::{Login, Part, Pick, Plan, Read, allow};
use crate::environment::Environment;
use crate::error::{Place, Problem, Problems, Subject};
use crate::exit::Kind;
use crate::manifest::keys::{find, kinds};
use crate::manifest::providers::NOT_BUILT;
use crate::manifest::{Provider, Reference};
use crate::stores::{Complaint, Settings, Spec, Store, Wanted};
use crate::suggest::nearest;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One provider, configured.
struct Configured {
    name: String,
    /// Whether it stands in the manifest: else it is the default configuration of a type.
    written: bool,
    /// None when it is wrong, which a problem tells.
    store: Option<(&'static Spec, Arc<dyn Store>)>,
    allow: Option<Vec<String>>,
    mount: Option<String>,
    login: Option<usize>,
    used: bool,
    /// Problems of a default configuration; every variable that needs it is named in them.
    problems: Vec<usize>,
}

/// Who needs a secret, for messages.
pub struct Needed<'a> {
    /// The variable.
    pub name: &'a str,
    /// Where it stands; none in the environment.
    pub place: Option<&'a Place>,
}

/// All providers, and the reads that are asked of them.
pub struct Providers<'a> {
    specs: &'a [&'static Spec],
    environment: &'a Environment<'a>,
    providers: Vec<Configured>,
    logins: BTreeMap<(&'static str, String), usize>,
    reads: BTreeMap<(usize, crate::stores::Locator), usize>,
    /// What is wrong so far.
    pub problems: Problems,
}

impl<'a> Providers<'a> {
    /// No provider yet. `problems` are those of the manifest.
    pub fn new(specs: &'a [&'static Spec], environment: &'a Environment<'a>, problems: Problems) -> Self {
        Providers {
            specs,
            environment,
            providers: Vec::new(),
            logins: BTreeMap::new(),
            reads: BTreeMap::new(),
            problems,
        }
    }

    /// Configures a provider of the manifest.
    pub fn add(&mut self, provider: Provider, plan: &mut Plan) {
        let Some((spec, settings)) = provider.store else {
            self.providers.push(Configured {
                name: provider.name,
                written: true,
                store: None,
                allow: provider.allow,
                mount: None,
                login: None,
                used: false,
                problems: Vec::new(),
            });
            return;
        };
        self.configure(provider.name, spec, &settings, provider.allow, plan);
    }

    fn configure(
        &mut self,
        name: String,
        spec: &'static Spec,
        settings: &Settings,
        allow: Option<Vec<String>>,
        plan: &mut Plan,
    ) -> usize {
        let mut problems = Vec::new();
        let store = match (spec.configure)(settings, self.environment) {
            Ok(store) => Some((spec, store)),
            Err(complaints) => {
                // What a provider lacks is not said where it may be what the manifest's problems tell of already.
                let told = |complaint: &Complaint| {
                    settings.refused && complaint.place.is_some() && complaint.place == settings.place
                };
                for complaint in complaints.into_iter().filter(|complaint| !told(complaint)) {
                    problems.push(self.problems.len());
                    self.complaint(&name, complaint);
                }
                None
            }
        };
        let login = store.as_ref().map(|(spec, store)| {
            let next = plan.logins.len();
            let login = *self.logins.entry((spec.kind, store.identity())).or_insert(next);
            match plan.logins.get_mut(login) {
                Some(login) => login.providers.push(name.clone()),
                None => {
                    plan.logins.push(Login {
                        store: Arc::clone(store),
                        kind: spec.kind,
                        providers: vec![name.clone()],
                    });
                }
            }
            login
        });
        // A provider of the manifest is checked whether or not anything refers to it; its place tells where.
        let written = settings.place.is_some();
        problems.retain(|_| !written);
        let mount = settings.text("mount").map(str::to_owned);
        self.providers.push(Configured { name, written, store, allow, mount, login, used: false, problems });
        self.providers.len() - 1
    }

    fn complaint(&mut self, provider: &str, complaint: Complaint) {
        let mut problem = Problem::new(Kind::Config, format!("provider `{provider}`: {}", complaint.what))
            .cure(complaint.cure)
            .about(Subject { provider: Some(provider.to_owned()), ..Subject::default() });
        problem.place = complaint.place;
        self.problems.push(problem);
    }

    /// Whether there are so many problems that more help nobody, and cost much to find.
    pub fn is_full(&self) -> bool {
        self.problems.len() >= 200
    }

    /// The part of a value that `reference` is; none when it is wrong, which a problem tells.
    pub fn part(&mut self, reference: &Reference, needed: &Needed<'_>, plan: &mut Plan) -> Option<Part> {
        let read = self.read(reference, needed, plan)?;
        Some(Part::Secret(Pick { read, key: reference.key.clone(), filters: reference.filters.clone() }))
    }

    /// The read that answers `reference`; none when it is wrong, which a problem tells.
    fn read(&mut self, reference: &Reference, needed: &Needed<'_>, plan: &mut Plan) -> Option<usize> {
        if self.is_full() {
            return None;
        }
        let index = self.provider(reference, needed, plan)?;
        if let Some(limited) = self.goes_around(index) {
            let what = format!(
                "`secret://{}/` would use the login of provider `{limited}`, which has `allow`",
                reference.provider
            );
            let problem = refusal(reference, needed, &what, &format!("write `secret://{limited}/`"));
            self.problems.push(problem);
            return None;
        }
        let provider = self.providers.get_mut(index)?;
        if let Some(patterns) = &provider.allow {
            // Where a mount is named, the path is beneath it, with or without a slash.
            let below = reference.path.trim_start_matches('/');
            let path = match &reference.mount {
                Some(mount) if provider.mount.as_ref() != Some(mount) => {
                    format!("{}/{below}", mount.trim_matches('/'))
                }
                Some(_) => below.to_owned(),
                None => reference.path.clone(),
            };
            if !allow::allows(patterns, &path) {
                let what = format!("`{path}` is outside of what provider `{}` allows", provider.name);
                let problem =
                    refusal(reference, needed, &what, "add it to `allow` of the provider, or refer to another path");
                self.problems.push(problem);
                return None;
            }
        }
        let Some((_, store)) = &provider.store else {
            for &problem in &provider.problems {
                if let Some(problem) = self.problems.get_mut(problem) {
                    super::add_target(&mut problem.subject.targets, needed.name);
                }
            }
            return None;
        };
        let wanted =
            Wanted { path: &reference.path, mount: reference.mount.as_deref(), version: reference.version.as_deref() };
        let locator = match store.locate(&wanted) {
            Ok(locator) => locator,
            Err(complaint) => {
                let mut problem = refusal(reference, needed, &complaint.what, &complaint.cure);
                problem.place = complaint.place.or(problem.place);
                self.problems.push(problem);
                return None;
            }
        };
        provider.used = true;
        let login = provider.login?;
        let next = plan.reads.len();
        let read = *self.reads.entry((login, locator.clone())).or_insert(next);
        if read == next {
            plan.reads.push(Read { login, provider: provider.name.clone(), locator, path: reference.path.clone() });
        }
        Some(read)
    }

    /// The provider with `allow` whose login the default configuration at `index` would use without that limit. Among
    /// providers of the manifest it is no way around: who wrote the one wrote the other.
    fn goes_around(&self, index: usize) -> Option<String> {
        let by_default = self.providers.get(index).filter(|provider| !provider.written)?;
        let same = |other: &&Configured| other.written && other.login.is_some() && other.login == by_default.login;
        let mut limited = self.providers.iter().filter(same);
        limited.find(|other| other.allow.is_some()).map(|other| other.name.clone())
    }

    /// The provider of that name, else the default configuration of the type of that name.
    fn provider(&mut self, reference: &Reference, needed: &Needed<'_>, plan: &mut Plan) -> Option<usize> {
        let name = reference.provider.as_str();
        if let Some(index) = self.providers.iter().position(|provider| provider.name == name) {
            return Some(index);
        }
        if let Some(spec) = find(self.specs, name) {
            return Some(self.configure(name.to_owned(), spec, &Settings::default(), None, plan));
        }
        let (what, cure) = if NOT_BUILT.contains(&name) {
            (format!("`secret://{name}/` is not supported by this version"), "use a newer keyinit".to_owned())
        } else {
            let known: Vec<&str> =
                self.providers.iter().map(|provider| provider.name.as_str()).chain(kinds(self.specs)).collect();
            let cure = match nearest(name, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => {
                    format!("add it to `providers` of the manifest, or use a type: {}", kinds(self.specs).join(", "))
                }
            };
            (format!("unknown provider `{name}`"), cure)
        };
        self.problems.push(refusal(reference, needed, &what, &cure));
        None
    }

    /// Names of variables that hold the credentials of the stores in use, each once.
    pub fn credentials(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (spec, store) in
            self.providers.iter().filter(|provider| provider.used).filter_map(|provider| provider.store.as_ref())
        {
            let of_spec = spec.credentials.iter().flat_map(|name| [(*name).to_owned(), format!("{name}_FILE")]);
            for name in of_spec.chain(store.credentials()) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }
}

/// A problem with one reference.
fn refusal(reference: &Reference, needed: &Needed<'_>, what: &str, cure: &str) -> Problem {
    super::problem_of(needed, what, cure).about(Subject {
        targets: vec![needed.name.to_owned()],
        provider: Some(reference.provider.clone()),
        path: Some(reference.path.clone()),
        key: reference.key.clone(),
        version: reference.version.clone(),
    })
}
