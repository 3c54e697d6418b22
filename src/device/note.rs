//! Notes: short answers to presses that change nothing else on the screen.

/// What the screen says for a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// A press found no fresh frame to take.
    NoFrame,
    /// The device is at something that it finishes first.
    Wait,
    /// The button does nothing here.
    NoUse,
    /// There is no page before this one.
    FirstPage,
    /// The record that was shown is no more.
    Deleted,
    /// There is no other ring of LEDs.
    OneRing,
    /// All records are gone.
    Wiped,
    /// The model has no other operating point.
    OnePoint,
}

impl Note {
    /// At most 28 characters.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoFrame => "No fresh picture: try again",
            Self::Wait => "One moment",
            Self::NoUse => "That does nothing here",
            Self::FirstPage => "This is the first page",
            Self::Deleted => "That record was deleted",
            Self::OneRing => "There is one light only",
            Self::Wiped => "All records are erased",
            Self::OnePoint => "One operating point only",
        }
    }
}
