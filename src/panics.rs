//! Panics of code that is not ours: contained where a thread must live on.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does some work; a panic in it becomes an error with what the panic said. Whoever calls throws away what the work may
/// have left half done.
pub fn contain<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| message(&*panic))
}

/// What a panic said, in one line.
fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.and_then(|text| text.lines().next()).unwrap_or("a panic without words").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_panic_said_is_the_error_and_what_was_done_the_answer() {
        assert_eq!(contain(|| 7), Ok(7));
        assert_eq!(contain(|| -> u8 { panic!("no room\nfor more") }), Err("no room".into()));
        assert_eq!(contain(|| -> u8 { panic!("{} left", 3) }), Err("3 left".into()));
        assert_eq!(contain(|| std::panic::panic_any(7)), Err::<(), _>("a panic without words".into()));
    }
}
