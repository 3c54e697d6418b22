//! Switching the computer off.

use std::path::Path;
use std::process::Command;

use anyhow::Context;

/// Switches the computer off, where that is wanted: by the command, or else by asking systemd, which made a
/// folder for it (see systemd/units/dermascope-poweroff.path).
pub fn off(command: &[String]) -> anyhow::Result<()> {
    if let Some((program, arguments)) = command.split_first() {
        let status = Command::new(program).args(arguments).status();
        let status = status.with_context(|| format!("device.power_off: cannot run {program}"))?;
        anyhow::ensure!(status.success(), "device.power_off: {program} ended with {status}");
    } else if let Some(folder) = std::env::var_os("RUNTIME_DIRECTORY") {
        let wish = Path::new(&folder).join("power-off");
        std::fs::write(&wish, "").with_context(|| format!("{}: cannot ask to switch off", wish.display()))?;
    }
    Ok(())
}
