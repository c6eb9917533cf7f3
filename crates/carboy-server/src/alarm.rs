//! A timer for a deadline that moves with every request.

use std::{
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Instant,
};
use tokio::time::Sleep;

/// A timer that is set rarely: it may be armed for an earlier time than the deadline of the moment, and then it is set anew when it fires, not whenever the
/// deadline moves on.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    timer: Option<Pin<Box<Sleep>>>,
    armed: bool,
}

impl Alarm {
    /// Ready once the deadline has passed; before that the task is woken when it does.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let deadline = tokio::time::Instant::from_std(deadline);
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if self.armed && timer.deadline() <= deadline && !timer.is_elapsed() {
            return Poll::Pending;
        }
        loop {
            if tokio::time::Instant::now() >= deadline {
                self.armed = false;
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
            // A task whose turn is over by tokio's account would be told Pending, and not be woken when the time comes.
            let unconstrained = pin!(tokio::task::coop::unconstrained(timer.as_mut()));
            self.armed = unconstrained.poll(cx).is_pending();
            if self.armed {
                return Poll::Pending;
            }
        }
    }
}
