//! One makes it, the others wait.

use carboy::Error;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// Everything that is being made.
#[derive(Default, Clone)]
pub(super) struct Flights(Arc<Mutex<HashMap<String, watch::Receiver<Option<Outcome>>>>>);

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
}

impl Flights {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, watch::Receiver<Option<Outcome>>>> {
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
        if let Some(waiting) = flights.get(key) {
            return Err(waiting.clone());
        }
        let (outcome, waiting) = watch::channel(None);
        flights.insert(key.to_owned(), waiting);
        Ok(Flight { key: key.to_owned(), flights: self.clone(), outcome })
    }
}

impl Flight {
    /// Tells those who wait.
    pub(super) fn land(self, outcome: Outcome) {
        self.outcome.send_replace(Some(outcome));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.flights.lock().remove(&self.key);
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
}
