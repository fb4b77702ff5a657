//! DELIVER: what was fetched becomes the environment that the command gets, and the files that it finds.

mod compose;
mod environment;
mod files;
mod filter;
mod inside;
pub mod pick;

pub use compose::{Resolved, compose};
pub use environment::{CommandEnvironment, build, is_stripped};
pub use files::{Fault, Owner, Wanted, Written, place, problem, remove, write};

/// All that the command gets.
pub struct Delivery {
    /// Its environment.
    pub environment: CommandEnvironment,
    /// Its files, which go again unless it starts.
    pub files: Written,
}

#[cfg(test)]
mod compose_tests;
#[cfg(test)]
mod mapping_tests;
#[cfg(test)]
mod property_tests;
