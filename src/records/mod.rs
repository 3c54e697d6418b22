//! Records: what is kept of every reading, durably.
//!
//! A folder holds `records.sqlite`, `anchor.json`, `device.key`, `images/` and `incoming/`. The database's table
//! `entries` is only ever appended to: a record, a deletion, a pruning, a finding or an outcome each is an entry, and the entries
//! form a hash chain ([`chain`]). How far it went lies beside the database ([`anchor`]), signed by the device ([`key`]).
//! Pictures lie in `images/` under the SHA-256 of their bytes ([`images`] says why in one flat folder). A record counts
//! as saved when its picture is durable *and* its entry is committed, in that order, so that no entry ever names a
//! picture that is not there.

mod anchor;
pub mod chain;
mod config;
mod dermoscopy;
mod erase;
mod error;
pub mod export;
mod files;
mod finding;
mod given_out;
mod images;
mod keep;
pub mod key;
mod lesions;
mod list;
mod outcomes;
mod pictures;
mod problem;
mod prune;
mod reader;
mod record;
mod rows;
mod schema;
mod space;
mod store;
mod verify;
mod wipe;
mod wiping;

pub use anchor::{Head, public_key};
pub use config::RecordsConfig;
pub use dermoscopy::{Dermoscopy, Immersion, Polarisation};
pub use error::RecordError;
pub use files::{CERTIFICATE, DRIVE, DRIVE_MADE_OF};
pub use finding::{Finding, Place, What};
pub use given_out::{Departed, Departure, Departures, Standing, proof};
pub use lesions::{Due, day};
pub use list::{Filter, RecordPage, Scope, Unreadable};
pub use outcomes::Noted;
pub use problem::{Problem, Verification};
pub use reader::{Interrupter, Reader};
pub use record::{Record, Summary, carried_name};
pub use space::Space;
pub use store::Store;
pub use wipe::{Wiped, wipe};
