//! What the archivist tells of lesions: the earlier reading of one, and which are due to be looked at again.

use std::sync::Arc;

use jiff::Timestamp;

use super::Worker;
use crate::case::Case;
use crate::daemon::notices::{Notice, tell};
use crate::device::Event;
use crate::records::{Due, day};

impl Worker {
    /// Brings the newest reading of a case's lesion.
    pub(super) fn earlier(&mut self, case: Case) {
        match self.store().and_then(|store| store.earlier_reading(&case, u64::MAX)) {
            Ok(earlier) => tell(&self.notices, Notice::Earlier(case, earlier.map(Arc::new))),
            Err(error) => tracing::warn!("the earlier picture of {} cannot be found: {error}", case.words()),
        }
    }

    /// Lists the lesions that are due: a line each.
    pub(super) fn list_due(&mut self) {
        let (months, today) = (self.config.look_again_months, day(Timestamp::now()));
        let line = |due: &Due| {
            let when = due.due.map_or("?".into(), |day| day.to_string());
            format!("{when} {} {}", due.case_id, due.lesion)
        };
        let event = match self.store().and_then(|store| store.due(months)) {
            Ok(due) => Event::DueListed(due.iter().filter(|due| due.is_due(today)).map(line).collect()),
            Err(error) => Event::RecallFailed(error.to_string()),
        };
        self.tell(event);
    }

    /// Tells how many lesions are due, where the records or the day have changed.
    fn count_due(&mut self) {
        let (months, today) = (self.config.look_again_months, day(Timestamp::now()));
        let counted = self.store().and_then(|store| {
            let at = (store.head()?.0, today);
            Ok((at, store.due(months)?.iter().filter(|due| due.is_due(today)).count()))
        });
        match counted {
            Ok((at, count)) => {
                self.due_at = Some(at);
                tell(&self.notices, Notice::Due(count as u64));
            }
            Err(error) => tracing::debug!("cannot count what is due: {error}"),
        }
    }

    /// Counts what is due anew, where an entry has come or a day has gone since it was counted.
    pub(super) fn look_for_due(&mut self) {
        let position = self.store.as_ref().and_then(|store| store.head().ok()).map(|(position, _)| position);
        if self.due_at != position.map(|position| (position, day(Timestamp::now()))) {
            self.count_due();
        }
    }
}
