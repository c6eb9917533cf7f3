//! Commands of the app's own command line.
use carboy::cli::{Arity, Command};
use carboy::prelude::*;
use carboy::Result;

/// Clears the data and creates new tables.
///
/// Asks nothing.
#[command]
async fn init_db(
    /// The tables; all when none is named.
    tables: Vec<String>,
    /// Only say what would be done.
    dry_run: bool,
    #[arg(long, default = 10)] rows: u32,
    #[arg(short = 'n')] name: Option<String>,
) -> Result<()> {
    let _ = (tables, dry_run, rows, name);
    Ok(())
}

#[command(name = "hi")]
fn hello(name: String, times: Option<u8>) {
    let _ = (name, times);
}

#[command]
fn parse(text: String) -> std::result::Result<(), std::num::ParseIntError> {
    text.parse::<u8>().map(drop)
}

fn main() {
    let mut app = App::new("commands");
    app.commands(commands![init_db, hello, parse]);

    let def = init_db::def();
    assert_eq!((def.name(), def.about()), ("init-db", "Clears the data and creates new tables."));
    let args = def.args();
    assert_eq!((args[0].name(), args[0].arity(), args[0].is_long()), ("tables", Arity::Many, false));
    assert_eq!((args[1].name(), args[1].arity(), args[1].is_long()), ("dry-run", Arity::Flag, true));
    assert_eq!((args[2].default_value(), args[2].is_required()), (Some("10"), false));
    assert_eq!((args[3].short_name(), args[3].is_long()), (Some('n'), true));
    assert_eq!(args[1].help_text(), "Only say what would be done.");
    assert_eq!(hello::def().name(), "hi");
    assert!(hello::def().args()[0].is_required() && !hello::def().args()[1].is_required());
}
