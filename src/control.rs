//! What links know of the device beside its screen and its records, and what they say to it: the case that the next
//! captures are of, and the setting that they are read by. The device answers when it has taken it, so that a press that
//! follows an answer is of that case and by that setting.

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use tokio::sync::watch;

use crate::case::Case;
use crate::classifier::Setting;
use crate::health::Health;
use crate::light::Lit;
use crate::power::Battery;

/// How long the device may take to answer. It turns many times a second; one that does not is about to be started anew.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the device tells of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceState {
    /// What the next captures are of.
    pub case: Case,
    /// Where there is one.
    pub battery: Option<Battery>,
    /// What lights a capture that is taken now, if anything does.
    pub light: Option<Lit>,
    /// How the next captures are read.
    pub setting: Setting,
    /// The model's operating points by name; none until it is loaded.
    pub operating_points: Vec<String>,
    /// The SHA-256 of the certificate of HTTPS, `AB:CD:...`, where that is served.
    pub https: Option<String>,
}

/// A link's end. Clones are the same.
#[derive(Clone)]
pub struct Remote {
    told: watch::Receiver<DeviceState>,
    changes: Sender<ChangeRequest>,
    /// How the device's parts stand.
    pub health: Health,
}

/// The device's end.
pub struct DeviceEnd {
    told: watch::Sender<DeviceState>,
    changes: Receiver<ChangeRequest>,
    /// Where the main loop tells how the device's parts stand.
    pub health: Health,
}

/// What is wished for.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The next captures shall be of this.
    Case(Case),
    /// They shall be read by this.
    Setting(Setting),
}

/// What a link says, and the way to answer it.
#[derive(Debug)]
pub struct ChangeRequest {
    /// What the device shall do from now on.
    pub change: Change,
    done: Sender<Result<(), String>>,
}

/// Why what was said does not hold.
#[derive(Debug, thiserror::Error)]
pub enum NotChanged {
    /// The device took too long, or is gone: what was said may hold or not.
    #[error("the device does not answer: what was said may hold or not; try again")]
    Unanswered,
    /// The device cannot.
    #[error("{0}")]
    Refused(String),
}

/// The two ends.
pub fn pair() -> (Remote, DeviceEnd) {
    let (told_in, told) = watch::channel(DeviceState::default());
    let (changes, changes_out) = unbounded();
    let health = Health::default();
    (
        Remote { told, changes, health: health.clone() },
        DeviceEnd { told: told_in, changes: changes_out, health },
    )
}

impl Remote {
    /// Waits for what the device tells next.
    pub fn watch(&self) -> watch::Receiver<DeviceState> {
        let mut told = self.told.clone();
        told.mark_unchanged();
        told
    }

    /// What the device told last.
    pub fn told(&self) -> DeviceState {
        self.told.borrow().clone()
    }

    /// Says what the next captures are of, and waits until it holds: what is told from then on says so.
    pub fn set_case(&self, case: Case) -> Result<(), NotChanged> {
        self.say(Change::Case(case))
    }

    /// Says how the next captures are read, and waits until that holds.
    pub fn set_setting(&self, setting: Setting) -> Result<(), NotChanged> {
        setting.check().map_err(NotChanged::Refused)?;
        self.say(Change::Setting(setting))
    }

    fn say(&self, change: Change) -> Result<(), NotChanged> {
        let (done, answer) = bounded(1);
        self.changes.send(ChangeRequest { change, done }).map_err(|_| NotChanged::Unanswered)?;
        let answer = answer.recv_timeout(PATIENCE).map_err(|_| NotChanged::Unanswered)?;
        answer.map_err(NotChanged::Refused)
    }
}

impl DeviceEnd {
    /// Tells the links. The same again changes nothing.
    pub fn tell(&self, told: DeviceState) {
        self.told.send_if_modified(|known| {
            let differs = *known != told;
            *known = told;
            differs
        });
    }

    /// Where changes come in.
    pub fn changes(&self) -> Receiver<ChangeRequest> {
        self.changes.clone()
    }
}

impl ChangeRequest {
    /// Says that it holds, after it was told.
    pub fn done(self) {
        // Fails only where nobody waits any more.
        let _ = self.done.send(Ok(()));
    }

    /// Says why it cannot be.
    pub fn refuse(self, why: String) {
        // As above.
        let _ = self.done.send(Err(why));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_holds_when_the_answer_comes() {
        let (remote, base) = pair();
        let device = std::thread::spawn(move || {
            let change = base.changes().recv().unwrap();
            let Change::Case(case) = change.change.clone() else { panic!("not a case") };
            base.tell(DeviceState { case, ..DeviceState::default() });
            change.done();
        });
        let case = Case::new(Some("AB-12"), None).unwrap();
        remote.set_case(case.clone()).unwrap();
        assert_eq!(remote.told().case, case);
        device.join().unwrap();
        assert!(remote.set_case(case).is_err(), "a device that is gone takes nothing");
    }

    #[test]
    fn a_setting_that_the_model_does_not_have_is_refused_in_its_words() {
        let (remote, base) = pair();
        let device =
            std::thread::spawn(move || base.changes().recv().unwrap().refuse("no such point".into()));
        let setting = Setting { operating_point: "guess".into(), prevalence: None };
        assert_eq!(remote.set_setting(setting).unwrap_err().to_string(), "no such point");
        device.join().unwrap();
        let impossible = Setting { prevalence: Some(1.5), ..Setting::default() };
        assert!(remote.set_setting(impossible).unwrap_err().to_string().contains("not from 0.001"));
    }
}
