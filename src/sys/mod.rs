//! The unsafe cellar: one system call a function, no policy in it, each with why it is needed and why it is sound.
//!
//! What `nix` offers safely is used from there, not from here. What is here, nix has not, or not for every signal
//! (its signal sets end at 31, and its `wait` fails on a real-time signal), or not for a process with threads.
#![allow(unsafe_code)]

pub mod allocator;
pub mod entry;
pub mod environment;
pub mod memory;
pub mod names;
pub mod process;
pub mod signal;
pub mod write;

pub use crate::entry;
