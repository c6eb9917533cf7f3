//! A type with a function for each method.
use carboy::prelude::*;
use carboy::view::Args;
use carboy::{MethodView, Result, method_view};

struct Items {
    kind: &'static str,
}

#[method_view]
impl MethodView for Items {
    async fn get(&self, args: Args) -> Result<Html> {
        let id: u64 = args.get("id")?;
        Ok(Html(format!("{} {id}", self.kind)))
    }

    async fn post(&self, args: Args) -> impl IntoResponse {
        let Json(name) = args.extract::<Json<String>>()?;
        Result::<_>::Ok((name, 201))
    }

    fn delete(&self, _: Args) -> impl Future<Output: IntoResponse> + Send {
        async { ("", 204) }
    }
}

struct Explicit;

#[method_view]
impl MethodView for Explicit {
    const METHODS: &'static [&'static str] = &["GET", "HEAD"];

    async fn get(&self, _: Args) -> impl IntoResponse {
        "body"
    }

    async fn head(&self, _: Args) -> impl IntoResponse {}
}

fn main() {
    assert_eq!(Items::METHODS, ["GET", "POST", "DELETE"]);
    let mut app = App::new("items");
    app.add_method_view("/books/<int:id>", "book", Items { kind: "book" });
    app.add_method_view("/explicit", "explicit", Explicit);
}
