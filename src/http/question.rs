//! Questions to the records that end with whoever asked them: a query over all records takes seconds, and goes on for
//! nobody where its connection is gone.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::records::{Interrupter, Reader};

/// How often a question is told to end until it has: between two queries there is nothing to interrupt.
const PACE: Duration = Duration::from_millis(50);

/// Who waits for an answer. Dropped before there is one, it ends the question.
#[derive(Default)]
pub(super) struct Asking(Arc<Question>);

/// What is asked, on the thread that reads.
#[derive(Default)]
pub(super) struct Question(Mutex<Stage>);

#[derive(Default)]
enum Stage {
    #[default]
    Waits,
    Asked(Interrupter),
    Done,
}

impl Asking {
    /// For the thread that reads.
    pub fn question(&self) -> Arc<Question> {
        self.0.clone()
    }
}

impl Question {
    /// Begins to read by this reader, unless nobody waits for it any more.
    pub fn begin(self: &Arc<Self>, reader: &Reader) -> Option<Asked> {
        let mut stage = self.stage();
        if matches!(*stage, Stage::Done) {
            return None;
        }
        *stage = Stage::Asked(reader.interrupter());
        Some(Asked(self.clone()))
    }

    fn stage(&self) -> std::sync::MutexGuard<'_, Stage> {
        // A panic elsewhere cannot leave half a stage.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it has ended, or never begins.
    fn interrupt(&self) -> bool {
        let mut stage = self.stage();
        match &*stage {
            Stage::Waits => *stage = Stage::Done,
            Stage::Asked(interrupter) => {
                interrupter.interrupt();
                return false;
            }
            Stage::Done => {}
        }
        true
    }
}

/// A question that is being read for; from its end on nothing is interrupted.
pub(super) struct Asked(Arc<Question>);

impl Drop for Asked {
    fn drop(&mut self) {
        *self.0.stage() = Stage::Done;
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        let question = self.0.clone();
        if question.interrupt() {
            return;
        }
        // Fails only where the link ends, and all its threads with it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                while !question.interrupt() {
                    tokio::time::sleep(PACE).await;
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::http::records::Records;
    use crate::http::{limits::MAX_QUESTIONS, runtime};
    use crate::records::{RecordsConfig, Store};

    fn records() -> (tempfile::TempDir, Arc<Records>) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = RecordsConfig { folder: folder.path().into(), ..RecordsConfig::default() };
        drop(Store::open(&config).expect("opens"));
        (folder, Arc::new(Records::new(config, Default::default())))
    }

    /// Questions that never end by themselves, and what they count: those that began and those that ended.
    fn endless(
        records: &Arc<Records>,
        count: usize,
        began: &Arc<AtomicUsize>,
        ended: &Arc<AtomicUsize>,
    ) -> Vec<tokio::task::JoinHandle<()>> {
        let ask = |_| {
            let (records, began, ended) = (records.clone(), began.clone(), ended.clone());
            tokio::spawn(async move {
                let asked = records.ask(move |connection| {
                    began.fetch_add(1, Ordering::SeqCst);
                    let answer = connection.reader.read_for_ever();
                    ended.fetch_add(1, Ordering::SeqCst);
                    answer
                });
                assert!(asked.await.is_err());
            })
        };
        (0..count).map(ask).collect()
    }

    async fn until(holds: impl Fn() -> bool) {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    #[test]
    fn a_question_that_nobody_waits_for_ends_and_one_that_waits_for_its_seat_never_begins() {
        let (_folder, records) = records();
        let (began, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let work = async {
            let asked = endless(&records, 10, &began, &ended);
            until(|| began.load(Ordering::SeqCst) == MAX_QUESTIONS).await;
            asked.iter().for_each(tokio::task::JoinHandle::abort);
            until(|| ended.load(Ordering::SeqCst) == MAX_QUESTIONS).await;
            assert_eq!(records.ask(|connection| connection.reader.count()).await.expect("is answered"), 0);
            assert_eq!(began.load(Ordering::SeqCst), MAX_QUESTIONS);
        };
        let runtime = runtime().expect("starts");
        runtime
            .block_on(async { tokio::time::timeout(Duration::from_secs(60), work).await })
            .expect("all of them end");
    }

    #[test]
    fn what_waits_for_the_device_never_waits_behind_lists() {
        let (_folder, records) = records();
        let (began, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let work = async {
            let asked = endless(&records, 20, &began, &ended);
            until(|| began.load(Ordering::SeqCst) == MAX_QUESTIONS).await;
            // As `PUT /api/v1/case` does.
            assert_eq!(tokio::task::spawn_blocking(|| 7).await.expect("runs"), 7);
            assert_eq!(ended.load(Ordering::SeqCst), 0, "while they all go on");
            asked.iter().for_each(tokio::task::JoinHandle::abort);
            until(|| ended.load(Ordering::SeqCst) == MAX_QUESTIONS).await;
        };
        let runtime = runtime().expect("starts");
        runtime
            .block_on(async { tokio::time::timeout(Duration::from_secs(60), work).await })
            .expect("it is done");
    }
}
