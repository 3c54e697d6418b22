//! The pages of a result, and the way from one to the next.

use super::note::Note;
use super::state::Effect;
use crate::reading::Reading;
use crate::screens::Page;

/// The page before, or what is said where there is none.
pub fn page_before(page: Page, reading: &Reading) -> (Page, Vec<Effect>) {
    match neighbour(page, reading, -1) {
        Some(page) => (page, vec![]),
        None => (page, vec![Effect::Say(Note::FirstPage)]),
    }
}

/// The page of a reading that many steps on, if there is one.
pub fn neighbour(page: Page, reading: &Reading, steps: isize) -> Option<Page> {
    let pages = Page::of(reading);
    let index = pages.iter().position(|known| *known == page)?;
    pages.get(index.checked_add_signed(steps)?).copied()
}
