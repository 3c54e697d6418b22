//! What the threads tell the main thread, and how threads are started.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use crossbeam_channel::{Receiver, Sender};

use super::settings::ModelFacts;
use crate::buttons::Edge;
use crate::case::Case;
use crate::control::ChangeRequest;
use crate::device::Event;
use crate::power::Charge;
use crate::reading::Earlier;

/// What the threads tell the main thread.
#[derive(Debug)]
pub enum Notice {
    Event(Event),
    /// How many records there are.
    Records(u64),
    /// The newest reading of a case's lesion, if there is one.
    Earlier(Case, Option<Arc<Earlier>>),
    /// How many lesions are due to be looked at again.
    Due(u64),
    /// A model is loaded.
    Model(ModelFacts),
    /// Something that the screen warns of for as long as it lasts, such as a full disk.
    Warning(Option<String>),
}

/// Where the main thread learns what has happened.
pub struct Inputs {
    /// Each with when it came: a turn that takes long must not make a short press a long one.
    pub edges: Receiver<(Edge, Instant)>,
    pub charges: Receiver<Option<Charge>>,
    pub changes: Receiver<ChangeRequest>,
    pub inbox: Receiver<Notice>,
    pub stop: Receiver<()>,
}

/// A named thread, so that it is known in logs and debuggers.
pub fn spawn(
    name: &str,
    body: impl FnOnce() + Send + 'static,
) -> anyhow::Result<std::thread::JoinHandle<()>> {
    let thread = std::thread::Builder::new().name(name.into()).spawn(body);
    thread.with_context(|| format!("cannot start the thread `{name}`"))
}

/// Tells the main thread. Fails only where that has stopped already, and then nobody needs to know.
pub fn tell(notices: &Sender<Notice>, notice: Notice) {
    let _ = notices.send(notice);
}
