//! One room a store, what every store must do, and the certificate of the stand-in that one of them is tested against.

mod certify;
mod conformance;
mod file;
mod vault;
