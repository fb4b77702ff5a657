//! DELIVER: what was fetched becomes the environment that the command gets.

mod compose;
mod environment;
mod filter;
mod inside;
pub mod pick;

pub use compose::{Resolved, compose};
pub use environment::{CommandEnvironment, build, is_stripped};

#[cfg(test)]
mod compose_tests;
#[cfg(test)]
mod mapping_tests;
#[cfg(test)]
mod property_tests;
