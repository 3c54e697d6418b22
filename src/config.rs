//! The configuration: one TOML file, typed, unknown keys refused with the line and the nearest known name.

mod file;
mod lines;
mod pins;
mod salvage;
mod schema;

pub use file::{Config, ConfigError, DEFAULT};
pub use salvage::Loaded;
pub use schema::schema;
