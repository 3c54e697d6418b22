//! Virtual buttons: edges from a program, such as the simulator's page or a test.

use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};

use super::{Button, ButtonError, Buttons, Edge};

/// A handle that presses buttons. Clones press the same ones.
#[derive(Clone, Debug)]
pub struct VirtualButtons {
    sender: Sender<Edge>,
    receiver: Receiver<Edge>,
}

impl Default for VirtualButtons {
    fn default() -> Self {
        let (sender, receiver) = unbounded();
        Self { sender, receiver }
    }
}

impl VirtualButtons {
    /// Presses a button down, or lets it go.
    pub fn push(&self, edge: Edge) {
        // Cannot fail: the handle holds a receiver itself.
        let _ = self.sender.send(edge);
    }

    /// Presses a button and lets it go at once: a short press.
    pub fn click(&self, button: Button) {
        self.push(Edge { button, pressed: true });
        self.push(Edge { button, pressed: false });
    }

    /// The buttons as the daemon reads them. One reader at a time: an edge goes to one of them only.
    pub fn reader(&self) -> impl Buttons + 'static {
        Reader(self.clone())
    }
}

struct Reader(VirtualButtons);

impl Buttons for Reader {
    fn next_edge(&mut self, timeout: Duration) -> Result<Option<Edge>, ButtonError> {
        match self.0.receiver.recv_timeout(timeout) {
            Ok(edge) => Ok(Some(edge)),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_from_any_clone_arrives_as_two_edges_in_order() {
        let buttons = VirtualButtons::default();
        let mut reader = buttons.reader();
        buttons.clone().click(Button::Next);
        let edges: Vec<_> = (0..2).map(|_| reader.next_edge(Duration::from_secs(5)).unwrap()).collect();
        let edge = |pressed| Some(Edge { button: Button::Next, pressed });
        assert_eq!(edges, [edge(true), edge(false)]);
    }

    #[test]
    fn no_edge_is_not_an_error() {
        let mut reader = VirtualButtons::default().reader();
        assert_eq!(reader.next_edge(Duration::ZERO).unwrap(), None);
    }
}
