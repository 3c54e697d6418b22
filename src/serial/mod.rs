//! The serial link: records over the USB cable's serial port, or any other. A line is a call in JSON-RPC 2.0
//! ([`service::METHODS`]) or a plain word from a person in a terminal (`help`). A call may end in a checksum, and then
//! so does its answer ([`message::unseal`]); bytes of pictures come in parts with a CRC-32 ([`wire`]).
//!
//! [`session`] is the protocol: bytes in, bytes out. [`edge`] is the terminal around it, on a thread of its own that
//! reads records through a connection of its own: nothing of the device waits for it.

mod config;
mod edge;
mod limits;
pub mod lines;
pub mod message;
mod outgoing;
mod service;
mod session;
mod typed;
pub mod wire;
mod words;

pub use config::SerialConfig;
pub use edge::{SerialLink, is_wait, open, start};
pub use limits::{LARGEST_PART, LONGEST_CALL, PROTOCOL};
pub use service::{MOST_PROVED, Service};
pub use session::Session;
