//! What the rooms share.

pub mod bao;
pub mod binary;
pub mod chance;
pub mod client;
pub mod golden;
pub mod handshake;
pub mod net;
pub mod pidns;
pub mod run;
mod selftest;
pub mod server;
pub mod settled;
pub mod skip;
pub mod stand;
pub mod tls;
pub mod vault;
