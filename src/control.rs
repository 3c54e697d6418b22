//! What links know of the device beside its screen and its records, and what they say to it: the case that the next
//! captures are of. The device answers when it has taken it, so that a press that follows an answer is of that case.

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use tokio::sync::watch;

use crate::case::Case;
use crate::health::Health;
use crate::light::Lit;
use crate::power::Battery;

/// How long the device may take to answer. It turns many times a second; one that does not is about to be started anew.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the device tells of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// What the next captures are of.
    pub case: Case,
    /// Where there is one.
    pub battery: Option<Battery>,
    /// What lights a capture that is taken now, if anything does.
    pub light: Option<Lit>,
}

/// A link's end. Clones are the same.
#[derive(Clone)]
pub struct Remote {
    told: watch::Receiver<Told>,
    wishes: Sender<Wish>,
    /// How the device's parts stand.
    pub health: Health,
}

/// The device's end.
pub struct Base {
    told: watch::Sender<Told>,
    wishes: Receiver<Wish>,
    /// Where the main loop tells how the device's parts stand.
    pub health: Health,
}

/// A case that the next captures shall be of.
#[derive(Debug)]
pub struct Wish {
    pub case: Case,
    done: Sender<()>,
}

/// The device did not answer.
#[derive(Debug, thiserror::Error)]
#[error("the device does not answer: what captures are of may or may not have changed; try again")]
pub struct Unanswered;

/// The two ends.
pub fn pair() -> (Remote, Base) {
    let (told_in, told) = watch::channel(Told::default());
    let (wishes, wishes_out) = unbounded();
    let health = Health::default();
    (Remote { told, wishes, health: health.clone() }, Base { told: told_in, wishes: wishes_out, health })
}

impl Remote {
    /// What the device told last.
    pub fn told(&self) -> Told {
        self.told.borrow().clone()
    }

    /// Says what the next captures are of, and waits until it holds: what is told from then on says so.
    pub fn set_case(&self, case: Case) -> Result<(), Unanswered> {
        let (done, answer) = bounded(1);
        self.wishes.send(Wish { case, done }).map_err(|_| Unanswered)?;
        answer.recv_timeout(PATIENCE).map_err(|_| Unanswered)
    }
}

impl Base {
    /// Tells the links. The same again changes nothing.
    pub fn tell(&self, told: Told) {
        self.told.send_if_modified(|known| {
            let differs = *known != told;
            *known = told;
            differs
        });
    }

    /// Where wishes come in.
    pub fn wishes(&self) -> Receiver<Wish> {
        self.wishes.clone()
    }
}

impl Wish {
    /// Says that it holds, after it was told.
    pub fn done(self) {
        // Fails only where nobody waits any more.
        let _ = self.done.send(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_holds_when_the_answer_comes() {
        let (remote, base) = pair();
        let device = std::thread::spawn(move || {
            let wish = base.wishes().recv().unwrap();
            base.tell(Told { case: wish.case.clone(), ..Told::default() });
            wish.done();
        });
        let case = Case::new(Some("AB-12"), None).unwrap();
        remote.set_case(case.clone()).unwrap();
        assert_eq!(remote.told().case, case);
        device.join().unwrap();
        assert!(remote.set_case(case).is_err(), "a device that is gone takes nothing");
    }
}
