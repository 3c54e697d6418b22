//! Words: numbers and reasons as a person reads them on a small screen.

use super::Refusal;
use crate::classifier::Doubt;
use crate::quality::Reason;

/// A probability, never as a certainty that the network does not have.
pub fn percent(probability: f32) -> String {
    match (probability * 100.0).round() {
        _ if !probability.is_finite() => "?".into(),
        rounded if rounded < 1.0 => "<1%".into(),
        rounded if rounded > 99.0 => ">99%".into(),
        rounded => format!("{rounded:.0}%"),
    }
}

/// What is wrong with a picture, in a word or two.
pub fn fault(reason: Reason) -> &'static str {
    match reason {
        Reason::Blurred => "Blurred",
        Reason::TooDark => "Too dark",
        Reason::TooBright => "Too bright",
        Reason::Glare => "Glare",
        Reason::NoLesion => "No lesion in the ring",
        Reason::OffCentre => "Off centre",
    }
}

/// What to do about a refused capture.
pub fn instruction(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Quality(reason) => reason.instruction(),
        Refusal::OutOfDistribution => Doubt::OutOfDistribution.words(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_is_never_shown_as_a_certainty() {
        let shown = [0.0, 0.004, 0.006, 0.5, 0.994, 0.996, 1.0, f32::NAN].map(percent);
        assert_eq!(shown, ["<1%", "<1%", "1%", "50%", "99%", ">99%", ">99%", "?"]);
    }
}
