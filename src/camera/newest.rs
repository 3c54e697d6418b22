//! A channel whose sender never waits: what nobody has taken yet makes room for the newest.

use crossbeam_channel::{Receiver, Sender, bounded};

/// The sending end.
#[derive(Debug)]
pub struct NewestWins<T> {
    sender: Sender<T>,
    receiver: Receiver<T>,
}

/// A channel that holds the newest `capacity` (at least 1) items.
pub fn newest_wins<T>(capacity: usize) -> (NewestWins<T>, Receiver<T>) {
    let (sender, receiver) = bounded(capacity);
    (NewestWins { sender, receiver: receiver.clone() }, receiver)
}

impl<T> NewestWins<T> {
    pub fn send(&self, item: T) {
        let mut item = item;
        while let Err(full) = self.sender.try_send(item) {
            item = full.into_inner();
            // Someone else may have taken it meanwhile: there is room either way.
            let _ = self.receiver.try_recv();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stay_in_order() {
        let (sender, receiver) = newest_wins(3);
        (0..10).for_each(|item| sender.send(item));
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [7, 8, 9]);
    }

    #[test]
    fn the_receiver_learns_that_the_sender_is_gone() {
        let (sender, receiver) = newest_wins(1);
        sender.send(1);
        drop(sender);
        assert_eq!((receiver.recv().ok(), receiver.recv().ok()), (Some(1), None));
    }
}
