//! A type of the user's own as a URL parameter and as an argument.
use carboy::prelude::*;
use carboy::{Context, FromContext, FromUrl, OrAbort, Result, UrlValue};
use std::sync::Arc;

#[derive(Clone)]
enum Color {
    Red,
    Blue,
}

impl FromUrl for Color {
    const CONVERTERS: &'static [&'static str] = &["any", "color"];
    fn from_url(value: &UrlValue) -> Option<Self> {
        match value.as_str()? {
            "red" => Some(Color::Red),
            "blue" => Some(Color::Blue),
            _ => None,
        }
    }
    fn to_url(&self) -> UrlValue {
        match self {
            Color::Red => "red".into(),
            Color::Blue => "blue".into(),
        }
    }
}

struct Agent(String);

impl FromContext for Agent {
    fn from_context(context: &Arc<Context>) -> Result<Self> {
        let request = context.request().or_404()?;
        Ok(Agent(request.user_agent().into()))
    }
}

#[route("/<any(red, blue):color>/<color:other>/<list(\",\"):more>")]
fn paint(color: Color, other: Option<Color>, more: UrlValue, Agent(name): Agent) -> String {
    let _ = (color, other, more);
    name
}

fn main() {
    let _ = routes![paint];
    let _ = || url_for!(paint, color = Color::Red, other = Color::Blue, more = UrlValue::from(["a"]));
}
