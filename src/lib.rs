//! keyinit: a container init that fetches secrets from their stores, starts the command with them, and does PID 1's work.
//!
//! The modules in the order in which data flows, each stage taking the one before by value:
//!
//! | stage | module | from -> to |
//! | --- | --- | --- |
//! | read | [`cli`], [`manifest`] | argv, environment, file -> `Invocation`, `Manifest` |
//! | plan | [`plan`] | `Manifest` -> `Plan`: what will be asked of which store |
//! | fetch | [`fetch`], [`stores`], [`auth`], [`net`] | `Plan` -> `Fetched` |
//! | deliver | [`deliver`] | `Fetched` -> `Resolved` -> the command's environment |
//! | hand over | [`handover`] | become the command |
//! | supervise | [`supervise`] | signals, orphans -> exit code |
//!
//! [`run`] is the pipeline and the only room that knows every stage. [`secret`] is where secret bytes live, [`sys`] the only
//! room with `unsafe`, [`exit`], [`error`] and [`report`] what the user sees of a failure. `tests/it/architecture.rs` holds
//! the arrows between the rooms.
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod attempt;
pub mod auth;
pub mod cli;
pub mod deliver;
pub mod environment;
pub mod error;
pub mod exit;
pub mod fetch;
pub mod handover;
pub mod manifest;
pub mod net;
pub mod plan;
pub mod report;
pub mod run;
pub mod secret;
pub mod signals;
pub mod stores;
pub mod suggest;
pub mod supervise;
pub mod sys;
