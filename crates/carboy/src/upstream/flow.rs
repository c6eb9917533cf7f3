//! What the two directions of one exchange know of each other.

use carboy_http::HttpError;
use futures_util::task::AtomicWaker;
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::SeqCst},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

/// The body of the request goes on.
const OPEN: u8 = 0;
/// It waits until the upstream asks for it.
const HELD: u8 = 1;
/// It ends here: nobody needs the rest.
const CUT: u8 = 2;

/// The state of one exchange.
#[derive(Debug)]
pub(super) struct Flow {
    epoch: Instant,
    /// When something moved last, in milliseconds since the epoch.
    moved: AtomicU64,
    /// The next step is the client's: it owes a piece of its body.
    client_owes: AtomicBool,
    gate: AtomicU8,
    upload: AtomicWaker,
    failed: Mutex<Option<HttpError>>,
}

impl Flow {
    /// `held`: the body waits until the upstream asks for it.
    pub(super) fn new(held: bool) -> Self {
        Flow {
            epoch: Instant::now(),
            moved: AtomicU64::new(0),
            client_owes: AtomicBool::new(false),
            gate: AtomicU8::new(if held { HELD } else { OPEN }),
            upload: AtomicWaker::new(),
            failed: Mutex::new(None),
        }
    }

    /// Something moved.
    pub(super) fn touch(&self) {
        self.moved.store(self.epoch.elapsed().as_millis() as u64, SeqCst);
    }

    /// Until when something must move. While the client owes a piece the server's limits count, not this one.
    pub(super) fn deadline(&self, patience: Duration) -> Instant {
        if self.client_owes.load(SeqCst) {
            self.touch();
        }
        self.epoch + Duration::from_millis(self.moved.load(SeqCst)) + patience
    }

    pub(super) fn client_owes(&self, owes: bool) {
        self.client_owes.store(owes, SeqCst);
        self.touch();
    }

    /// The upstream asks for the body, or has had its time to ask.
    pub(super) fn release(&self) {
        if self.gate.compare_exchange(HELD, OPEN, SeqCst, SeqCst).is_ok() {
            self.upload.wake();
        }
    }

    /// Nobody needs the rest of the request's body.
    pub(super) fn cut(&self) {
        self.client_owes.store(false, SeqCst);
        self.gate.store(CUT, SeqCst);
        self.upload.wake();
    }

    /// Whether the body may go on; an error when it ends here.
    pub(super) fn poll_gate(&self, cx: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        self.upload.register(cx.waker());
        match self.gate.load(SeqCst) {
            OPEN => Poll::Ready(Ok(())),
            HELD => Poll::Pending,
            _ => Poll::Ready(Err("the rest of the request is not needed any more")),
        }
    }

    /// The client's body broke off.
    pub(super) fn fail(&self, error: HttpError) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    /// Why the client's body broke off, if it did.
    pub(super) fn failure(&self) -> Option<HttpError> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
