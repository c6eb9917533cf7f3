//! Links to views: every way to name one and to give values.
use carboy::prelude::*;

mod blog {
    use carboy::prelude::*;

    #[route("/blog/<int:id>/<slug>")]
    pub fn post(id: u64, slug: String) -> String {
        format!("{id}{slug}")
    }

    pub mod admin {
        use carboy::prelude::*;

        #[get("/admin/<float:rate>")]
        pub(crate) async fn rate(rate: f64, r#type: Query<()>) -> String {
            let _ = r#type;
            rate.to_string()
        }
    }
}
use blog::post;

#[get("/<type>/")]
#[get("/<type>/<int:page>")]
fn list(r#type: String, page: Option<u32>) -> String {
    format!("{type}{page:?}")
}

#[route("/")]
fn index() -> Redirect {
    redirect(url_for!(index))
}

struct Post {
    id: u64,
    slug: String,
}

// Where URLs lead is tested in a running app; here they only have to compile.
fn links(one: &Post) -> Vec<String> {
    let id = 3;
    let page: Option<u32> = None;
    vec![
        url_for!(index),
        url_for!(index; page = 2, tag = ["a", "b"], q = "x y", none = page),
        url_for!(post, id = one.id, slug = &one.slug),
        url_for!(blog::post, slug = "a", id),
        url_for!(crate::blog::post, id = 3, slug = format!("{id}"); _external = true, _anchor = "end"),
        url_for!(self::blog::admin::rate, rate = 1.5, _external = true, _scheme = "https", _method = "GET"),
        url_for!(list, r#type = "a", page = 3),
        url_for!(list, r#type = "a", page),
        url_for!(list, r#type = "a", page = None,),
        url_for!("static", filename = "style.css"),
        url_for!("auth.login", next = one.slug.as_str(); _external = true),
    ]
}

fn main() {
    let _ = links;
    let _ = routes![index, list, post, blog::admin::rate];
}
