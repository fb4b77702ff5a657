//! keyinit: see the library's documentation, and README.md.
#![no_main]

keyinit::entry!(keyinit::run::main);
