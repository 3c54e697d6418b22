//! The screen feed: what the panel shows, as pixels and as words, from the thread that shows it to whoever
//! watches. It keeps only the newest, so a slow watcher misses screens and never holds one up.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::watch;

use crate::RESEARCH_ONLY;
use crate::classifier::{ClassProbability, Here, Worth};
use crate::panel::{Canvas, Shown, VirtualScreen};
use crate::reading::{Reading, Saved};
use crate::screens::{self, About, Check, CheckState, Countdown, Hint, Page, Screen, Status};
use crate::verdict::{Verdict, Why};

/// What the panel shows. Clones share it.
#[derive(Clone)]
pub struct ScreenFeed {
    pixels: VirtualScreen,
    words: Arc<watch::Sender<ScreenState>>,
}

/// A screen in words.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ScreenState {
    /// Which screen: "viewfinder", "result" and so on.
    pub screen: &'static str,
    /// What it says, for those who cannot see it.
    pub words: String,
    /// The result on it.
    pub result: Option<ResultState>,
    /// A warning that outlives screens.
    pub warning: Option<String>,
    /// Records on the device.
    pub records: u64,
}

/// A result in words and numbers. Probabilities are from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResultState {
    /// The word that is shown.
    pub verdict: Verdict,
    /// Why it is no better, worst first.
    pub reasons: Vec<Why>,
    /// P(malignant) as the model computed it.
    pub malignant_probability: f32,
    /// The name of the operating point in force.
    pub operating_point: String,
    /// Suspicious from this P(malignant) on, before any prevalence.
    pub threshold: f32,
    /// The share of malignant pictures in the set that the probability is true for, where the model says it.
    pub calibrated_on: Option<f32>,
    /// The probability and the threshold as they are shown where a prevalence is stated.
    pub here: Option<Here>,
    /// What the word is worth there.
    pub worth: Option<Worth>,
    /// The three likeliest classes, likeliest first.
    pub top: Vec<ClassProbability>,
    /// Whether it is on disk.
    pub saved: Saved,
    /// The record's number, once it is saved.
    pub record: Option<u64>,
    /// That it is research software and no diagnosis.
    pub notice: &'static str,
}

impl ScreenFeed {
    /// A feed of this screen, which shows nothing in words yet.
    pub fn new(pixels: VirtualScreen) -> Self {
        Self { pixels, words: Arc::new(watch::Sender::new(ScreenState::dark())) }
    }

    /// Passes on a screen and the canvas that it was drawn on. The same again changes nothing.
    pub fn show(&self, screen: &Screen, status: &Status, canvas: &Canvas) {
        self.say(ScreenState::of(screen, status));
        self.pixels.show(canvas);
    }

    /// Passes on the panel's backlight in percent; at 0 nothing is seen.
    pub fn set_backlight(&self, percent: u8) {
        if percent == 0 {
            self.say(ScreenState::dark());
        }
        self.pixels.set_backlight(percent);
    }

    fn say(&self, state: ScreenState) {
        self.words.send_if_modified(|words| {
            let differs = *words != state;
            *words = state;
            differs
        });
    }

    /// The pixels and the words that are shown now.
    pub fn newest(&self) -> (Shown, ScreenState) {
        (self.pixels.newest(), self.words.borrow().clone())
    }

    /// Somebody who watches from now on.
    pub fn watch(&self) -> Watcher {
        Watcher { pixels: self.pixels.clone(), seen: None, words: self.words.subscribe() }
    }
}

/// Waits for what is new on the screen.
pub struct Watcher {
    pixels: VirtualScreen,
    /// The newest version that was given; none at first.
    seen: Option<u64>,
    words: watch::Receiver<ScreenState>,
}

