//! Which records a command is about.

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use crate::case::Lesion;
use crate::records::Filter;
use crate::verdict::Verdict;

/// Which records.
#[derive(Debug, Args)]
pub struct FilterArgs {
    /// Only those with a lower number
    #[arg(long, value_name = "NUMBER")]
    before: Option<u64>,
    /// Only those with a higher number
    #[arg(long, value_name = "NUMBER")]
    after: Option<u64>,
    /// Only those captured at or after this time, such as 2026-05-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Only those captured before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Only those with this result
    #[arg(long, value_name = "RESULT")]
    verdict: Option<VerdictArg>,
    /// Only those whose likeliest class has this code, such as mel
    #[arg(long, value_name = "CODE")]
    class: Option<String>,
    /// Only those whose picture passed every quality check (true), or only the others (false)
    #[arg(long, value_name = "BOOL")]
    usable: Option<bool>,
    /// Only those of this case
    #[arg(long, value_name = "ID")]
    case: Option<String>,
    /// Only those of this lesion of the case, such as L1
    #[arg(long, value_name = "LESION", requires = "case", value_parser = lesion)]
    lesion: Option<Lesion>,
    /// Only those that somebody shall look at, as their outcomes say (true), or only the others (false)
    #[arg(long, value_name = "BOOL")]
    review: Option<bool>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum VerdictArg {
    Suspicious,
    Uncertain,
    NotSuspicious,
}

fn lesion(text: &str) -> Result<Lesion, String> {
    Lesion::try_from(text.to_string())
}

impl FilterArgs {
    /// As the records are asked.
    pub fn filter(&self) -> Filter {
        Filter {
            before: self.before,
            after: self.after,
            since: self.since,
            until: self.until,
            verdict: self.verdict.map(VerdictArg::verdict),
            class: self.class.clone(),
            usable: self.usable,
            case_id: self.case.clone(),
            lesion: self.lesion,
            review: self.review,
            not_left: None,
        }
    }
}

impl VerdictArg {
    fn verdict(self) -> Verdict {
        match self {
            Self::Suspicious => Verdict::Suspicious,
            Self::Uncertain => Verdict::Uncertain,
            Self::NotSuspicious => Verdict::NotSuspicious,
        }
    }
}
