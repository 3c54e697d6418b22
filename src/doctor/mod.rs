//! The doctor: walks the device part by part and says of each that it is well, or what is wrong, on which node, and
//! the very line or command that cures it.

mod board;
mod kept;
mod seen;
mod usb;

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::buttons::VirtualButtons;
use crate::config::Config;
use crate::panel::{Canvas, Panel, VirtualScreen};
use crate::screens::{self, Check, CheckState, Screen, Status};

/// What was found of one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// One of [`PROBES`].
    pub part: &'static str,
    pub state: Health,
    /// The device node, file or folder that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// What is there, or what is wrong.
    pub found: String,
    /// The line or the command that cures it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
}

/// How well a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    Ok,
    /// The device works, but not with all that it could do.
    Warning,
    Failed,
}

impl Finding {
    fn ok(found: impl Into<String>) -> Self {
        Self::new(Health::Ok, found, None)
    }

    fn warning(found: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::new(Health::Warning, found, Some(cure.into()))
    }

    fn failed(found: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::new(Health::Failed, found, Some(cure.into()))
    }

    /// `part` is set by whoever asked.
    fn new(state: Health, found: impl Into<String>, cure: Option<String>) -> Self {
        Self { part: "", state, node: None, found: found.into(), cure }
    }

    fn on(self, node: impl ToString) -> Self {
        Self { node: Some(node.to_string()), ..self }
    }
}

/// Looks at one part.
type Probe = fn(&mut Doctor) -> Finding;

/// The parts, in the order in which they are looked at: what needs no hands first.
pub const PROBES: &[(&str, Probe)] = &[
    ("model", kept::model),
    ("storage", kept::storage),
    ("clock", kept::clock),
    ("battery", kept::battery),
    ("usb", usb::gadget),
    ("camera", seen::camera),
    ("light", board::light),
    ("panel", seen::panel),
    ("buttons", board::buttons),
];

/// How long a person gets to see what is shown.
const LOOK: Duration = Duration::from_secs(2);

/// What the doctor works with.
pub struct Doctor {
    config: Config,
    /// `/`, or a folder that stands for it in tests.
    root: PathBuf,
    /// How long a person may take for each button; `None`: nobody is asked.
    patience: Option<Duration>,
    /// The hands on virtual buttons.
    hands: VirtualButtons,
    panel: Option<Box<dyn Panel>>,
    canvas: Canvas,
    /// Shows what the panel shows.
    mirror: VirtualScreen,
    checks: Vec<Check>,
}

impl Doctor {
    pub fn new(config: &Config, root: PathBuf, patience: Option<Duration>) -> Self {
        let size = config.panel.size();
        Self {
            config: config.clone(),
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
    fn ask(&mut self, what: &str) {
        let mut checks = self.checks.clone();
        checks.push(Check { name: what.into(), state: CheckState::Running });
        self.show(&Screen::SelfTest { checks });
    }

    /// Lets a person look, where one is there.
    fn linger(&self) {
        std::thread::sleep(self.patience.unwrap_or_default().min(LOOK));
    }

    /// Shows a screen on the panel, once there is one. A panel that fails later is given up.
    fn show(&mut self, screen: &Screen) {
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
    fn path(&self, absolute: &str) -> PathBuf {
        self.root.join(absolute.trim_start_matches('/'))
    }

    /// Whether the boot configuration has a line, and the file that has it or should.
    fn boot_has(&self, line: &str) -> (bool, &'static str) {
        let files = ["/boot/firmware/config.txt", "/boot/config.txt"];
        let found = files.into_iter().find(|file| self.path(file).exists());
        let file = found.unwrap_or(files[0]);
        let text = std::fs::read_to_string(self.path(file)).unwrap_or_default();
        (text.lines().any(|have| have.trim().starts_with(line)), file)
    }
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    if word == "usb" { "USB".into() } else { first.to_uppercase() + rest }
}

#[cfg(test)]
mod tests;