impl Watcher {
    /// What is shown now, when first asked; then whatever is new since the last time, once there is.
    pub async fn next(&mut self) -> (Shown, ScreenState) {
        if let Some(seen) = self.seen {
            tokio::select! {
                _ = self.pixels.newer_than(seen) => {}
                // Fails only where the feed is gone, and then nothing is new.
                changed = self.words.changed() => if changed.is_err() { std::future::pending().await },
            }
        }
        let shown = self.pixels.newest();
        self.seen = Some(shown.version);
        let words = self.words.borrow_and_update().clone();
        (shown, words)
    }
}

impl ScreenState {
    fn dark() -> Self {
        let words = "The screen is dark: press the button to wake it".into();
        Self { screen: "dark", words, ..Self::default() }
    }

    /// What a screen says.
    fn of(screen: &Screen, status: &Status) -> Self {
        let (name, words, result) = match screen {
            Screen::SelfTest { checks } => ("self_test", check_words(checks), None),
            Screen::Viewfinder { hint, .. } => ("viewfinder", live_words(*hint, status), None),
            Screen::Analysing { .. } => ("analysing", "Reading the picture".into(), None),
            Screen::Result { reading, saved, page } => {
                let state = ResultState::of(reading, saved.clone());
                ("result", state.words(*page), Some(state))
            }
            Screen::Retake { reasons, .. } => ("retake", refusal_words(reasons), None),
            Screen::History { reading, picture_fault, sequence, age, total, page } => {
                let state = ResultState::of(reading, Saved::Saved(*sequence));
                let gone = match picture_fault {
                    Some(fault) => format!(" The picture cannot be shown: {fault}."),
                    None if reading.capture.has_left() => " The picture has left the device.".into(),
                    None => String::new(),
                };
                let words = format!("Past result {} of {total}. {}{gone}", age + 1, state.words(*page));
                ("history", words, Some(state))
            }
            Screen::Unreadable { cause, sequence, age, total } => {
                let record = sequence.map_or(String::new(), |sequence| format!(" (record {sequence})"));
                let words = format!(
                    "Past result {} of {total}{record} cannot be shown: {cause}. Press for the one before.",
                    age + 1
                );
                ("history", words, None)
            }
            Screen::Due { lesions } => ("due", due_words(lesions), None),
            Screen::NoHistory => ("no_history", "No results on this device yet".into(), None),
            Screen::Fault { title, cause, cure } => ("fault", format!("{title}: {cause}. {cure}"), None),
            Screen::About { about } => {
                let About { device, public_key, .. } = about;
                let words = format!(
                    "Device {device}. Its public key: {public_key}. Press to go on, hold to erase all."
                );
                ("about", words, None)
            }
            Screen::Wipe { about, countdown } => ("wipe", wipe_words(about, *countdown), None),
            Screen::Wiping => ("wiping", "Erasing all records".into(), None),
            Screen::TestCard => ("test_card", "The panel's test card".into(), None),
            Screen::Goodbye => ("goodbye", "The device is off".into(), None),
        };
        Self { screen: name, words, result, warning: status.warning.clone(), records: status.records }
    }
}

/// The first few of a list that is due, and how many there are.
fn due_words(lesions: &[String]) -> String {
    let first = lesions.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    match lesions.len() {
        0 => "Nothing is due to be looked at again".into(),
        many => format!("{many} due to be looked at again: {first}"),
    }
}

impl ResultState {
    fn of(reading: &Reading, saved: Saved) -> Self {
        let assessment = &reading.assessment;
        let record = if let Saved::Saved(sequence) = saved { Some(sequence) } else { None };
        Self {
            verdict: reading.verdict(),
            reasons: reading.judgement.reasons.clone(),
            malignant_probability: assessment.malignant.probability,
            operating_point: assessment.malignant.operating_point.clone(),
            threshold: assessment.malignant.threshold,
            calibrated_on: assessment.malignant.calibrated_on,
            here: assessment.malignant.here,
            worth: assessment.malignant.worth,
            top: assessment.shown_top(3),
            saved,
            record,
            notice: RESEARCH_ONLY,
        }
    }

