//! `cargo xtask fuzz`: the parsers of what comes from outside, fed with what nobody thought of.
//!
//! Each target of `fuzz/targets` says in its first line what must hold. Its seeds are committed; what a run finds besides
//! stays in the target folder, where the next run goes on from.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::process::{Done, cargo, find, run, succeeds};
use crate::workspace::{cache, entries};

/// How long the short form of `cargo xtask faults F16` gives each target.
const SHORT: &str = "10";
/// How long each target runs unless said otherwise, in seconds.
const LONG: &str = "600";
/// A client's input is cut here: the limit of a request's head.
const MAX_INPUT: usize = 64 * 1024;

/// Each target for some seconds, as many at a time as there are cores.
pub(crate) fn short() -> Done {
    fuzz(&[], SHORT, cores())
}

/// `[TARGET…] [--seconds N] [--jobs N]`
pub(crate) fn command(args: &[&str]) -> Done {
    let (mut names, mut seconds, mut jobs) = (Vec::new(), LONG, cores());
    let mut args = args.iter();
    while let Some(&arg) = args.next() {
        let mut number = || match args.next() {
            Some(value) if value.parse::<usize>().is_ok_and(|number| number > 0) => Ok(*value),
            _ => Err(format!("`{arg}` takes a number")),
        };
        match arg {
            "--seconds" => seconds = number()?,
            "--jobs" => jobs = number()?.parse().unwrap_or(jobs),
            option if option.starts_with('-') => return Err(format!("there is no option '{option}'")),
            name => names.push(name),
        }
    }
    fuzz(&names, seconds, jobs)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get())
}

fn fuzz(names: &[&str], seconds: &str, jobs: usize) -> Done {
    let all = targets()?;
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|target| target == *name)) {
        return Err(format!("there is no target '{}'; there are {}", unknown.escape_debug(), all.join(", ")));
    }
    let chosen = all.iter().map(String::as_str).filter(|name| names.is_empty() || names.contains(name));
    let folder = std::env::current_dir()
        .map_err(|error| format!("the current folder is gone: {error}"))?
        .join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
        .join("fuzz");
    build(&folder)?;
    let mut waiting = chosen.collect::<Vec<_>>().into_iter();
    let (mut running, mut failed): (Vec<Run>, Vec<String>) = (Vec::new(), Vec::new());
    loop {
        while running.len() < jobs
            && let Some(name) = waiting.next()
        {
            running.push(Run::start(&folder, name, seconds)?);
        }
        if running.is_empty() {
            break;
        }
        let mut still = Vec::new();
        for mut run in running {
            match run.process.try_wait().map_err(|error| format!("'{}' is lost: {error}", run.name))? {
                None => still.push(run),
                Some(status) => {
                    let summary = run.summary();
                    println!("{summary}");
                    if !status.success() {
                        failed.push(format!("{} ({status}, see {})", run.name, run.log.display()));
                    }
                }
            }
        }
        running = still;
        sleep(Duration::from_millis(200));
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("the fuzzer found something: {}", failed.join("; "))) }
}

/// The names of all targets, sorted.
fn targets() -> Done<Vec<String>> {
    let files = entries(Path::new("fuzz/targets"))?;
    Ok(files.iter().filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned())).collect())
}

/// One target under way.
struct Run {
    name: String,
    log: PathBuf,
    process: Child,
}

impl Run {
    fn start(folder: &Path, name: &str, seconds: &str) -> Done<Self> {
        let found = folder.join("corpus").join(name);
        let artifacts = folder.join("artifacts").join(name);
        let log = folder.join(format!("{name}.log"));
        for folder in [&found, &artifacts] {
            fs::create_dir_all(folder)
                .map_err(|error| format!("'{}' cannot be made: {error}", folder.display()))?;
        }
        let output =
            File::create(&log).map_err(|error| format!("'{}' cannot be written: {error}", log.display()))?;
        let out = output.try_clone().map_err(|error| format!("'{}': {error}", log.display()))?;
        let mut command = Command::new(folder.join(TRIPLE).join("release").join(name));
        command
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={MAX_INPUT}"))
            .arg(format!("-dict=fuzz/dictionaries/{name}.dict"))
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            // What is slow says the target itself, by the processor's time; this is for what does not end.
            .args(["-timeout=30", "-rss_limit_mb=1024", "-print_final_stats=1"])
            .arg(&found)
            .arg(format!("fuzz/seeds/{name}"))
            .stdout(out)
            .stderr(output)
            .stdin(Stdio::null());
        let process = command.spawn().map_err(|error| format!("'{name}' cannot be started: {error}"))?;
        Ok(Run { name: name.to_owned(), log, process })
    }

    /// What the log says at its end.
    fn summary(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let number = |name: &str| {
            log.lines()
                .rev()
                .find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name)?.strip_prefix(':'))
                .map_or("?", str::trim)
        };
        let covered = |line: &str| line.split("cov: ").nth(1)?.split(' ').next().map(str::to_owned);
        let first = log.lines().filter(|line| line.contains("INITED")).find_map(covered);
        let last = log.lines().rev().find_map(covered);
        let corpus = entries_of(&self.log.with_file_name("corpus").join(&self.name));
        format!(
            "{:<14} {:>11} executions, {:>6}/s, edges {} → {}, corpus {corpus}, peak {} MB",
            self.name,
            number("number_of_executed_units"),
            number("average_exec_per_sec"),
            first.as_deref().unwrap_or("?"),
            last.as_deref().unwrap_or("?"),
            number("peak_rss_mb"),
        )
    }
}

fn entries_of(folder: &Path) -> usize {
    entries(folder).map_or(0, |entries| entries.len())
}

const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// Builds all targets, without a sanitizer: there is no `unsafe` here that one could watch, and inputs are tried twice as fast.
fn build(folder: &Path) -> Done {
    let program = cargo_fuzz()?;
    let mut command = Command::new("rustup");
    command
        .args(["run", "nightly", "cargo", "fuzz", "build", "--sanitizer", "none", "--target", TRIPLE])
        .args(["--fuzz-dir", "fuzz", "--target-dir"])
        .arg(folder);
    if let Some(programs) = program.parent() {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(programs.to_owned()).chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(folders).map_err(|error| error.to_string())?);
    }
    run(&mut command)
}

/// Where cargo-fuzz is; installs it, and the nightly compiler, if they are missing.
fn cargo_fuzz() -> Done<PathBuf> {
    if !succeeds(Command::new("rustup").args(["run", "nightly", "rustc", "--version"])) {
        run(Command::new("rustup").args(["toolchain", "install", "nightly", "--profile", "minimal"]))
            .map_err(|sentence| format!("fuzzing needs Rust's nightly toolchain, and {sentence}"))?;
    }
    let root = cache()?.join("cargo-fuzz");
    let own = root.join("bin");
    if let Some(found) = find("cargo-fuzz", std::slice::from_ref(&own)) {
        return Ok(found);
    }
    run(cargo(&["install", "--locked", "cargo-fuzz", "--root"]).arg(&root))
        .map_err(|sentence| format!("fuzzing needs cargo-fuzz, and {sentence}"))?;
    Ok(own.join("cargo-fuzz"))
}
