//! A share with its 95 % interval.

use std::fmt;

use serde::Serialize;

/// How many of how many, and what share of all such lesions that may be, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// How many.
    pub count: usize,
    /// Of how many, at least one.
    pub of: usize,
    /// What share that is.
    pub share: f64,
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// The normal distribution's 97.5 % point.
const Z: f64 = 1.959_963_984_540_054;

impl Rate {
    /// With Wilson's interval (1927, doi 10.1080/01621459.1927.10502953), which holds for few and for extreme shares; none
    /// of nothing.
    pub fn of(count: usize, of: usize) -> Option<Self> {
        if of == 0 || count > of {
            return None;
        }
        let (n, share) = (of as f64, count as f64 / of as f64);
        let z2 = Z * Z;
        let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
        // Rounding must not exclude the share itself.
        let (low, high) = ((middle - half).clamp(0.0, share), (middle + half).clamp(share, 1.0));
        Some(Self { count, of, share, low, high })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let Self { count, of, share, low, high } = self;
        write!(formatter, "{share:.3} ({low:.3} to {high:.3}; {count} of {of})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Worked out by another program, in Python's floating point.
    #[test]
    fn the_interval_is_wilsons() {
        for (count, of, low, high) in [
            (0, 10, 0.0, 0.277533),
            (10, 10, 0.722467, 1.0),
            (27, 30, 0.743789, 0.965400),
            (1, 1000, 0.000177, 0.005642),
        ] {
            let rate = Rate::of(count, of).expect("of something");
            assert!((rate.low - low).abs() < 1e-5 && (rate.high - high).abs() < 1e-5, "{rate:?}");
        }
        assert_eq!((Rate::of(0, 0), Rate::of(3, 2)), (None, None));
    }

    proptest! {
        #[test]
        fn the_share_lies_in_its_interval_and_more_lesions_make_it_narrower(of in 1usize..5000, part in 0.0f64..=1.0) {
            let count = (part * of as f64) as usize;
            let rate = Rate::of(count, of).unwrap();
            prop_assert!(0.0 <= rate.low && rate.low <= rate.share && rate.share <= rate.high && rate.high <= 1.0);
            let more = Rate::of(count * 4, of * 4).unwrap();
            prop_assert!(more.high - more.low < rate.high - rate.low);
        }
    }
}
