//! A result as it is shown, and how it stands to the records.

use super::screen::Page;
use crate::reading::{Reading, Saved};

/// A result as it is shown.
pub struct View<'a> {
    pub reading: &'a Reading,
    pub standing: Standing<'a>,
    pub page: Page,
}

/// How a result stands to the records.
#[derive(Clone, Copy)]
pub enum Standing<'a> {
    Saving,
    Saved(u64),
    NotSaved(&'a str),
    /// From the past: the `place`th newest of `total`.
    Past {
        sequence: u64,
        place: u64,
        total: u64,
        /// Why its picture cannot be shown, where it should be there.
        picture_fault: Option<&'a str>,
    },
}

impl<'a> From<&'a Saved> for Standing<'a> {
    fn from(saved: &'a Saved) -> Self {
        match saved {
            Saved::Pending => Self::Saving,
            Saved::Saved(sequence) => Self::Saved(*sequence),
            Saved::Failed(why) => Self::NotSaved(why),
        }
    }
}
