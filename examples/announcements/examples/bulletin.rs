//! `cargo run --example bulletin` in the folder of this package, in another shell the same with `-- announcements add "We move on Sunday"`:
//! a page that shows what is announced.

use carboy::{Result, prelude::*};
use carboy_announcements::Announcements;
use carboy_db::Db;

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Bulletin</title>
<link rel="stylesheet" href="{{ url_for('announcements.static', filename='announcements.css') }}">
{% include "announcements/banner.html" %}
<h1>Bulletin</h1>
"#;

#[route("/")]
fn index() -> Result<Html> {
    carboy::render_template_string(PAGE, context! {})
}

fn main() -> Result<()> {
    let mut app = App::new("bulletin");
    app.secret_key_file();
    app.ext(Db::default()).ext(Announcements::new());
    app.routes(routes![index]).run()
}
