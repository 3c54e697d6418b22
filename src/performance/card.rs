//! How the site's own figures stand to those of the model's card.

use serde::Serialize;

use super::{Part, Read};
use crate::classifier::{Manifest, OperatingPoint};

/// The sensitivity as shown at an operating point, here and on the card.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgainstCard {
    /// The operating point's name.
    pub operating_point: String,
    /// The card's share of malignant pictures that are shown suspicious, and the ends of its 95 % interval.
    pub card: [f32; 3],
    /// The verified lesions that the same model read at the same operating point.
    pub here: Part,
    /// Why to worry, where the share here is below the card's interval and there are enough malignant ones to say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// One for each operating point of the manifest at which its own network has read a verified lesion.
pub fn compare(reads: &[&Read], manifest: &Manifest) -> Vec<AgainstCard> {
    manifest.operating_points.iter().filter_map(|point| against(point, reads, manifest)).collect()
}

fn against(point: &OperatingPoint, reads: &[&Read], manifest: &Manifest) -> Option<AgainstCard> {
    let card = point.shown?.suspicious.malignant;
    let same = |read: &&&Read| read.operating_point == point.name && read.model_sha256 == manifest.sha256;
    let here = Part::of(&reads.iter().filter(same).copied().collect::<Vec<_>>());
    if here.malignant + here.benign == 0 {
        return None;
    }
    let warning = here.of_malignant.suspicious.filter(|_| here.enough).and_then(|rate| {
        let [_, low, high] = card.map(f64::from);
        (rate.share < low).then(|| {
            let chance = if rate.high < low { "more than chance explains" } else { "perhaps by chance" };
            format!(
                "at {}, {} of {} malignant lesions were shown SUSPICIOUS here: {:.3}, below the {low:.3} to {high:.3} of the \
                 model's card, {chance}. Check light, optics and how pictures are taken before relying on it.",
                point.name, rate.count, rate.of, rate.share
            )
        })
    });
    Some(AgainstCard { operating_point: point.name.clone(), card, here, warning })
}
