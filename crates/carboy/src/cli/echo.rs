//! What commands print.

use std::{cell::RefCell, io::Write};

thread_local! {
    static CAPTURED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Prints a line of a command: on standard output, or for the test that runs the command. Click's `echo`.
///
/// A reader that has gone away (`my-app routes | head -1`) is no failure.
pub fn echo(line: impl AsRef<str>) {
    let line = line.as_ref();
    let captured = CAPTURED.with_borrow_mut(|captured| match captured {
        Some(text) => {
            text.push_str(line);
            text.push('\n');
            true
        }
        None => false,
    });
    if !captured {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}

/// Runs `f` and returns what it printed on this thread.
pub(super) fn capture<T>(f: impl FnOnce() -> T) -> (T, String) {
    struct Restore(Option<String>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let former = self.0.take();
            CAPTURED.with_borrow_mut(|captured| *captured = former);
        }
    }
    let restore = Restore(CAPTURED.with_borrow_mut(|captured| captured.replace(String::new())));
    let value = f();
    let text = CAPTURED.with_borrow_mut(|captured| captured.take()).unwrap_or_default();
    drop(restore);
    (value, text)
}
