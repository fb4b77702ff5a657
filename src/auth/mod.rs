//! Mechanics of logging in that several stores share.

mod source;

pub use source::{Source, Spoken};
