//! The doctor's visit: what it has in its hands, and what it shows on the panel meanwhile.

use std::path::PathBuf;
use std::time::Duration;

use super::finding::{Finding, Health};
use crate::buttons::VirtualButtons;
use crate::config::{Config, Loaded};
use crate::panel::{Canvas, Panel, VirtualScreen};
use crate::screens::{self, Check, CheckState, Screen, Status};

/// Looks at one part.
pub type Probe = fn(&mut Doctor) -> Finding;

/// How long a person gets to see what is shown.
const LOOK: Duration = Duration::from_secs(2);

/// What the doctor works with.
pub struct Doctor {
    pub(super) config: Config,
    /// What was left out of it, and why.
    pub(super) problems: Vec<String>,
    /// `/`, or a folder that stands for it in tests.
    pub(super) root: PathBuf,
    /// How long a person may take for each button; `None`: nobody is asked.
    pub(super) patience: Option<Duration>,
    /// The hands on virtual buttons.
    pub(super) hands: VirtualButtons,
    pub(super) panel: Option<Box<dyn Panel>>,
    pub(super) canvas: Canvas,
    /// Shows what the panel shows.
    pub(super) mirror: VirtualScreen,
    pub(super) checks: Vec<Check>,
}

impl Doctor {
    /// Nothing is opened yet. `root` is `/`, or a folder that stands for it; `patience` how long a person may take for
    /// each button, none where nobody is asked.
    pub fn new(loaded: &Loaded, root: PathBuf, patience: Option<Duration>) -> Self {
        let Loaded { config, problems } = loaded;
        let size = config.panel.size();
        Self {
            config: config.clone(),
            problems: problems.iter().map(ToString::to_string).collect(),
            root,
            patience,
            hands: VirtualButtons::default(),
            panel: None,
            canvas: Canvas::new(size),
            mirror: VirtualScreen::new(size),
            checks: Vec::new(),
        }
    }

    /// What presses virtual buttons.
    pub fn hands(&self) -> VirtualButtons {
        self.hands.clone()
    }

    /// What the panel shows.
    pub fn mirror(&self) -> VirtualScreen {
        self.mirror.clone()
    }

    /// Looks at one part and shows what was found on the panel.
    pub fn look_at(&mut self, part: &'static str, probe: Probe) -> Finding {
        let finding = Finding { part, ..probe(self) };
        let state = match finding.state {
            Health::Failed => CheckState::Failed(finding.found.clone()),
            Health::Warning => CheckState::Doubtful(finding.found.clone()),
            Health::Ok => CheckState::Passed,
        };
        self.checks.push(Check { name: capitalised(part), state });
        self.show(&Screen::SelfTest { checks: self.checks.clone() });
        finding
    }

    /// The panel's last screen: all that was found, or the first thing to be cured.
    pub fn conclude(&mut self, findings: &[Finding]) {
        let failed = findings.iter().find(|finding| finding.state == Health::Failed);
        self.show(&match failed {
            Some(finding) => Screen::Fault {
                title: format!("{} fault", capitalised(finding.part)),
                cause: finding.found.clone(),
                cure: finding.cure.clone().unwrap_or_default(),
            },
            None => Screen::SelfTest { checks: self.checks.clone() },
        });
    }

    /// Asks for something on the panel, below what was found so far.
    pub(super) fn ask(&mut self, what: &str) {
        let mut checks = self.checks.clone();
        checks.push(Check { name: what.into(), state: CheckState::Running });
        self.show(&Screen::SelfTest { checks });
    }

    /// Lets a person look, where one is there.
    pub(super) fn linger(&self) {
        std::thread::sleep(self.patience.unwrap_or_default().min(LOOK));
    }

    /// Shows a screen on the panel, once there is one. A panel that fails later is given up.
    pub(super) fn show(&mut self, screen: &Screen) {
        screens::draw(screen, &Status::default(), &mut self.canvas);
        self.mirror.show(&self.canvas);
        if let Some(panel) = &mut self.panel
            && let Err(error) = panel.show(&self.canvas)
        {
            tracing::error!("{error}");
            self.panel = None;
        }
    }

    /// A path on the device, wherever its root is.
    pub(super) fn path(&self, absolute: &str) -> PathBuf {
        self.root.join(absolute.trim_start_matches('/'))
    }

    /// Whether the boot configuration has a line, and the file that has it or should.
    pub(super) fn boot_has(&self, line: &str) -> (bool, &'static str) {
        let files = ["/boot/firmware/config.txt", "/boot/config.txt"];
        let found = files.into_iter().find(|file| self.path(file).exists());
        let file = found.unwrap_or(files[0]);
        let text = std::fs::read_to_string(self.path(file)).unwrap_or_default();
        (text.lines().any(|have| have.trim().starts_with(line)), file)
    }
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    if ["usb", "http"].contains(&word) { word.to_uppercase() } else { first.to_uppercase() + rest }
}
