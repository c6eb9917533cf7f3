//! `cargo xtask faults [ID…]`: what goes wrong around a server, made to happen, and measured.
//!
//! A fault is a file here and a line in [`FAULTS`]. It starts `carboy-faults` (`benchmarks/src/faults.rs`) with a
//! [`server::Setup`], does its harm, and says what it saw with [`Figures`]: each figure is printed beside its bar, and a
//! figure beyond its bar fails the command.

// Tools that faults share; one that no fault uses at the moment is no mistake.
#[allow(dead_code)]
mod client;
mod f03_redis;
mod f04_disk_full;
mod f05_logs;
mod f06_restart;
mod f07_stop;
mod f09_panics;
mod f10_files;
mod f11_memory;
mod f12_slow;
mod f13_abandoned;
mod f14_blocked;
mod f15_network;
mod f16_inputs;
mod f19_certificates;
mod f20_migrations;
#[allow(dead_code)]
mod figures;
#[allow(dead_code)]
mod load;
#[allow(dead_code)]
pub(crate) mod proc;
#[allow(dead_code)]
mod server;
pub(crate) mod tools;

use figures::Figures;

use crate::process::Done;

/// How much a run may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// Everything that the bar is about: minutes.
    Whole,
    /// The same fault in small: seconds.
    Short,
}

impl Size {
    /// `whole` or `short`.
    pub(crate) fn pick<T>(self, whole: T, short: T) -> T {
        match self {
            Size::Whole => whole,
            Size::Short => short,
        }
    }
}

struct Fault {
    id: &'static str,
    about: &'static str,
    run: fn(&mut Figures, Size) -> Done,
}

/// All of them, by number.
const FAULTS: &[Fault] = &[
    Fault {
        id: "F3",
        about: "the Redis of limits and cache falls silent, dies, and comes back under load",
        run: f03_redis::run,
    },
    Fault {
        id: "F4",
        about: "uploads fill the disk, or its quota; a kill in the middle",
        run: f04_disk_full::run,
    },
    Fault { id: "F5", about: "nobody reads the log", run: f05_logs::run },
    Fault {
        id: "F6",
        about: "restarts under load, by SIGUSR2 and by a socket that is handed over",
        run: f06_restart::run,
    },
    Fault {
        id: "F7",
        about: "the word to stop while everything that takes long is under way",
        run: f07_stop::run,
    },
    Fault { id: "F9", about: "every third view panics", run: f09_panics::run },
    Fault { id: "F10", about: "more clients than the process may open files", run: f10_files::run },
    Fault { id: "F11", about: "a limit of memory", run: f11_memory::run },
    Fault { id: "F12", about: "ten thousand slow clients beside one that asks", run: f12_slow::run },
    Fault { id: "F13", about: "clients leave before a slow view has answered", run: f13_abandoned::run },
    Fault { id: "F14", about: "views that block", run: f14_blocked::run },
    Fault { id: "F15", about: "a network that delays, resets and half closes", run: f15_network::run },
    Fault { id: "F16", about: "corrupt input for every parser, by fuzzing", run: f16_inputs::run },
    Fault {
        id: "F19",
        about: "certificates are exchanged under load, and bad ones come",
        run: f19_certificates::run,
    },
    Fault { id: "F20", about: "a migration is killed in the middle", run: f20_migrations::run },
];

/// Whether there is a fault of this name.
pub(crate) fn is_known(id: &str) -> bool {
    FAULTS.iter().any(|fault| fault.id == id)
}

/// `faults [--short] [--list] [ID…]`; without an ID all of them.
pub(crate) fn command(args: &[&str]) -> Done {
    let mut size = Size::Whole;
    let mut chosen = Vec::new();
    for &arg in args {
        match arg {
            "--short" => size = Size::Short,
            "--list" => {
                FAULTS.iter().for_each(|fault| println!("{:4} {}", fault.id, fault.about));
                return Ok(());
            }
            id => chosen.push(FAULTS.iter().find(|fault| fault.id.eq_ignore_ascii_case(id)).ok_or_else(
                || {
                    let known = FAULTS.iter().map(|fault| fault.id).collect::<Vec<_>>().join(", ");
                    format!("there is no fault '{}': {known}", id.escape_debug())
                },
            )?),
        }
    }
    if chosen.is_empty() {
        chosen = FAULTS.iter().collect();
    }
    let mut failed = Vec::new();
    for fault in chosen {
        println!("{}: {}", fault.id, fault.about);
        let mut figures = Figures::default();
        let done = (fault.run)(&mut figures, size).and_then(|()| figures.verdict());
        if let Err(sentence) = done {
            println!("  failed: {sentence}");
            failed.push(format!("{}: {sentence}", fault.id));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n       ")) }
}