    /// What the word is worth, or what the number is true for.
    fn for_whom(&self) -> String {
        match (self.worth, self.here, self.calibrated_on) {
            (Some(Worth { malignant_of_100, low, high }), ..) => {
                let [about, low, high] = [malignant_of_100, low, high].map(screens::count);
                format!(". Of 100 like this here, about {about} ({low} to {high}) are malignant")
            }
            (None, Some(here), _) => format!(", where {} are malignant", screens::share(here.prevalence)),
            (None, None, Some(set)) => format!(", in a set of which {} are malignant", screens::share(set)),
            (None, None, None) => String::new(),
        }
    }

    fn words(&self, page: Page) -> String {
        let classes: Vec<_> =
            self.top.iter().map(|class| format!("{} {}", class.name, percent(class.probability))).collect();
        let page = match page {
            Page::Reading => "",
            Page::Compare => " Shown: the same lesion before and now.",
            Page::Attention => " Shown: where the network looked.",
            Page::Details => " Shown: details.",
        };
        let reasons: Vec<_> = self.reasons.iter().map(|why| why.words()).collect();
        let because = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
        let (probability, threshold) = self
            .here
            .map_or((self.malignant_probability, self.threshold), |here| (here.probability, here.threshold));
        format!(
            "{}{because}. Malignant {}, threshold {} ({}){}. {}. {}. {RESEARCH_ONLY}{page}",
            self.verdict.word(),
            percent(probability),
            percent(threshold),
            self.operating_point,
            self.for_whom(),
            classes.join(", "),
            saved_words(&self.saved),
        )
    }
}

fn percent(share: f32) -> String {
    format!("{:.0}%", share * 100.0)
}

fn saved_words(saved: &Saved) -> String {
    match saved {
        Saved::Pending => "Saving".into(),
        Saved::Saved(sequence) => format!("Saved as record {sequence}"),
        Saved::Failed(cause) => format!("Not saved: {cause}"),
    }
}

fn check_words(checks: &[Check]) -> String {
    let state = |check: &Check| match &check.state {
        CheckState::Running => "running".into(),
        CheckState::Passed => "passed".into(),
        CheckState::Doubtful(cause) => format!("doubtful, {cause}"),
        CheckState::Failed(cause) => format!("failed, {cause}"),
    };
    let checks: Vec<_> = checks.iter().map(|check| format!("{} {}", check.name, state(check))).collect();
    format!("Self-test: {}", checks.join(", "))
}

fn hint_words(hint: Hint) -> String {
    match hint {
        Hint::Ready => "Ready: press the button".into(),
        Hint::Improve(reason) => reason.instruction().into(),
        Hint::Starting => "The camera is starting".into(),
        Hint::NoSignal => "No live picture from the camera".into(),
    }
}

fn live_words(hint: Hint, status: &Status) -> String {
    let mut words = hint_words(hint);
    if let Some(note) = status.note {
        words = format!("{note}. {words}");
    }
    if let Some(point) = &status.operating_point {
        words += &format!(". Decided at {point}");
    }
    if !status.case.is_none() {
        words += &format!(". Case: {}", status.case.words());
    }
    if status.outline.is_some() {
        words += ". The line is where the lesion lay before";
    }
    words
}

fn wipe_words(about: &About, countdown: Option<Countdown>) -> String {
    let About { records, only_here, .. } = about;
    match countdown {
        Some(Countdown { seconds, .. }) => format!("Erasing all in {seconds} s. Let go to keep all."),
        None => format!(
            "Erase all {records} records, {only_here} of which are only here? Hold the button for 10 s. Press to keep all."
        ),
    }
}

fn refusal_words(reasons: &[Why]) -> String {
    let words: Vec<_> = reasons.iter().map(|why| why.instruction()).collect();
    format!("Take it again: {}. Hold the button to use it anyway.", words.join(", "))
}
