//! `dermascope token`: a new token for the HTTP link.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::config::Config;
use crate::http;

/// Make a token, which the HTTP link asks of everyone who comes over a network
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope token

Put the line with token_sha256 under [http] in the configuration, and keep the token itself, which is not shown
again. A browser asks for it as a password (the name stays empty); programs send it in a header:
  curl --cacert https.pem --oauth2-bearer TOKEN https://DEVICE.local:8080/api/v1/status
The latest one counts; an older one opens nothing. It goes over HTTPS alone, by a certificate of the device's own: compare
the fingerprint that a browser shows with the one here, which the third page of every result on its screen shows too.")]
pub struct TokenArgs {
    /// The configuration, which says where the certificate lies
    #[arg(long, value_name = "FILE", default_value = "/etc/dermascope/dermascope.toml")]
    config: PathBuf,
}

pub fn run(args: &TokenArgs) -> anyhow::Result<ExitCode> {
    let token = http::new_token().map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    let mut out = io::stdout().lock();
    writeln!(out, "# the token, shown this once: {token}")?;
    writeln!(out, "token_sha256 = \"{}\"", http::hash_of(&token))?;
    let Config { http: link, records, .. } = Config::salvage(&args.config).config;
    match http::kept_fingerprint(&records.folder) {
        _ if !link.https => writeln!(out, "# http.https is off: the token travels in clear")?,
        Some(fingerprint) => writeln!(out, "# HTTPS fingerprint (SHA-256): {fingerprint}")?,
        None => writeln!(
            out,
            "# HTTPS fingerprint: not to be read in {} (made at the first start; only the device and root may)",
            records.folder.display()
        )?,
    }
    Ok(ExitCode::SUCCESS)
}
