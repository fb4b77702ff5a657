//! The integration tests: one binary, one room a subject.
//!
//! `cargo test --test it` runs all, `cargo test --test it init::` one room. What a test needs and does not find makes
//! it skip loudly (support/skip.rs).
#![allow(missing_docs)]

mod architecture;
mod support;

mod docker;
mod faults;
mod flow;
mod init;
mod memory;
mod schema;
mod stores;
mod texts;
