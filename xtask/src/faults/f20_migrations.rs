//! F20: a migration is killed in the middle, on SQLite and on PostgreSQL. Nothing of it is there afterwards, and the next run goes on.

use super::{Figures, Size};
use crate::process::{Done, cargo, output};

/// Both tests that do it have this in their names.
const TESTS: &str = "a_migration_that_is_killed_leaves_nothing_of_itself_and_the_next_run_goes_on";

pub(crate) fn run(figures: &mut Figures, _: Size) -> Done {
    let package = ["test", "--locked", "--quiet", "--package", "carboy-db", "--features", "postgres"];
    let tests = ["--test", "killed_migrations", TESTS, "--", "--include-ignored"];
    let said = output(cargo(&package).args(tests))?;
    let passed = said.split(" passed").next().and_then(|text| text.rsplit(' ').next()?.parse().ok());
    figures.exactly("databases that a killed migration left whole", passed.unwrap_or(0.0), 2.0, "");
    Ok(())
}
