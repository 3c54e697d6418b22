//! Words: numbers as a person reads them on a small screen.

use crate::classifier::{Malignant, Worth};

/// A probability, never as a certainty that the network does not have.
pub fn percent(probability: f32) -> String {
    match (probability * 100.0).round() {
        _ if !probability.is_finite() => "?".into(),
        rounded if rounded < 1.0 => "<1%".into(),
        rounded if rounded > 99.0 => ">99%".into(),
        rounded => format!("{rounded:.0}%"),
    }
}

/// What a word is worth here in counts, or else what its number is true for: the longest words first; none where the
/// model does not say.
pub fn worth(malignant: &Malignant) -> Vec<String> {
    match (malignant.worth, malignant.here, malignant.calibrated_on) {
        (Some(Worth { malignant_of_100, low, high }), ..) => {
            let [about, low, high] = [malignant_of_100, low, high].map(count);
            let interval = if low == high { String::new() } else { format!(" ({low}-{high})") };
            vec![
                format!("Of 100 like this here {about}{interval} malignant"),
                format!("{about}{interval} of 100 malignant"),
                format!("{about} of 100 malignant"),
                format!("{about} of 100"),
            ]
        }
        (None, Some(here), _) => {
            let share = share(here.prevalence);
            vec![format!("where {share} are malignant"), format!("for {share}")]
        }
        (None, None, Some(set)) => {
            let share = share(set);
            vec![format!("in a set with {share} malignant"), format!("set with {share}")]
        }
        (None, None, None) => vec![],
    }
}

/// So many of a hundred, never none where there may be some.
pub fn count(of_100: f32) -> String {
    match of_100 {
        few if few < 0.95 => "<1".into(),
        all if all > 99.0 => ">99".into(),
        some => format!("{}", some.round()),
    }
}

/// A prevalence as it is stated.
pub fn share(prevalence: f32) -> String {
    let percent = prevalence * 100.0;
    if percent < 9.95 { format!("{}%", (percent * 10.0).round() / 10.0) } else { format!("{percent:.0}%") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_shares_are_never_nothing_and_never_longer_than_needed() {
        assert_eq!([0.0, 0.3, 0.97, 6.5, 44.9, 99.6].map(count), ["<1", "<1", "1", "7", "45", ">99"]);
        assert_eq!([0.001, 0.02, 0.025, 0.2, 0.5].map(share), ["0.1%", "2%", "2.5%", "20%", "50%"]);
    }

    #[test]
    fn a_probability_is_never_shown_as_a_certainty() {
        let shown = [0.0, 0.004, 0.006, 0.5, 0.994, 0.996, 1.0, f32::NAN].map(percent);
        assert_eq!(shown, ["<1%", "<1%", "1%", "50%", "99%", ">99%", ">99%", "?"]);
    }
}
