//! Virtual buttons over HTTP: a press and its release, with a release of its own where none comes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;

use super::problem::Problem;
use super::routes::Link;
use crate::buttons::{Button, Edge, VirtualButtons};

/// A button that is held longer was forgotten: its page was closed or lost its connection.
const LONGEST_HOLD: Duration = Duration::from_secs(10);

/// The body of a request to a button.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Press {
    pressed: bool,
}

/// The buttons of the page.
pub(super) struct Buttons {
    buttons: VirtualButtons,
    down: Mutex<Down>,
}

/// The buttons that are down, each with the number of its press.
#[derive(Default)]
struct Down {
    presses: u64,
    buttons: HashMap<Button, u64>,
}

impl Buttons {
    pub fn new(buttons: VirtualButtons) -> Arc<Self> {
        Arc::new(Self { buttons, down: Mutex::default() })
    }

    /// Moves a button. Moving it to where it is does nothing.
    fn set(self: &Arc<Self>, button: Button, pressed: bool) {
        let mut down = self.down();
        if down.buttons.contains_key(&button) == pressed {
            return;
        }
        if pressed {
            down.presses += 1;
            let press = down.presses;
            down.buttons.insert(button, press);
            tokio::spawn(self.clone().release_later(button, press));
        } else {
            down.buttons.remove(&button);
        }
        self.buttons.push(Edge { button, pressed });
    }

    async fn release_later(self: Arc<Self>, button: Button, press: u64) {
        tokio::time::sleep(LONGEST_HOLD).await;
        let held = self.down().buttons.get(&button) == Some(&press);
        if held {
            self.set(button, false);
        }
    }

    fn down(&self) -> MutexGuard<'_, Down> {
        // A panic elsewhere cannot leave half a press.
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `POST /api/v1/buttons/{main|next|previous|back}`
pub(super) async fn press(
    State(link): State<Arc<Link>>,
    Path(button): Path<Button>,
    Json(press): Json<Press>,
) -> Result<StatusCode, Problem> {
    let none =
        "this device has buttons of its own; only virtual ones (buttons.kind) can be pressed from here";
    let buttons = link.buttons.as_ref().ok_or_else(|| Problem::new(StatusCode::CONFLICT, none))?;
    buttons.set(button, press.pressed);
    Ok(StatusCode::NO_CONTENT)
}
