//! F4: uploads come faster than their folder can hold.

use std::{
    fs,
    net::SocketAddr,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use super::{
    Figures, Size,
    client::Client,
    load::{Habit, Load, Plan},
    proc,
    server::{Server, Setup},
    tools::{Gauge, Scratch, upload},
};
use crate::process::Done;

const MIB: usize = 1024 * 1024;

pub(crate) fn run(figures: &mut Figures, size: Size) -> Done {
    let uploads = size.pick(100, 40);
    let scratch = Scratch::new()?;
    let folder = scratch.path().join("spool");
    fs::create_dir(&folder).map_err(|error| error.to_string())?;
    let mount = format!("mount -t tmpfs -o size=8m tmpfs '{}' && exec \"$@\"\n", folder.display());
    let script = scratch.write("mount.sh", &mount)?;
    let setup = Setup::default().environment("FAULTS_SPOOL_FOLDER", folder.display());
    let full = setup.under(&format!("unshare -m sh {}", script.display()));
    measure(figures, &full, "disk of 8 MiB", uploads)?;

    let quota = Setup::default()
        .environment("FAULTS_SPOOL_FOLDER", folder.display())
        .environment("FAULTS_MAX_SPOOL_SIZE", 8 * MIB);
    measure(figures, &quota, "quota of 8 MiB", uploads)?;
    killed(figures, &scratch)
}

fn measure(figures: &mut Figures, setup: &Setup, what: &str, uploads: usize) -> Done {
    let server = setup.start()?;
    let path = setup.environment.iter().find(|(name, _)| name == "FAULTS_SPOOL_FOLDER");
    let path = path.map_or("", |(_, path)| path.as_str());
    let before = used_blocks(&server, path)?;
    let others =
        Load::start(&Plan::new(server.address, "/").pause(Duration::from_millis(2)), Habit::KeepAlive, 2);
    let memory = proc::memory(server.id())?;
    let address = server.address;
    let threads: Vec<_> = (0..20)
        .map(|_| thread::spawn(move || (0..uploads / 20).map(|_| send(address, 300)).collect::<Vec<_>>()))
        .collect();
    let answers: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect();
    let others = others.stop();
    let with = |status: u16| answers.iter().filter(|answer| **answer == Some(status)).count();
    figures.told(&format!("{what}: uploads kept (200)"), with(200), "");
    figures.at_least(&format!("{what}: uploads refused (507, 413)"), (with(507) + with(413)) as f64, 1.0, "");
    let strange = answers.len() - with(200) - with(507) - with(413);
    figures.exactly(&format!("{what}: other answers, or none"), strange as f64, 0.0, "");
    let wrong = others.lost() + others.answered() - others.with_status(200);
    figures.told(&format!("{what}: requests to another page meanwhile"), others.answered(), "");
    figures.exactly(&format!("{what}: of those without a 200"), wrong as f64, 0.0, "");
    let left = Gauge::wait_for(address, |gauge| gauge.spooled == 0)?.spooled;
    figures.exactly(&format!("{what}: bytes counted at the end"), left as f64, 0.0, "");
    let blocks = used_blocks(&server, path)?.saturating_sub(before);
    // The folder of a whole disk is used by others as well.
    if setup.under.first().is_some_and(|program| program == "unshare") {
        figures.exactly(&format!("{what}: blocks used at the end"), blocks as f64, 0.0, "");
    }
    figures.exactly(&format!("{what}: files left"), files_in(&server, path)? as f64, 0.0, "");
    figures.holds(&format!("{what}: an upload afterwards is kept"), send(address, 0) == Some(200));
    figures.told(
        &format!("{what}: memory before and after"),
        format!("{memory}, {}", proc::memory(server.id())?),
        "KiB",
    );
    Ok(())
}

/// A process that is killed with uploads under way, and the folder when the next one has started.
fn killed(figures: &mut Figures, scratch: &Scratch) -> Done {
    let folder = scratch.path().join("killed");
    fs::create_dir(&folder).map_err(|error| error.to_string())?;
    let setup = Setup::default().environment("FAULTS_SPOOL_FOLDER", folder.display());
    let server = setup.start()?;
    let address = server.address;
    let uploads: Vec<_> = (0..20).map(|_| thread::spawn(move || send(address, 20_000))).collect();
    let begun = Gauge::wait_for(address, |gauge| gauge.spooled as usize >= 20 * MIB)?;
    figures.told("killed: bytes of uploads on disk at that time", begun.spooled, "");
    server.signal("KILL")?;
    uploads.into_iter().for_each(|upload| drop(upload.join()));
    drop(server);
    let again = setup.start()?;
    let folder = folder.display().to_string();
    figures.exactly("killed: files left after the next start", files_in(&again, &folder)? as f64, 0.0, "");
    Ok(())
}

/// Uploads a file of 1 MiB, which is kept so many milliseconds; the status.
fn send(address: SocketAddr, keep: u64) -> Option<u16> {
    let mut client = Client::connect(address, Duration::from_secs(10)).ok()?;
    client.send(&upload(&format!("/file/{keep}"), MIB)).ok()?;
    client.answer().ok().map(|answer| answer.status)
}

/// The path as the server sees it, its mounts included.
fn seen(server: &Server, path: &str) -> String {
    format!("/proc/{}/root{path}", server.id())
}

fn used_blocks(server: &Server, path: &str) -> Done<u64> {
    let output = Command::new("stat").args(["-f", "-c", "%b %f", &seen(server, path)]).output();
    let text = output.map_err(|error| format!("stat cannot be started: {error}"))?.stdout;
    let text = String::from_utf8_lossy(&text);
    let numbers: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [all, free] => Ok(all - free),
        _ => Err(format!("stat says '{text}' about {path}")),
    }
}

fn files_in(server: &Server, path: &str) -> Done<usize> {
    // An upload that was cut off may still be on its way out.
    let end = Instant::now() + Duration::from_secs(2);
    loop {
        let entries = fs::read_dir(seen(server, path)).map_err(|error| format!("{path}: {error}"))?;
        let count = entries.count();
        if count == 0 || Instant::now() > end {
            return Ok(count);
        }
        thread::sleep(Duration::from_millis(20));
    }
}
