//! What is on the board besides the panel: the light and the buttons.

use std::time::Instant;

use super::{Doctor, Finding};
use crate::buttons::{self, Button, ButtonError, Buttons, ButtonsConfig, ButtonsKind};
use crate::light;

/// Lights each ring for a look.
pub(super) fn light(doctor: &mut Doctor) -> Finding {
    let config = &doctor.config.light;
    let mut lit = Vec::new();
    for ring in config.fitted() {
        let percent = config.percent(ring);
        let mut lamp = match light::open(config, ring) {
            Ok(lamp) => lamp,
            Err(error) => return Finding::failed(error.cause, error.cure).on(error.device),
        };
        let outcome = lamp.set(percent);
        doctor.linger();
        if let Err(cause) = outcome.and_then(|()| lamp.set(0)) {
            return Finding::failed(cause, "check its wires and [light] in the configuration")
                .on(ring.name());
        }
        lit.push(format!("{} was lit at {percent} %", ring.name()));
    }
    Finding::ok(if lit.is_empty() { "none fitted".into() } else { lit.join(", ") })
}

/// Takes the buttons' lines and, where somebody is there, asks to press each.
pub(super) fn buttons(doctor: &mut Doctor) -> Finding {
    let config = doctor.config.buttons.clone();
    let node = match config.kind {
        ButtonsKind::Gpio => format!("GPIO {}", lines(&config)),
        ButtonsKind::Virtual => "virtual".into(),
    };
    let mut source = match buttons::open(&config, &doctor.hands) {
        Ok(source) => source,
        Err(ButtonError::Open { device, cause, cure }) => return Finding::failed(cause, cure).on(device),
        Err(error) => return Finding::failed(error.to_string(), "check [buttons] in the configuration"),
    };
    if doctor.patience.is_none() {
        return Finding::ok("their lines are there; nobody was asked to press").on(node);
    }
    for (button, line) in config.lines() {
        doctor.ask(&format!("Press {button:?}"));
        eprintln!("press the button `{}` (line {line})", name(button));
        if let Err(finding) = pressed(doctor, source.as_mut(), button, line) {
            return finding.on(node);
        }
    }
    Finding::ok("each was pressed").on(node)
}

/// Waits for one button to go down and up.
fn pressed(doctor: &Doctor, source: &mut dyn Buttons, button: Button, line: u32) -> Result<(), Finding> {
    let end = Instant::now() + doctor.patience.unwrap_or_default();
    let mut down = false;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let edge = source
            .next_edge(left)
            .map_err(|error| Finding::failed(error.to_string(), "the kernel's log (`dmesg`) says more"))?;
        match edge {
            Some(edge) if edge.button == button && edge.pressed => down = true,
            Some(edge) if edge.button == button && down => return Ok(()),
            Some(edge) if edge.pressed => {
                let found =
                    format!("`{}` was asked for, but `{}` was pressed", name(button), name(edge.button));
                return Err(Finding::failed(
                    found,
                    "change the lines in [buttons], or name the right `board`",
                ));
            }
            None if left.is_zero() => {
                let found = format!("`{}` (line {line}) was not seen to be pressed and let go", name(button));
                let cure = "check its wire, or set its line in [buttons] to the one that it is on (`gpioinfo` lists them)";
                return Err(Finding::failed(found, cure));
            }
            _ => {}
        }
    }
}

fn name(button: Button) -> String {
    format!("{button:?}").to_lowercase()
}

fn lines(config: &ButtonsConfig) -> String {
    let lines: Vec<_> =
        config.lines().into_iter().map(|(button, line)| format!("{} {line}", name(button))).collect();
    lines.join(", ")
}
