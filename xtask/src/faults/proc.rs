//! What Linux says about a process.

use std::fs;

use crate::process::Done;

/// Its resident memory in KiB.
pub(crate) fn memory(pid: u32) -> Done<u64> {
    status(pid, "VmRSS:")
}

/// How many threads it has.
pub(crate) fn threads(pid: u32) -> Done<u64> {
    status(pid, "Threads:")
}

/// How many files it has open, sockets among them.
pub(crate) fn open_files(pid: u32) -> Done<usize> {
    let path = format!("/proc/{pid}/fd");
    Ok(fs::read_dir(&path).map_err(|error| format!("'{path}' cannot be read: {error}"))?.count())
}

/// The processor time that it used, in milliseconds.
pub(crate) fn processor_time(pid: u32) -> Done<u64> {
    processor_times(pid).map(|(user, system)| user + system)
}

/// As [`processor_time`], its own and the system's.
pub(crate) fn processor_times(pid: u32) -> Done<(u64, u64)> {
    // The name in parentheses may hold spaces; after it, user and system time are the 12th and 13th field, in hundredths.
    let stat = read(pid, "stat")?;
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let times: Vec<u64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    match times[..] {
        [user, system] => Ok((user * 10, system * 10)),
        _ => Err(format!("'/proc/{pid}/stat' does not read as expected")),
    }
}

/// Whether it is still there and not a mere exit code.
pub(crate) fn is_alive(pid: u32) -> bool {
    read(pid, "stat").is_ok_and(|stat| {
        stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
    })
}

fn status(pid: u32, name: &str) -> Done<u64> {
    read(pid, "status")?
        .lines()
        .find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
        .ok_or_else(|| format!("'/proc/{pid}/status' has no {name}"))
}

fn read(pid: u32, file: &str) -> Done<String> {
    let path = format!("/proc/{pid}/{file}");
    fs::read_to_string(&path).map_err(|error| format!("'{path}' cannot be read: {error}"))
}
