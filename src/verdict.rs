//! The verdict: from a picture's quality and the network's assessment to the one word that is shown, why, and what
//! the person can do. It is decided here and nowhere else.

use serde::{Deserialize, Serialize};

use crate::classifier::{Assessment, Doubt};
use crate::quality::{Quality, Reason};

/// A picture in which no lesion is measured may still show a faint one: from this P(malignant) on the network, which
/// finds a malignant lesion likelier than not, goes before the measurement. Of val's pictures without a measured
/// lesion, 5 of 6 malignant ones are above it and 6 of 6 benign ones below.
const LIKELIER_THAN_NOT: f32 = 0.5;

/// The one word that a result leads with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// P(malignant) is at the threshold or above.
    Suspicious,
    /// P(malignant) is too near below the threshold, or the picture was refused and used all the same.
    Uncertain,
    /// P(malignant) is below the threshold by more than the margin. It may be malignant all the same.
    NotSuspicious,
}

impl Verdict {
    /// The word as programs read it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Suspicious => "suspicious",
            Self::Uncertain => "uncertain",
            Self::NotSuspicious => "not_suspicious",
        }
    }

    /// The word as a person reads it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Suspicious => "SUSPICIOUS",
            Self::Uncertain => "UNCERTAIN",
            Self::NotSuspicious => "NOT SUSPICIOUS",
        }
    }
}

/// What speaks against a picture, or against the word that it would have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Why {
    /// The picture is not good enough.
    Quality(Reason),
    /// The network does not know it, or cannot say which side of the threshold it is on.
    Doubt(Doubt),
}

impl Why {
    /// What is wrong, in at most 28 characters.
    pub fn words(self) -> &'static str {
        match self {
            Self::Quality(reason) => reason.words(),
            Self::Doubt(doubt) => doubt.words(),
        }
    }

    /// What to do about it, or else what is wrong, in at most 28 characters.
    pub fn instruction(self) -> &'static str {
        match self {
            Self::Quality(reason) => reason.instruction(),
            Self::Doubt(doubt) => doubt.words(),
        }
    }
}

/// What a picture comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// None where the picture is to be taken again.
    pub verdict: Option<Verdict>,
    /// Why there is none, or it is no better than uncertain, worst first; beside another word, what is wrong with the
    /// picture all the same.
    pub reasons: Vec<Why>,
}

impl Judgement {
    /// The word as a person reads it.
    pub fn word(&self) -> &'static str {
        self.verdict.map_or("TAKE IT AGAIN", Verdict::word)
    }

    /// The word as programs read it.
    pub fn code(&self) -> &'static str {
        self.verdict.map_or("retake", Verdict::code)
    }

    /// What the person can do about it; nothing where the word stands.
    pub fn advice(&self) -> Option<&'static str> {
        match self.verdict {
            None => Some("Take it again, or hold the button to use it anyway"),
            Some(Verdict::Uncertain) => Some("Take another picture of it"),
            Some(Verdict::Suspicious | Verdict::NotSuspicious) => None,
        }
    }

    /// The word that was shown of a reading then, which stays whatever the rule is now.
    pub fn recorded(verdict: Verdict, quality: &Quality, assessment: &Assessment) -> Self {
        let mut reasons = reasons(quality, assessment);
        // Which class it is once had a say.
        if verdict == Verdict::Uncertain && reasons.is_empty() {
            reasons.extend(assessment.doubts.iter().copied().map(Why::Doubt));
        }
        Self { verdict: Some(verdict), reasons }
    }
}

/// Judges a reading. `overridden`: the person chose to use a picture that was refused.
///
/// A picture that is refused has no word; one that is used all the same is never more than uncertain. A lesion that is
/// off the centre may hide its worst part, but not invent it, so that what is suspicious nevertheless is shown as that;
/// likewise a lesion that is too faint to be measured. Otherwise P(malignant) alone decides, by the threshold in force:
/// which of the classes it is has no say.
pub fn judge(quality: &Quality, assessment: &Assessment, overridden: bool) -> Judgement {
    let mut reasons = reasons(quality, assessment);
    let refused = reasons.iter().any(|why| refuses(*why, assessment));
    if refused && !overridden {
        reasons.retain(|why| refuses(*why, assessment));
    }
    let verdict = match refused {
        true => overridden.then_some(Verdict::Uncertain),
        false if assessment.malignant.is_suspicious() => Some(Verdict::Suspicious),
        false if reasons.contains(&Why::Doubt(Doubt::NearThreshold)) => Some(Verdict::Uncertain),
        false => Some(Verdict::NotSuspicious),
    };
    Judgement { verdict, reasons }
}

fn refuses(why: Why, assessment: &Assessment) -> bool {
    let malignant = &assessment.malignant;
    match why {
        Why::Quality(Reason::OffCentre) => !malignant.is_suspicious(),
        Why::Quality(Reason::NoLesion) => {
            !malignant.is_suspicious() || malignant.probability < LIKELIER_THAN_NOT
        }
        Why::Quality(_) | Why::Doubt(Doubt::NotDermatoscopic | Doubt::OutOfDistribution) => true,
        Why::Doubt(Doubt::NearThreshold | Doubt::LowConfidence) => false,
    }
}

/// All that speaks against it, worst first. That no class stands out does not: it is told beside the classes.
fn reasons(quality: &Quality, assessment: &Assessment) -> Vec<Why> {
    let of_picture = quality.reasons.iter().copied().map(Why::Quality);
    let of_reading = assessment.doubts.iter().copied().filter(|doubt| *doubt != Doubt::LowConfidence);
    of_picture.chain(of_reading.map(Why::Doubt)).collect()
}

#[cfg(test)]
mod tests;
