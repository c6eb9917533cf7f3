//! One makes it, the others wait.

use carboy::Error;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use tokio::sync::watch;

/// Everything that is being made.
#[derive(Default, Clone)]
pub(super) struct Flights(Arc<Mutex<HashMap<String, UnderWay>>>);

/// Something that is being made, as those see it who wait.
struct UnderWay {
    outcome: watch::Receiver<Option<Outcome>>,
    deleted: Arc<AtomicBool>,
}

/// What became of it.
#[derive(Clone)]
pub(super) enum Outcome {
    /// It was made.
    Made(Arc<[u8]>),
    /// It is kept already.
    Kept,
    /// It was made, for one alone.
    NotKept,
    /// It was not.
    Failed(Error),
}

/// What one has to do.
pub(super) enum Role {
    /// To make it.
    Leader(Flight),
    /// Nothing: another did.
    Follower(Outcome),
}

/// Something that is being made. When it is dropped before it [lands](Self::land), one of those who wait makes it.
pub(super) struct Flight {
    key: String,
    flights: Flights,
    outcome: watch::Sender<Option<Outcome>>,
    deleted: Arc<AtomicBool>,
}

/// Tells flights apart that nobody waits for.
static ALONE: AtomicU64 = AtomicU64::new(0);

impl Flights {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, UnderWay>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to make something, or waits until another has.
    pub(super) async fn join(&self, key: &str) -> Role {
        loop {
            let mut waiting = match self.begin(key) {
                Ok(flight) => return Role::Leader(flight),
                Err(waiting) => waiting,
            };
            // The outcome is there, or whoever was to make it is gone.
            if let Ok(outcome) = waiting.wait_for(Option::is_some).await
                && let Some(outcome) = outcome.clone()
            {
                return Role::Follower(outcome);
            }
        }
    }

    /// Begins to make something, unless another does.
    pub(super) fn begin(&self, key: &str) -> Result<Flight, watch::Receiver<Option<Outcome>>> {
        let mut flights = self.lock();
        if let Some(other) = flights.get(key) {
            return Err(other.outcome.clone());
        }
        Ok(self.start(&mut flights, key.to_owned()))
    }

    /// Begins to make something that nobody waits for, whoever else does.
    pub(super) fn alone(&self, key: &str) -> Flight {
        let number = ALONE.fetch_add(1, Ordering::Relaxed);
        self.start(&mut self.lock(), format!("{key}\0{number}"))
    }

    fn start(&self, flights: &mut HashMap<String, UnderWay>, key: String) -> Flight {
        let (sender, outcome) = watch::channel(None);
        let deleted = Arc::new(AtomicBool::new(false));
        flights.insert(key.clone(), UnderWay { outcome, deleted: deleted.clone() });
        Flight { key, flights: self.clone(), outcome: sender, deleted }
    }

    /// What is being made under these keys is out of date: it is not kept, and who asks from now on does not wait for it.
    pub(super) fn delete(&self, is_deleted: impl Fn(&str) -> bool) {
        self.lock().retain(|key, flight| {
            let deleted = is_deleted(key);
            if deleted {
                flight.deleted.store(true, Ordering::Relaxed);
            }
            !deleted
        });
    }
}

impl Flight {
    /// Tells those who wait.
    pub(super) fn land(self, outcome: Outcome) {
        self.outcome.send_replace(Some(outcome));
    }

    /// Whether what was under this key has been deleted since the start.
    pub(super) fn is_deleted(&self) -> bool {
        // Under the lock: whoever deletes it says so first, and empties the store then.
        let _flights = self.flights.lock();
        self.deleted.load(Ordering::Relaxed)
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut flights = self.flights.lock();
        // Behind a deletion there may be another one under this key.
        if flights.get(&self.key).is_some_and(|flight| Arc::ptr_eq(&flight.deleted, &self.deleted)) {
            flights.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_for_one_that_is_gone_makes_it_itself() {
        let flights = Flights::default();
        let Role::Leader(first) = flights.join("k").await else { panic!("nobody makes it yet") };
        let waiting = tokio::spawn({
            let flights = flights.clone();
            async move { matches!(flights.join("k").await, Role::Leader(_)) }
        });
        tokio::task::yield_now().await;
        drop(first);
        assert!(waiting.await.unwrap());
        assert!(flights.lock().is_empty());
    }

    #[tokio::test]
    async fn all_who_wait_get_what_one_made() {
        let flights = Flights::default();
        let Role::Leader(first) = flights.join("k").await else { panic!("nobody makes it yet") };
        let waiting: Vec<_> = (0..10)
            .map(|_| {
                let flights = flights.clone();
                tokio::spawn(async move { flights.join("k").await })
            })
            .collect();
        tokio::task::yield_now().await;
        first.land(Outcome::Made(Arc::from(&b"made"[..])));
        for one in waiting {
            match one.await.unwrap() {
                Role::Follower(Outcome::Made(bytes)) => assert_eq!(&*bytes, b"made"),
                _ => panic!("it was made"),
            }
        }
        assert!(flights.lock().is_empty());
    }

    #[tokio::test]
    async fn who_asks_after_a_deletion_does_not_wait_for_what_was_begun_before() {
        let flights = Flights::default();
        let Role::Leader(first) = flights.join("k1").await else { panic!("nobody makes it yet") };
        let (alone, other) = (flights.alone("k1"), flights.alone("other"));
        flights.delete(|key| key.starts_with('k'));
        assert!(first.is_deleted() && alone.is_deleted() && !other.is_deleted());
        let Role::Leader(second) = flights.join("k1").await else { panic!("the first is out of date") };
        drop(first);
        assert!(!second.is_deleted() && flights.begin("k1").is_err());
        drop((second, alone, other));
        assert!(flights.lock().is_empty());
    }
}
