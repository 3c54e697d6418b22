//! Patience with hardware that cannot be had yet: at the start of the computer its nodes may not be there, or not be
//! given to their group. It is tried again now and then, and each complaint is logged once.

use std::time::{Duration, Instant};

/// How long to wait between two tries.
pub const RETRY: Duration = Duration::from_secs(2);

/// When something that failed is tried again, and what was complained of last.
#[derive(Debug, Default)]
pub struct Patience {
    retry_at: Option<Instant>,
    complaint: String,
}

impl Patience {
    /// Whether it may be tried now.
    pub fn is_due(&self) -> bool {
        self.retry_at.is_none_or(|at| Instant::now() >= at)
    }

    /// A try has failed: logs why, unless that was the last complaint, and waits before the next.
    pub fn complain(&mut self, complaint: impl Into<String>) {
        let complaint = complaint.into();
        self.retry_at = Some(Instant::now() + RETRY);
        if self.complaint != complaint {
            tracing::error!("{complaint}");
            self.complaint = complaint;
        }
    }

    /// A try has succeeded.
    pub fn succeed(&mut self) {
        self.retry_at = None;
    }

    /// What is complained of, for as long as it does not succeed.
    pub fn complaint(&self) -> Option<&str> {
        self.retry_at.map(|_| self.complaint.as_str())
    }

    /// Tries until it succeeds, however long it takes.
    pub fn insist<T, E: std::fmt::Display>(mut attempt: impl FnMut() -> Result<T, E>) -> T {
        let mut patience = Self::default();
        loop {
            match attempt() {
                Ok(had) => return had,
                Err(error) => patience.complain(error.to_string()),
            }
            std::thread::sleep(RETRY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_due_again_only_after_a_while() {
        let mut patience = Patience::default();
        assert!(patience.is_due());
        patience.complain("no such device");
        assert!(!patience.is_due());
        assert_eq!(patience.complaint(), Some("no such device"));
        patience.retry_at = Some(Instant::now());
        assert!(patience.is_due());
        patience.succeed();
        assert_eq!(patience.complaint(), None);
    }
}
