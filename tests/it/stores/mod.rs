//! One room a store, and the certificate of the stand-in that one of them is tested against.

mod certify;
mod file;
mod vault;
