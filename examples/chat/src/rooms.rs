//! Who is in which room, and what was said there last.

use carboy::{
    Extension,
    websocket::{Message, WebSocketSender},
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How many lines a newcomer is shown.
const KEPT: usize = 30;

/// What the clients of a room are sent, as JSON.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Told<'a> {
    /// Somebody said something.
    Line { who: &'a str, text: &'a str },
    /// Somebody came or left; who is here now.
    Here { who: Vec<&'a str>, note: String },
}

/// A room for the list on the front page.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// How many are in it.
    pub people: usize,
}

/// The rooms that somebody is in.
#[derive(Clone, Default)]
pub struct Rooms(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    seats: u64,
    rooms: BTreeMap<String, Room>,
}

#[derive(Default)]
struct Room {
    /// By the number of the seat.
    people: BTreeMap<u64, (String, WebSocketSender)>,
    last: VecDeque<Message>,
}

impl Room {
    /// Sends to everybody. Who does not keep up is shown out: a chat waits for nobody.
    fn tell(&self, message: &Message) {
        for (_, sender) in self.people.values() {
            if sender.try_send(message.clone()).is_err() {
                sender.close(1008, "too slow");
            }
        }
    }

    fn tell_who_is_here(&self, note: String) {
        let mut who: Vec<&str> = self.people.values().map(|(name, _)| name.as_str()).collect();
        who.sort_unstable();
        who.dedup();
        if let Ok(message) = Message::json(&Told::Here { who, note }) {
            self.tell(&message);
        }
    }
}

impl Rooms {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rooms with people in them.
    pub fn list(&self) -> Vec<Listed> {
        let state = self.lock();
        state
            .rooms
            .iter()
            .map(|(name, room)| Listed { name: name.clone(), people: room.people.len() })
            .collect()
    }

    /// Takes a seat in a room; what was said last is sent to the newcomer.
    pub fn enter(&self, room: &str, who: &str, sender: WebSocketSender) -> Seat {
        let mut state = self.lock();
        state.seats += 1;
        let number = state.seats;
        let entered = state.rooms.entry(room.to_owned()).or_default();
        for line in &entered.last {
            let _ = sender.try_send(line.clone());
        }
        entered.people.insert(number, (who.to_owned(), sender));
        entered.tell_who_is_here(format!("{who} came in"));
        drop(state);
        Seat { rooms: self.clone(), room: room.to_owned(), who: who.to_owned(), number }
    }
}

impl Extension for Rooms {
    fn name(&self) -> &'static str {
        "rooms"
    }
}

/// A place in a room, left when it is dropped.
pub struct Seat {
    rooms: Rooms,
    room: String,
    who: String,
    number: u64,
}

impl Seat {
    /// Says something to everybody in the room.
    pub fn say(&self, text: &str) {
        let mut state = self.rooms.lock();
        let Some(room) = state.rooms.get_mut(&self.room) else { return };
        let Ok(message) = Message::json(&Told::Line { who: &self.who, text }) else { return };
        room.tell(&message);
        room.last.push_back(message);
        if room.last.len() > KEPT {
            room.last.pop_front();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.rooms.lock();
        let Some(room) = state.rooms.get_mut(&self.room) else { return };
        room.people.remove(&self.number);
        room.tell_who_is_here(format!("{} left", self.who));
        if room.people.is_empty() {
            state.rooms.remove(&self.room);
        }
    }
}
