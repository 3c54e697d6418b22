//! The performance in words and tables, for a terminal.

use std::fmt;

use super::{FEWEST_MALIGNANT, Part, Performance, Rate};

/// Said wherever the figures are.
pub const CAVEAT: &str = "Only verified lesions count, and those are mostly what was cut out: benign lesions that nobody verified \
                          are missing, so specificity looks worse than it is; malignant ones that nobody suspected are \
                          missing, so sensitivity looks better.";

fn rate(rate: Option<Rate>) -> String {
    rate.map_or("none to count".into(), |rate| rate.to_string())
}

/// The sensitivity, or that there are too few.
fn sensitivity(part: &Part) -> String {
    let shown = rate(part.of_malignant.suspicious);
    if part.enough {
        shown
    } else {
        format!("too few to say: {} malignant, {FEWEST_MALIGNANT} needed ({shown})", part.malignant)
    }
}

impl fmt::Display for Performance {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let Self { all, unverified, unclear, repeated, .. } = self;
        writeln!(out, "verified      {} malignant, {} benign", all.malignant, all.benign)?;
        writeln!(
            out,
            "beside        {unverified} unverified, {unclear} unclear, {repeated} more pictures of the same lesions"
        )?;
        writeln!(out, "sensitivity   {}", sensitivity(all))?;
        writeln!(out, "missed        {}", rate(all.of_malignant.not_suspicious))?;
        writeln!(out, "specificity   {}", rate(all.of_benign.not_suspicious))?;
        for bin in &self.calibration {
            let (from, to, said) = (bin.from, bin.to, bin.said);
            writeln!(out, "P {from:.2} to {to:.2}  said {said:.3}, malignant {}", bin.found)?;
        }
        for (title, parts) in
            [("point", &self.by_operating_point), ("month", &self.by_month), ("site", &self.by_site)]
        {
            for (name, part) in parts {
                let specificity = rate(part.of_benign.not_suspicious);
                writeln!(
                    out,
                    "{title} {name}: sensitivity {}; specificity {specificity}",
                    sensitivity(part)
                )?;
            }
        }
        for against in &self.against_card {
            let [share, low, high] = against.card;
            writeln!(
                out,
                "card at {}: sensitivity {share:.3} ({low:.3} to {high:.3})",
                against.operating_point
            )?;
            if let Some(warning) = &against.warning {
                writeln!(out, "WARNING: {warning}")?;
            }
        }
        write!(out, "{CAVEAT}")
    }
}
