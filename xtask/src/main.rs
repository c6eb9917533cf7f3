//! The project's commands: `cargo xtask test`, `vectors`, `coverage`, `differential`, `bench`, `faults`, `fuzz`, `attack`,
//! `threats`, `full`, `setup`.

#![forbid(unsafe_code)]

mod attack;
mod bench;
mod coverage;
mod differential;
mod faults;
mod full;
mod fuzz;
mod node;
mod process;
mod proofs;
mod setup;
mod tests;
mod threats;
mod vectors;
mod venv;
mod workspace;

use std::process::ExitCode;

const HELP: &str = "\
The project's commands.

  cargo xtask test               formatting, lints, vectors and owners of rows present, doc tests, all tests; sets up what they need
  cargo xtask vectors [AREA…]    makes the conformance vectors again with the real Python packages
  cargo xtask vectors --check    makes them elsewhere and compares
  cargo xtask coverage           which rows of Flask are proved, which differ, and why; fails when one has no owner
  cargo xtask coverage --mutate  alters every expectation once; a test must notice each
  cargo xtask differential [ARGS…]  asks carboy and Flask the same and compares: --requests N, --seed S, --run 0…4, --verbose
  cargo xtask bench [ARGS…]      the micro-benches; ARGS go to criterion
  cargo xtask bench tls          HTTPS beside axum and rustls: --rounds N, --seconds S; needs h2load and openssl
  cargo xtask faults [ID…]       what goes wrong around a server, made to happen and measured; --list names them, --short is quick
  cargo xtask fuzz [TARGET…]     fuzzes the parsers, ten minutes each: --seconds N, --jobs N; needs rustup's nightly
  cargo xtask attack [NAME…]     attacks examples/accounts with the scanners wapiti and sqlmap: an hour
  cargo xtask threats            whether each row of docs/threat-model.md names proofs that exist
  cargo xtask full               test, then each crate and feature alone, documentation, vectors --check, coverage --mutate, the long
                                 tests, faults --short with ten seconds of each fuzz target, attack
  cargo xtask setup              looks for the programs that tests need; as root on Debian installs what is missing; prints where the
                                 packages of Python and npm are, for a plain `cargo test -- --include-ignored`

Tests that need another program are ignored by a plain `cargo test` (#[ignore = \"needs …\"]) and run by `cargo xtask test`. Tests
whose name starts with `long_` are ignored too and run by `cargo xtask full`. Tests that need the Python packages find their Python
in the environment variable CARBOY_PYTHON, those that need packages of npm their folder in CARBOY_NODE; `cargo xtask test` sets both.
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = workspace::enter().and_then(|()| match args.as_slice() {
        ["test"] => tests::all(),
        ["vectors", rest @ ..] => vectors::command(rest),
        ["coverage", rest @ ..] => coverage::command(rest),
        ["differential", rest @ ..] => differential::command(rest),
        ["bench", "tls", rest @ ..] => bench::tls::command(rest),
        ["bench", rest @ ..] => bench::all(rest),
        ["faults", rest @ ..] => faults::command(rest),
        ["fuzz", rest @ ..] => fuzz::command(rest),
        ["attack", rest @ ..] => attack::command(rest),
        ["threats"] => threats::all(),
        ["full"] => full::all(),
        ["setup"] => tests::set_up(),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        [unknown, ..] => Err(format!("there is no command '{}'\n\n{HELP}", unknown.escape_debug())),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("xtask: {sentence}");
            ExitCode::FAILURE
        }
    }
}
