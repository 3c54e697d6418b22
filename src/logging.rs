//! The log: on standard error for a person, and for the journal with priorities in its own way.

use std::fmt;
use std::os::unix::fs::MetadataExt;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Starts the log. `DERMASCOPE_LOG` says what is logged, such as `dermascope=debug`.
pub fn start() {
    let filter =
        EnvFilter::try_from_env("DERMASCOPE_LOG").unwrap_or_else(|_| EnvFilter::new("dermascope=info"));
    // A log that nobody takes must not end the device: telling of it would panic.
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    let journal = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    let stderr =
        std::fs::metadata("/proc/self/fd/2").map(|stderr| format!("{}:{}", stderr.dev(), stderr.ino()));
    if stderr.is_ok_and(|stderr| stderr == journal) {
        log.event_format(ForJournal).init();
    } else {
        log.init();
    }
}

/// A line as the journal takes it: its priority in angle brackets and the message. The journal knows the time and
/// the program itself; a line break would begin another entry.
struct ForJournal;

impl<S, N> FormatEvent<S, N> for ForJournal
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut message = Message::default();
        event.record(&mut message);
        writeln!(out, "<{}>{}", priority(event.metadata().level()), message.0.replace('\n', " / "))
    }
}

/// syslog's number for a level.
fn priority(level: &Level) -> u8 {
    match *level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}

/// The message of an event, and its other fields behind it.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.0.insert_str(0, &text);
        } else {
            self.0.push_str(&format!(" {}={text}", field.name()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_journal_gets_one_line_an_event_with_its_priority() {
        let sink = Sink::default();
        let writer = sink.clone();
        let log = tracing_subscriber::fmt()
            .event_format(ForJournal)
            .with_max_level(Level::DEBUG)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(log, || {
            tracing::error!("/dev/video0: gone\nfor good");
            tracing::info!(records = 3, "saved");
            tracing::debug!("odd");
        });
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text, "<3>/dev/video0: gone / for good\n<6>saved records=3\n<7>odd\n");
    }
}
