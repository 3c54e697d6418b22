//! Virtual buttons over HTTP: a press and its release, with a release of our own where none comes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::problem::Problem;
use crate::buttons::{Button, Edge, VirtualButtons};

/// A button that is held says so again and again. One that has been silent for this long was forgotten: its page
/// was closed or lost its connection, and must not be taken for a hold that turns the device off.
const LEASE: Duration = Duration::from_secs(2);

/// The body of a request to a button. Read as a map, since serde takes `[true]` for a struct as well.
#[derive(Deserialize)]
#[serde(try_from = "BTreeMap<String, bool>")]
pub(super) struct Press {
    pressed: bool,
}

impl TryFrom<BTreeMap<String, bool>> for Press {
    type Error = &'static str;

    fn try_from(mut said: BTreeMap<String, bool>) -> Result<Self, Self::Error> {
        let pressed = said.remove("pressed").filter(|_| said.is_empty());
        let pressed = pressed.ok_or("send {\"pressed\": true} or {\"pressed\": false}, and nothing else")?;
        Ok(Self { pressed })
    }
}

/// The buttons of the page.
pub(super) struct Buttons {
    buttons: VirtualButtons,
    down: Mutex<Down>,
}

/// The buttons that are down, each with the number of the newest message that said so.
#[derive(Default)]
struct Down {
    messages: u64,
    buttons: HashMap<Button, u64>,
}

impl Buttons {
    pub fn new(buttons: VirtualButtons) -> Arc<Self> {
        Arc::new(Self { buttons, down: Mutex::default() })
    }

    /// Presses a button, or says that it is still held.
    fn press(self: &Arc<Self>, button: Button) {
        let mut down = self.down();
        down.messages += 1;
        let message = down.messages;
        let before = down.buttons.insert(button, message);
        tokio::spawn(self.clone().release_later(button, message));
        if before.is_none() {
            self.buttons.push(Edge { button, pressed: true });
        }
    }

    /// Lets a button go; nothing where it is up.
    fn release(&self, button: Button) {
        let mut down = self.down();
        if down.buttons.remove(&button).is_some() {
            self.buttons.push(Edge { button, pressed: false });
        }
    }

    async fn release_later(self: Arc<Self>, button: Button, message: u64) {
        tokio::time::sleep(LEASE).await;
        let silent = self.down().buttons.get(&button) == Some(&message);
        if silent {
            self.release(button);
        }
    }

    fn down(&self) -> MutexGuard<'_, Down> {
        // A panic elsewhere cannot leave half a press.
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `POST /api/v1/buttons/{main|next|previous|back}`
pub(super) async fn press(
    State(buttons): State<Option<Arc<Buttons>>>,
    Path(button): Path<Button>,
    Json(press): Json<Press>,
) -> Result<StatusCode, Problem> {
    let none =
        "this device has buttons of its own; only virtual ones (buttons.kind) can be pressed from here";
    let buttons = buttons.ok_or_else(|| Problem::new(StatusCode::CONFLICT, none))?;
    if press.pressed {
        buttons.press(button);
    } else {
        buttons.release(button);
    }
    Ok(StatusCode::NO_CONTENT)
}
