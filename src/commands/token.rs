//! `dermascope token`: a new token for the HTTP link.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;

use crate::http;

/// Make a token, which the HTTP link asks of everyone who comes over a network
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope token

Put the line with token_sha256 under [http] in the configuration, and keep the token itself, which is not shown
again. A browser asks for it as a password (the name stays empty); programs send it in a header:
  curl --oauth2-bearer TOKEN http://DEVICE:8080/api/v1/status
It travels unencrypted: only for networks that you trust. The latest one counts; an older one opens nothing.")]
pub struct TokenArgs {}

pub fn run(_: &TokenArgs) -> anyhow::Result<ExitCode> {
    let token = http::new_token().map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    let mut out = io::stdout().lock();
    writeln!(out, "# the token, shown this once: {token}")?;
    writeln!(out, "token_sha256 = \"{}\"", http::hash_of(&token))?;
    Ok(ExitCode::SUCCESS)
}
