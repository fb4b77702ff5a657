//! The stores: one folder each, all of one shape, and the two traits through which the rest of the program sees them.
//!
//! A new store is one folder and one line in [`SPECS`]. A store imports `auth`, `net`, `secret` and this module; never
//! another store, never `deliver`, `handover` or `supervise`, never `std::env` or `std::process`.

mod env;
mod file;
mod spec;
#[cfg(not(fuzzing))]
mod vault;
/// Open to the fuzzer, for its wire parser.
#[cfg(fuzzing)]
pub mod vault;

pub use spec::{Complaint, Form, Given, Key, Method, Settings, Shape, Spec, Value};

pub use crate::attempt::{Context, Deadline, Failure, Retry};

use crate::secret::Secret;

/// Every store there is, in the order of the documentation.
pub static SPECS: &[&Spec] = &[&vault::SPEC, &file::SPEC, &env::SPEC];

/// The store of that name or alias.
pub fn spec(name: &str) -> Option<&'static Spec> {
    SPECS.iter().copied().find(|spec| spec.kind == name || spec.aliases.contains(&name))
}

/// A configured store: it knows where to go and how to log in, and has asked nothing yet.
pub trait Store: Send + Sync {
    /// Two providers with the same identity share one login: address, namespace and who logs in, by name. Not secret.
    fn identity(&self) -> String;

    /// Where it is, for messages: an origin or a directory.
    fn location(&self) -> String;

    /// How it will log in and why that way, for `plan` and `check`: `approle (VAULT_ROLE_ID is set)`. Empty without login.
    fn login_reason(&self) -> String;

    /// Names of the variables that this configuration takes credentials from, beside those of the spec.
    fn credentials(&self) -> Vec<String>;

    /// Turns what the user wrote into what will be read, or says what is wrong with it. Pure. Two references that mean
    /// the same secret give equal locators, so that it is read once.
    fn locate(&self, wanted: &Wanted<'_>) -> Result<Locator, Complaint>;

    /// Tells what will be read once the login holds, so that connections can be opened while it is under way. Called once,
    /// before the first [`Store::login`]; returns at once and reports nothing. A store without connections does nothing.
    fn expect(&self, reads: &[&Locator], context: &Context) {
        let _ = (reads, context);
    }

    /// Logs in. Blocks until `context.deadline` at most. Called once per identity, and again only after a failure
    /// whose `retry` allows it.
    fn login(&self, context: &Context) -> Result<Box<dyn Session>, Failure>;
}

/// A login that holds. Shared by the threads that read.
pub trait Session: Send + Sync {
    /// Reads one secret, whole.
    fn read(&self, locator: &Locator, context: &Context) -> Result<Answer, Failure>;

    /// Shows that the login is good without reading a secret, for `check`. A store whose login already shows it does nothing.
    fn prove(&self, context: &Context) -> Result<(), Failure> {
        let _ = context;
        Ok(())
    }

    /// Ends the login: revokes a token that we logged in for, unless a lease that is in use hangs on it. A token given from
    /// outside is left alone. Called once, after the last read or when the start is given up.
    fn close(&self, ending: Ending, context: &Context) -> Result<(), Failure>;
}

/// Why a login ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Everything was read, and will be used.
    InUse,
    /// The start was given up, or no secret was read: nobody will use what was leased.
    Unused,
}

/// A secret as the user named it.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    /// The path, decoded.
    pub path: &'a str,
    /// `from_secret.mount`.
    pub mount: Option<&'a str>,
    /// The version; `0` means the newest, like none.
    pub version: Option<&'a str>,
}

/// A secret as the store will be asked for it. Equal locators of one identity are one read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Locator {
    /// The path as the store's room keeps it.
    pub path: String,
    /// The mount, vault or project the path is relative to, where there is such a thing.
    pub mount: Option<String>,
    /// The version; none for the newest.
    pub version: Option<String>,
}

/// What a store answered for one path.
pub struct Answer {
    /// The content.
    pub content: Content,
    /// The version that was read, for `-v`.
    pub version: Option<String>,
    /// Whether a lease came with it, which ends with the login.
    pub leased: bool,
}

/// The content of one path.
pub enum Content {
    /// One value, as it is.
    Value(Secret),
    /// Named fields, in the store's order.
    Fields(Vec<Field>),
}

/// One named field.
pub struct Field {
    /// Its name. Not secret.
    pub name: String,
    /// A string's text, or the compact JSON text of anything else.
    pub value: Secret,
    /// Whether `value` is JSON text of something that was no string in the store.
    pub json: bool,
}
