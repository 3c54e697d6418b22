//! `dermascope demo`: the whole device on any computer, in a browser.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::config::{Config, Loaded};
use crate::{daemon, synthetic};

/// The simulator: everything is the real device but the camera, the panel and the buttons.
const SIMULATOR: &str = include_str!("../../config/simulator.toml");
/// How many synthetic lesions the simulator's camera shows.
pub const PICTURES: usize = 24;

/// Run the whole device in a browser: a folder as the camera, panel and buttons on a page
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope demo
  dermascope demo --pictures ~/lesions
  dermascope demo --listen 127.0.0.1:9000 --panel 320x240

Without --pictures the camera shows synthetic lesions that the program draws itself. What is captured is kept
in --folder. Press Ctrl-C to stop. Research use only. Not a diagnosis.")]
pub struct DemoArgs {
    /// A folder of JPEG or PNG pictures to show to the camera
    #[arg(long, value_name = "DIR")]
    pictures: Option<PathBuf>,
    /// Address and port of the page
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: String,
    /// Width and height of the panel in pixels
    #[arg(long, value_name = "WxH", default_value = "240x240", value_parser = parse_size)]
    panel: (u32, u32),
    /// Where records and synthetic pictures are kept
    #[arg(long, value_name = "DIR", default_value = "dermascope-demo")]
    folder: PathBuf,
}

pub(super) fn run(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    let mut config = Config::parse(SIMULATOR, Path::new("config/simulator.toml"))?;
    config.camera.folder = match &args.pictures {
        Some(pictures) => pictures.clone(),
        None => draw_lesions(&args.folder.join("pictures"))?,
    };
    config.records.folder = args.folder.join("records");
    config.http.listen = vec![args.listen.clone()];
    // Nobody would see a simulator whose page is only tried again.
    config.http.check_free(config.usb.address.into())?;
    (config.panel.width, config.panel.height) = args.panel;
    config.panel.check().map_err(anyhow::Error::msg)?;
    daemon::run(&Loaded { config, problems: Vec::new() })?;
    Ok(ExitCode::SUCCESS)
}

/// Draws the synthetic lesions, unless an earlier demo has.
fn draw_lesions(folder: &Path) -> anyhow::Result<PathBuf> {
    if !folder.is_dir() {
        eprintln!("drawing {PICTURES} synthetic lesions in {}", folder.display());
        synthetic::folder(folder, PICTURES).with_context(|| format!("{}: cannot write", folder.display()))?;
    }
    Ok(folder.into())
}

/// "240x240" to its two numbers.
fn parse_size(text: &str) -> Result<(u32, u32), String> {
    let sides = text.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    sides.ok_or_else(|| "a size is two numbers with an x, such as 240x240".into())
}
